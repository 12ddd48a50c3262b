"""One log line for each request, and one place where errors become answers.

A line holds the method, the route's template, the status, the time taken and the request's id: never a path, a query,
a file name, a header or a value, so that nothing of a patient can reach a log.
"""

from __future__ import annotations

import logging
import time
import traceback
from pathlib import PurePath
from typing import Any
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fracturelens import errors
from fracturelens.api.observer import Observer
from fracturelens.api.problems import problem

CLIENT_GONE = 499
"""Logged, never sent: the client hung up before the answer."""
FAILURES_FROM = 500
"""From this status on it is the service that failed, not the request (RFC 9110, 15.6)."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

log = logging.getLogger("fracturelens.api")


class Journal:
    """Gives each request an id, answers its errors as problems and logs it; tells an observer of failures."""

    def __init__(self, app: ASGIApp, observer: Observer) -> None:
        self._app = app
        self._observer = observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = str(uuid4())
        status: int | None = None
        code: str | None = None

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        try:
            try:
                await self._app(scope, receive, send_with_id)
            except ClientDisconnect as error:
                status = CLIENT_GONE
                let_go(error)
            except Exception as error:
                if isinstance(error, errors.FracturelensError):
                    code, answer = error.code, problem(error, request_id)
                else:
                    log.error("crash", extra={"fields": {"request_id": request_id, **described(error)}})
                    code, answer = errors.FracturelensError.code, problem(errors.FracturelensError(), request_id)
                let_go(error)
                if answer.status_code >= FAILURES_FROM:
                    self._observer.failure(code, answer.status_code)
                # Once an answer has started there is nothing to say any more: the server cuts the connection.
                if status is None:
                    await answer(scope, receive, send_with_id)
        finally:
            fields: dict[str, Any] = {
                "method": scope["method"] if scope["method"] in METHODS else "other",
                "route": route_template(scope),
                "status": status or CLIENT_GONE,
                "ms": round((time.perf_counter() - started) * 1000, 1),
                "request_id": request_id,
            }
            if code:
                fields["code"] = code
            log.info("request", extra={"fields": fields})


def route_template(scope: Scope) -> str:
    """Return the template of the route that a request matched (``/v1/assessments/{assessment_id}``), or ``-``."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else scope.get("fracturelens.route", "-")


def described(error: BaseException) -> dict[str, Any]:
    """Describe an exception by its type and the places that it passed; its message may quote data, so it stays out."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": type(error).__name__, "where": where}


def let_go(error: BaseException) -> None:
    """Empty the frames that an exception, and those it came from, passed through.

    They hold the film and, in a circle, each other: left to the garbage collector, a few hundred megabytes may pile up
    before it looks.
    """
    chain: list[BaseException | None] = [error]
    for link in chain:
        if link is not None and link.__traceback__ is not None:
            traceback.clear_frames(link.__traceback__)
            link.__traceback__ = None
            chain += (link.__cause__, link.__context__)
