"""What Lambda calls: one event of the HTTP API in, one answer out, whatever happens.

The API is put together while the function initialises, so that the first caller does not wait for it.
"""

from __future__ import annotations

from typing import Any

from lambda_fn.context import LambdaContext
from lambda_fn.startup import swiftly

with swiftly():
    from lambda_fn import logs
    from lambda_fn.api import Api
    from lambda_fn.metrics import EmbeddedMetrics

    logs.configure()
    metrics = EmbeddedMetrics()
    api = Api(metrics)


def handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Answer an event.

    Parameters
    ----------
    event
        An event of an HTTP API, payload format 2.0; anything else is answered with status 400.
    context
        Lambda's own: it names the invocation, and knows how much time is left.

    Returns
    -------
    dict
        The answer, as an HTTP API takes it. No exception leaves here: Lambda would log its message, which may quote
        what was sent, and the caller would be told nothing.
    """
    logs.name_requests(event, context)
    try:
        return api.answer(event, context)
    finally:
        metrics.flush()
