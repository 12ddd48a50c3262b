"""A function that answers with as many bytes as it is asked for, to see what Lambda lets through."""

from __future__ import annotations

from typing import Any

from starlette.types import Receive, Scope, Send

from fracturelens.api.headers import SecurityHeaders
from fracturelens.api.journal import Journal
from fracturelens.api.observer import Unobserved
from lambda_fn.adapter import answered
from lambda_fn.context import LambdaContext
from lambda_fn.events import Event
from lambda_fn.size import AnswerLimit


async def _answer(scope: Scope, _receive: Receive, send: Send) -> None:
    content_type, _, size = scope["query_string"].partition(b"&")
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", content_type)]})
    await send({"type": "http.response.body", "body": b'"' * 10, "more_body": True})
    await send({"type": "http.response.body", "body": b'"' * (int(size) - 10)})


_app = SecurityHeaders(Journal(AnswerLimit(_answer), observer=Unobserved()))


def handler(event: Event, context: LambdaContext) -> dict[str, Any]:
    """Answer ``CONTENT_TYPE&BYTES``, the query, with that many quotation marks: each takes two bytes in JSON."""
    return answered(_app, event, context)
