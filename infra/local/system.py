"""The whole system on this machine: what runs beside the gateway, started in order and stopped in reverse."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

import httpx
from starlette.types import ASGIApp

from infra.local import resources
from infra.local.authoriser import Authoriser
from infra.local.child import Child
from infra.local.emulator import Emulator
from infra.local.events import Api
from infra.local.gateway import create_gateway
from infra.local.grants import Grants
from infra.local.integration import Integration
from infra.local.login import Login
from infra.local.page import create_page
from infra.local.pool import Client, UserPool
from infra.local.resources import Resources

DISCLAIMER: Final = "Research use only, not for diagnosis."
RETENTION_HOURS: Final = 24
TIMEOUT_SECONDS: Final = 28
"""Of the function; under the API's thirty, so that its own words reach the caller."""
MAX_FILE_BYTES: Final = 32 * 1024 * 1024
DIRECT_MAX_BYTES: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class System:
    """What was started.

    Attributes
    ----------
    gateway : ASGIApp
        To be served.
    resources : Resources
        What was made in AWS.
    cloud : Child
        AWS itself.
    """

    gateway: ASGIApp
    resources: Resources
    cloud: Child


@contextmanager
def started(origins: Sequence[str], *, loud: bool, say: Callable[[str], None]) -> Iterator[System]:
    """Start everything but the gateway's server, and stop it in the end.

    Parameters
    ----------
    origins : sequence of str
        What the page will be opened at.
    loud : bool
        Whether AWS's access log is passed on too.
    say : Callable
        Is given each line that the function writes.

    Raises
    ------
    NotReady, EmulatorUnavailable
    """
    with ExitStack() as running:
        cloud = running.enter_context(
            Child("AWS (moto)", [sys.executable, "-m", "infra.local.cloud", *origins], loud=loud)
        )
        made = resources.make(cloud.first_line(), origins)
        emulator = running.enter_context(Emulator(environment(made, origins), timeout=TIMEOUT_SECONDS, listen=say))
        integration = Integration(emulator.invoke)
        running.callback(integration.close)
        yield System(_gateway(made, integration), made, cloud)


def environment(made: Resources, origins: Sequence[str]) -> dict[str, str]:
    """Return the function's environment: the deployed one, and where AWS is."""
    return {
        **resources.CREDENTIALS,
        "AWS_REGION": resources.REGION,
        "AWS_DEFAULT_REGION": resources.REGION,
        "AWS_ENDPOINT_URL": made.endpoint,
        "FRACTURELENS_STORE": f"s3://{resources.BUCKET}",
        "FRACTURELENS_RETENTION_HOURS": str(RETENTION_HOURS),
        "FRACTURELENS_HOSTS": "*",
        "FRACTURELENS_ORIGINS": ",".join(origins),
        "FRACTURELENS_DIRECT_MAX_MB": "4.25",
        "FRACTURELENS_INSTANCES": "1",
        "FRACTURELENS_QUEUE": "0",
        "POWERTOOLS_SERVICE_NAME": "fracturelens-local",
        "POWERTOOLS_METRICS_NAMESPACE": "Fracturelens",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }


def _gateway(made: Resources, integration: Integration) -> ASGIApp:
    keys = httpx.get(made.keys_address).raise_for_status().json()
    client = Client(made.client, frozenset(made.redirects))
    return create_gateway(
        api=Api(region=resources.REGION),
        authoriser=Authoriser(issuer=made.issuer, audience=made.client, keys=keys),
        integration=integration,
        login=Login(UserPool(resources.connect("cognito-idp", made.endpoint), made.client), client, Grants()),
        page=create_page(lambda origin: _config(origin, client), _headers(made)),
    )


def _config(origin: str, client: Client) -> Mapping[str, Any]:
    return {
        "api": "/v1",
        "version": version("fracturelens"),
        "max_file_bytes": MAX_FILE_BYTES,
        "direct_max_bytes": DIRECT_MAX_BYTES,
        "retention_hours": RETENTION_HOURS,
        "disclaimer": DISCLAIMER,
        "auth": {
            "authorize": f"{origin}/oauth2/authorize",
            "token": f"{origin}/oauth2/token",
            "logout": f"{origin}/logout",
            "client_id": client.id,
            "scope": "openid",
        },
    }


def _headers(made: Resources) -> Mapping[str, str]:
    return {}
