"""No answer is larger than what Lambda lets through, and none is refused that would get through by far."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from awslambdaric.lambda_runtime_marshaller import to_json

from infra.local.emulator import Emulator
from lambda_fn.size import ENVELOPE_BYTES, LIMIT_BYTES, carried_bytes
from tests.lambda_fn import events

PNG, TEXT = "image/png", "application/json"
MOST = {PNG: 3 * ((LIMIT_BYTES - ENVELOPE_BYTES) // 4), TEXT: (LIMIT_BYTES - ENVELOPE_BYTES) // 2 - 1}
"""The most bytes that pass: base64 makes four of three, JSON two of each quotation mark."""


@pytest.fixture(scope="module")
def stretched(need_emulator: None) -> Iterator[Emulator]:
    """Run the function that answers with as much as it is asked for."""
    with Emulator({}, handler="tests.lambda_fn.stretched.handler") as emulator:
        yield emulator


@pytest.mark.aws
@pytest.mark.parametrize("content_type", [PNG, TEXT])
def test_as_much_as_is_allowed_gets_through_and_more_is_a_problem(stretched: Emulator, content_type: str) -> None:
    def ask(size: int) -> events.Answer:
        return events.Answer.of(stretched.invoke(events.request("GET", "/", query=f"{content_type}&{size}")))

    most = ask(MOST[content_type])
    more = ask(MOST[content_type] + 1)

    assert (most.status, len(most.content)) == (200, MOST[content_type])
    assert (more.status, more.code) == (422, "answer_too_large")
    assert f"{LIMIT_BYTES:,}" in more.json["detail"]
    assert "?longest_side=" in more.json["detail"]


@pytest.mark.parametrize("text", ["", "a" * 1000, '"\\' * 500, "\n\t\0" * 100, "é→😀" * 100])
def test_text_is_counted_as_lambdas_runtime_writes_it(text: str) -> None:
    assert carried_bytes(text.encode(), TEXT) == len(to_json(text).encode())
