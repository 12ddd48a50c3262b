"""The API as Lambda runs it: put together once; while that fails, every request is told why and it is tried again."""

from __future__ import annotations

from typing import Any

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from fracturelens import errors
from fracturelens.api import create_app
from fracturelens.api.headers import SecurityHeaders
from fracturelens.api.journal import Journal
from lambda_fn import events
from lambda_fn.adapter import answered
from lambda_fn.caller import identify
from lambda_fn.context import LambdaContext
from lambda_fn.deadline import Deadline
from lambda_fn.metrics import EmbeddedMetrics
from lambda_fn.size import AnswerLimit


class Api:
    """Answers events; opens the model bundle as soon as it is made, unless that cannot be opened yet.

    Parameters
    ----------
    metrics
        Gets told what happens.
    """

    def __init__(self, metrics: EmbeddedMetrics) -> None:
        self._metrics = metrics
        self._app: ASGIApp | None = None
        self._open()

    def answer(self, event: object, context: LambdaContext) -> dict[str, Any]:
        """Return the answer to an event."""
        try:
            request = events.checked(event)
        except errors.RequestError as error:
            self._metrics.malformed_event()
            return answered(self._refusing(error), events.NOTHING_ASKED, context)
        return answered(self._app or self._open(), request, context)

    def _open(self) -> ASGIApp:
        """Put the API together, or what tells why that fails: a bundle that is missing, or a setting out of range."""
        try:
            app = create_app(identify=identify, observer=self._metrics)
        except errors.FracturelensError as error:
            return self._refusing(error)
        # Innermost: what these two refuse gets its answer and its line in the log as every error of the API does.
        app.user_middleware += [Middleware(Deadline), Middleware(AnswerLimit)]
        self._app = app
        return app

    def _refusing(self, error: errors.FracturelensError) -> ASGIApp:
        """Return an API that answers every request with one error."""

        async def refuse(_scope: Scope, _receive: Receive, _send: Send) -> None:
            raise error

        return SecurityHeaders(Journal(refuse, observer=self._metrics))
