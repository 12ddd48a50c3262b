"""From an event to the API and back: Mangum, and which answers may go as text."""

from __future__ import annotations

from typing import Any, Final

from mangum import Mangum
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES
from starlette.types import ASGIApp

from fracturelens.api.problems import MEDIA_TYPE
from lambda_fn.context import LambdaContext
from lambda_fn.events import Event

_TEXT: Final = [*DEFAULT_TEXT_MIME_TYPES, MEDIA_TYPE]


def is_text(content_type: str) -> bool:
    """Whether a body of this type goes out as it is; all others go in base64."""
    return any(kind in content_type for kind in _TEXT)


def answered(app: ASGIApp, event: Event, context: LambdaContext) -> dict[str, Any]:
    """Return what the API answers to an event, as API Gateway takes it."""
    # Lifespan is off: Mangum would run it around every single event.
    through = Mangum(app, lifespan="off", text_mime_types=_TEXT)  # type: ignore[arg-type]
    return through(event, context)  # type: ignore[arg-type]
