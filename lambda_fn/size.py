"""Keeps answers below what Lambda lets through: beyond it the function is ended, and the caller told nothing."""

from __future__ import annotations

import json
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fracturelens import errors
from lambda_fn.adapter import is_text

LIMIT_BYTES: Final = 6 * 1024 * 1024
"""The largest result of a synchronous invocation (*Lambda quotas*, AWS Lambda developer guide)."""
ENVELOPE_BYTES: Final = 16 * 1024
"""What status, headers and punctuation may take of it."""


class AnswerLimit:
    """Refuses an answer that would not get through, and says how to ask for a smaller one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        held: list[Message] = []

        async def send_if_small(message: Message) -> None:
            held.append(message)
            if message["type"] == "http.response.start" or message.get("more_body", False):
                return
            headers = Headers(raw=held[0]["headers"])
            body = b"".join(part.get("body", b"") for part in held[1:])
            carried = carried_bytes(body, headers.get("content-type", ""))
            if carried > LIMIT_BYTES - ENVELOPE_BYTES:
                raise errors.AnswerTooLarge(
                    f"The answer has {carried:,} bytes on its way, and Lambda carries at most {LIMIT_BYTES:,}. "
                    "Ask for a smaller picture: ?longest_side=512."
                )
            for part in held:
                await send(part)

        await self._app(scope, receive, send_if_small)


def carried_bytes(body: bytes, content_type: str) -> int:
    """Return how much of a result an answer's body takes: base64, or text in quotes with escapes."""
    if not is_text(content_type):
        return 4 * -(-len(body) // 3)
    return len(json.dumps(body.decode(errors="replace")))
