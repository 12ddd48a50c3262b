"""Bounds every request's body, in bytes and in time, before and while it arrives."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fracturelens import errors

FORM_OVERHEAD: Final = 64 * 1024
"""What a form may hold besides its film: boundaries, part headers, small fields (bytes)."""
MAX_LENGTH_DIGITS: Final = 18
"""More than any body has; Python refuses to convert thousands of digits."""


class BodyLimit:
    """Refuses a body that is announced too large, grows too large, or stops arriving.

    The rest of a refused body is read and dropped by the server, so that the client gets to see the answer.

    Parameters
    ----------
    max_file_bytes
        Largest film; a form around it may add ``FORM_OVERHEAD``.
    idle_seconds
        Longest wait for the next piece.
    """

    def __init__(self, app: ASGIApp, max_file_bytes: int, idle_seconds: float) -> None:
        self._app = app
        self._max_file_bytes = max_file_bytes
        self._idle_seconds = idle_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._max_file_bytes + FORM_OVERHEAD
        announced = announced_bytes(Headers(scope=scope))
        if announced is not None and announced > most:
            raise too_large(self._max_file_bytes)
        arrived = 0
        complete = False

        async def bounded() -> Message:
            nonlocal arrived, complete
            if complete:  # what comes now is the disconnect, and that may take any time
                return await receive()
            try:
                async with asyncio.timeout(self._idle_seconds):
                    message = await receive()
            except TimeoutError:
                raise errors.RequestTimeout(
                    f"The body stopped arriving for {self._idle_seconds:g} seconds. Send it again."
                ) from None
            arrived += len(message.get("body", b""))
            if arrived > most:
                raise too_large(self._max_file_bytes)
            complete = not message.get("more_body", False)
            return message

        await self._app(scope, bounded, send)


def announced_bytes(headers: Headers) -> int | None:
    """Return the Content-Length, or None for a body of unknown size.

    Raises
    ------
    RequestError
        If it is not a number.
    """
    length = headers.get("content-length")
    if length is None:
        return None
    if not (length.isascii() and length.isdecimal() and len(length) <= MAX_LENGTH_DIGITS):
        raise errors.RequestError("The Content-Length header is not a number.")
    return int(length)


def too_large(max_file_bytes: int) -> errors.FileTooLarge:
    """Return the error for a film beyond the limit."""
    return errors.FileTooLarge(
        f"The file is larger than {max_file_bytes:,} bytes, the most that is read. Send a smaller copy."
    )


def too_large_to_send(direct_max_bytes: int) -> errors.FileTooLarge:
    """Return the error for a film beyond the limit of a single request."""
    return errors.FileTooLarge(
        f"The file is larger than {direct_max_bytes:,} bytes, the most that one request may carry here. "
        "Send it by POST /v1/uploads, or send a smaller copy."
    )
