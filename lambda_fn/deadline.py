"""Answers before Lambda's timeout does, which would end the function without a word to anyone."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fracturelens import errors

MARGIN_SECONDS: Final = 1.5
"""How long before the timeout a request is given up: enough to say so."""


class Deadline:
    """Gives a request up when its invocation's time is nearly over.

    What it was doing in a thread cannot be stopped: it stands still with the function, and goes on with the next
    invocation. Until it is done it keeps its place, so that the next film may be told to retry. To it, the client has
    hung up.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given_up = False

        async def receive_until_given_up() -> Message:
            return {"type": "http.disconnect"} if given_up else await receive()

        async def send_until_given_up(message: Message) -> None:
            if not given_up:
                await send(message)

        left = scope["aws.context"].get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS
        work = asyncio.ensure_future(self._app(scope, receive_until_given_up, send_until_given_up))
        await asyncio.wait({work}, timeout=max(0.0, left))
        if work.done():
            return work.result()
        given_up = True
        work.add_done_callback(_forget)
        raise errors.DeadlineExceeded(
            "The time that this function has for a request is over. Try again in a few seconds; an upload that was not "
            "read is still there."
        )


def _forget(work: asyncio.Future[None]) -> None:
    """Look at how it ended, so that nobody else complains that nobody did."""
    with contextlib.suppress(asyncio.CancelledError):
        work.exception()
