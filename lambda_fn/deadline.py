"""Answers before Lambda's timeout does, which would end the function without a word to anyone."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fracturelens import errors
from lambda_fn.context import LambdaContext

MARGIN_SECONDS: Final = 1.5
"""How long before the timeout a request is given up: enough to say so."""


class Deadline:
    """Gives a request up when its invocation's time is nearly over.

    What it was doing in a thread cannot be stopped: it stands still with the function, and goes on with the next
    invocation, which waits for it for half of its own time. Otherwise whoever comes next would be told at once that the
    only reader is busy, and the work would never get the time to end. To the work, the client has hung up.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._unfinished: set[asyncio.Future[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given_up = False

        async def receive_until_given_up() -> Message:
            return {"type": "http.disconnect"} if given_up else await receive()

        async def send_until_given_up(message: Message) -> None:
            if not given_up:
                await send(message)

        if self._unfinished:
            await asyncio.wait(self._unfinished, timeout=_seconds_left(scope) / 2)
        work = asyncio.ensure_future(self._app(scope, receive_until_given_up, send_until_given_up))
        await asyncio.wait({work}, timeout=_seconds_left(scope))
        if work.done():
            return work.result()
        given_up = True
        self._unfinished.add(work)
        work.add_done_callback(self._forget)
        raise errors.DeadlineExceeded(
            "The time that this function has for a request is over. Try again in a few seconds; an upload that was not "
            "read is still there."
        )

    def _forget(self, work: asyncio.Future[None]) -> None:
        self._unfinished.discard(work)
        if not work.cancelled():
            work.exception()  # looked at, or Python complains that nobody did, and quotes it


def _seconds_left(scope: Scope) -> float:
    context: LambdaContext = scope["aws.context"]
    return max(0.0, context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS)
