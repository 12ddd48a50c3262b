"""The API's way to the function: one event at a time, none too large, an answer or a refusal within thirty seconds."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Final

from infra.local.events import Event
from infra.local.refusals import Refused

TIMEOUT_SECONDS: Final = 30
"""How long an HTTP API waits for its integration."""
MAX_EVENT_BYTES: Final = 6 * 1024 * 1024
"""The largest event of a synchronous invocation. A film in it is in base64, a third larger than its file."""
QUEUE: Final = 32
"""How many callers may wait. AWS would start more environments; here there is one, which takes one event at a time."""

log = logging.getLogger("infra.local")


class Integration:
    """Invokes a function for one caller after another.

    Parameters
    ----------
    invoke : Callable
        Blocks until the function has answered, and returns its result; raises if it failed.
    queue : int
        How many callers may wait.
    timeout : float
        How long a caller waits for an answer, the time in the queue included, seconds.
    """

    def __init__(
        self, invoke: Callable[[Event], object], *, queue: int = QUEUE, timeout: float = TIMEOUT_SECONDS
    ) -> None:
        self._invoke = invoke
        self._timeout = timeout
        self._one_at_a_time = ThreadPoolExecutor(max_workers=1, thread_name_prefix="invoke")
        self._places = threading.BoundedSemaphore(1 + queue)

    async def __call__(self, event: Event) -> object:
        """Return the function's result.

        Raises
        ------
        Refused
            413 for an event over the limit, 503 for an answer that does not come in time or if too many wait, 500 if
            the function fails or dies.
        """
        if len(json.dumps(event)) > MAX_EVENT_BYTES:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if not self._places.acquire(blocking=False):
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE)
        work = self._one_at_a_time.submit(self._invoke, event)
        work.add_done_callback(lambda _: self._places.release())  # also of one given up: the function is still at it
        try:
            return await asyncio.wait_for(asyncio.wrap_future(work), self._timeout)
        except TimeoutError:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE) from None
        except Exception as error:
            log.error("The function failed: %s", error)
            raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR) from error

    def close(self) -> None:
        """Take no more callers, and forget those that wait."""
        self._one_at_a_time.shutdown(wait=False, cancel_futures=True)
