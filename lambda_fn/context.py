"""What is used of the context that Lambda hands over with each event."""

from __future__ import annotations

from typing import Protocol


class LambdaContext(Protocol):
    """One invocation."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Return how long it may still take, until Lambda ends it."""
