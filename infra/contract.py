"""What the function and the page are told, wherever they run: on AWS or on a laptop. Knows nothing of the CDK."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
HANDLER: Final = "lambda_fn.handler.handler"
NAMESPACE: Final = "Fracturelens"
"""Of the metrics that the function writes."""
TIMEOUT_SECONDS: Final = 28
"""Of the function. The API gives up after thirty, so the function's own words still reach the caller."""
DISCLAIMER: Final = "Research use only, not for diagnosis."
MAX_FILE_BYTES: Final = 32 * 1024 * 1024
DIRECT_MAX_BYTES: Final = 4_000_000
"""Largest film that the page sends in one request; Lambda takes events of 6 MB, in which a film is a third larger."""
DIRECT_MAX_MB: Final = 4.25
"""The same limit as the API holds it, with room for the form around the film, MiB."""


def environment(*, service: str, store: str, origins: str, retention_hours: int) -> dict[str, str]:
    """Return the environment of the function.

    Parameters
    ----------
    service : str
        Name of the deployment in logs and metrics.
    store : str
        Where films and readings are kept, ``s3://bucket``.
    origins : str
        Origins of the page, separated by commas.
    retention_hours : int
        How long films and readings are kept.
    """
    return {
        "FRACTURELENS_STORE": store,
        "FRACTURELENS_RETENTION_HOURS": str(retention_hours),
        # API Gateway answers under one name only, and CloudFront asks it by that name.
        "FRACTURELENS_HOSTS": "*",
        "FRACTURELENS_ORIGINS": origins,
        "FRACTURELENS_DIRECT_MAX_MB": str(DIRECT_MAX_MB),
        # A function reads one film at a time; Lambda starts another function for the next.
        "FRACTURELENS_INSTANCES": "1",
        "FRACTURELENS_QUEUE": "0",
        # Looking for plugins of pydantic reads what every installed package says of itself, and there are none.
        "PYDANTIC_DISABLE_PLUGINS": "__all__",
        "POWERTOOLS_SERVICE_NAME": service,
        "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }


def page_config(*, login: str, client_id: str, retention_hours: int) -> dict[str, Any]:
    """Return the ``config.json`` beside the page.

    Parameters
    ----------
    login : str
        Origin of the sign-in page.
    client_id : str
        Name under which the page signs users in.
    retention_hours : int
        How long films and readings are kept.
    """
    return {
        "api": "/v1",
        "version": version(),
        "max_file_bytes": MAX_FILE_BYTES,
        "direct_max_bytes": DIRECT_MAX_BYTES,
        "retention_hours": retention_hours,
        "disclaimer": DISCLAIMER,
        "auth": {
            "authorize": f"{login}/oauth2/authorize",
            "token": f"{login}/oauth2/token",
            "logout": f"{login}/logout",
            "client_id": client_id,
            "scope": "openid",
        },
    }


def version() -> str:
    """Return the version of the product, without importing it: the CDK app may be installed alone."""
    source = (ROOT / "fracturelens" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.+)"$', source, re.MULTILINE)
    if found is None:
        raise ValueError("fracturelens/__init__.py does not say its version")
    return found[1]
