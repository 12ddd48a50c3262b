"""The whole system on this machine: what runs beside the gateway, started in order and stopped in reverse."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx
from starlette.types import ASGIApp

from infra import contract
from infra.headers import page_headers
from infra.local import resources
from infra.local.authoriser import Authoriser
from infra.local.child import Child
from infra.local.emulator import Emulator, program
from infra.local.events import Api
from infra.local.gateway import create_gateway
from infra.local.grants import Grants
from infra.local.integration import Integration
from infra.local.login import Login
from infra.local.page import create_page
from infra.local.pool import Client, UserPool
from infra.local.resources import SCOPE, Resources

RETENTION_HOURS: Final = 24
"""As long as a deployment keeps films if it is told nothing else."""


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
    program()  # where it is missing, nothing else needs to be started
    with ExitStack() as running:
        cloud = running.enter_context(
            Child("AWS (moto)", [sys.executable, "-m", "infra.local.cloud", *origins], loud=loud)
        )
        made = resources.make(cloud.first_line(), origins)
        function = Emulator(environment(made, origins), timeout=contract.TIMEOUT_SECONDS, listen=say)
        running.enter_context(function)
        integration = Integration(function.invoke)
        running.callback(integration.close)
        yield System(_gateway(made, integration), made, cloud)


def environment(made: Resources, origins: Sequence[str]) -> dict[str, str]:
    """Return the function's environment: the deployed one, and where AWS is."""
    return {
        **contract.environment(
            service="fracturelens-local",
            store=f"s3://{resources.BUCKET}",
            origins=",".join(origins),
            retention_hours=RETENTION_HOURS,
        ),
        **resources.CREDENTIALS,
        "AWS_REGION": resources.REGION,
        "AWS_DEFAULT_REGION": resources.REGION,
        "AWS_ENDPOINT_URL": made.endpoint,
    }


def _gateway(made: Resources, integration: Integration) -> ASGIApp:
    def config(origin: str) -> dict[str, Any]:
        return contract.page_config(login=origin, client_id=made.client, retention_hours=RETENTION_HOURS)

    keys = httpx.get(made.keys_address).raise_for_status().json()
    pool = UserPool(resources.connect("cognito-idp", made.endpoint), made.client)
    return create_gateway(
        api=Api(region=resources.REGION),
        authoriser=Authoriser(issuer=made.issuer, audience=made.client, scopes=[SCOPE], keys=keys),
        integration=integration,
        login=Login(pool, Client(made.client, frozenset(made.redirects)), Grants()),
        page=create_page(config, page_headers(made.endpoint)),
    )
