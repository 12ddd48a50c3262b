"""Logs as JSON lines on standard error, with nothing in them that a film or a request brought along."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from fracturelens.api.journal import described


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object.

    Of a message only the first line is kept, of an exception its type and where it passed: the rest may quote data.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage().partition("\n")[0],
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1]:
            line |= described(record.exc_info[1])
        return json.dumps(line)


def log_config(level: str = "INFO") -> dict[str, Any]:
    """Return the logging configuration of a server (for ``logging.config.dictConfig``, or uvicorn's ``log_config``).

    Other libraries' loggers stay silent: decoders log the values of tags, patients' names among them.
    """
    to_stderr = {"handlers": ["stderr"], "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonLines}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"},
            "nowhere": {"class": "logging.NullHandler"},
        },
        "root": {"handlers": ["nowhere"]},
        "loggers": {
            "fracturelens": {**to_stderr, "level": level},
            "uvicorn": {**to_stderr, "level": "WARNING"},
            "uvicorn.access": {"handlers": ["nowhere"], "propagate": False},  # it would write ids
            "asyncio": {**to_stderr, "level": "ERROR"},
        },
    }
