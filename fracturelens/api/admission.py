"""Decides how much work is taken on: so many readings at once, so many waiting, so many bytes held, and no more.

Beyond that a request is answered ``busy`` at once, which keeps memory bounded and waiting times short under any load.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect

from fracturelens import errors

T = TypeVar("T")


class Admission:
    """The queue in front of the readers; used from the event loop only, so its counters need no lock.

    Parameters
    ----------
    readers
        Threads that read films.
    waiting
        Requests admitted beyond those.
    held_bytes
        Most that the bodies of admitted requests may occupy together.
    patience
        Longest wait for a reader, seconds.
    """

    def __init__(self, *, readers: int, waiting: int, held_bytes: int, patience: float) -> None:
        self._places = readers + waiting
        self._bytes = held_bytes
        self._patience = patience
        self._turn = asyncio.Semaphore(readers)
        # Threads of their own: other routes must answer while all readers are at work.
        self._threads = CapacityLimiter(readers)

    @contextmanager
    def admit(self, size: int) -> Iterator[None]:
        """Take a place, and ``size`` bytes, for as long as the context lasts.

        Raises
        ------
        Busy
            If either would exceed its bound.
        """
        if self._places < 1 or self._bytes < size:
            raise errors.Busy("As many films are waiting as this server takes on. Try again in a few seconds.")
        self._places -= 1
        self._bytes -= size
        try:
            yield
        finally:
            self._places += 1
            self._bytes += size

    async def run(self, work: Callable[[], T], *, gone: Callable[[], Awaitable[bool]]) -> T:
        """Do blocking work in a reader's thread, first come, first served.

        ``gone`` tells whether the client has hung up; then the work is not done.

        Raises
        ------
        Busy
            If no reader comes free in time.
        ClientDisconnect
            If the client has hung up.
        """
        try:
            async with asyncio.timeout(self._patience):
                await self._turn.acquire()
        except TimeoutError:
            raise errors.Busy(
                f"No reader came free within {self._patience:g} seconds. Try again in a few seconds."
            ) from None
        try:
            if await gone():
                raise ClientDisconnect
            return await to_thread.run_sync(work, limiter=self._threads)
        finally:
            self._turn.release()
