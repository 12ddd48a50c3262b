"""What a job says on standard error: plain lines to a person at a terminal, else one JSON object a line."""

from __future__ import annotations

import json
import sys
from typing import Literal

Level = Literal["info", "warning", "error"]


def say(message: str, *, level: Level = "info", **fields: object) -> None:
    """Say something, with figures that a log can be searched by."""
    if sys.stderr.isatty():
        print(message if level == "info" else f"{level}: {message}", file=sys.stderr)
    else:
        print(json.dumps({"level": level, "message": message, **fields}), file=sys.stderr, flush=True)
