"""Logs as JSON lines, by Powertools: what the API says of a request, and the ids that join it to AWS's own logs.

Nothing that a film or a request brought along gets into a line: of a message the first line is kept, of an exception
its type and where it passed. Other libraries stay silent: decoders log the values of tags.
"""

from __future__ import annotations

import logging
import os
import re
from typing import Any, Final

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from fracturelens.api.journal import described
from lambda_fn.context import LambdaContext
from lambda_fn.metrics import SERVICE

KEYS: Final = ("level", "message", "timestamp", "service")

_ID: Final = re.compile(r"[A-Za-z0-9_=-]{1,64}")


class SafeLines(LambdaPowertoolsFormatter):
    """Powertools' lines, without the messages of exceptions and the values in their frames."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = dict(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[1]:
            fields |= described(record.exc_info[1])
        safe = {
            "name": record.name,
            "levelname": record.levelname,
            "levelno": record.levelno,
            "created": record.created,
            "msecs": record.msecs,
            "msg": record.getMessage().partition("\n")[0],
        }
        return super().format(logging.makeLogRecord({**safe, **fields}))


_logger: Final = Logger(
    service=os.environ.get("POWERTOOLS_SERVICE_NAME", SERVICE),
    logger_formatter=SafeLines(log_record_order=list(KEYS), utc=True, use_rfc3339=True, location=None),
)


def configure() -> None:
    """Send the product's lines through Powertools, and everyone else's nowhere."""
    product = logging.getLogger("fracturelens")
    product.handlers = list(_logger.handlers)
    product.setLevel(_logger.log_level)
    product.propagate = False
    # Lambda's runtime put a handler there that writes whatever any library says.
    logging.getLogger().handlers = [logging.NullHandler()]


def name_requests(event: object, context: LambdaContext) -> None:
    """Let the lines that follow carry the invocation's id, and the id under which API Gateway logs the request."""
    asked = event.get("requestContext") if isinstance(event, dict) else None
    gateway_id = asked.get("requestId") if isinstance(asked, dict) else None
    _logger.append_keys(
        function_request_id=context.aws_request_id,
        gateway_request_id=gateway_id if isinstance(gateway_id, str) and _ID.fullmatch(gateway_id) else None,
    )
