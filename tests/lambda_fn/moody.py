"""A function that does what it is told."""

from __future__ import annotations

import os
import time
from typing import Any


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Sleep, raise, end or speak as the event says; answer with the event."""
    if event.get("exit"):
        os._exit(3)
    if event.get("raise"):
        raise ValueError("as told")
    if "say" in event:
        print(event["say"])
    time.sleep(event.get("sleep", 0))
    answer = {"event": event, "mood": os.environ.get("MOOD"), "pid": os.getpid()}
    if event.get("parent"):
        answer["parent"] = os.getppid()
    if "stretch" in event:
        answer["long"] = "a" * event["stretch"]
    return answer
