"""The emulator: one event at a time, started anew when it has ended, and a word where it cannot be had."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.local import emulator
from infra.local.emulator import Emulator, EmulatorUnavailable, FunctionFailed

pytestmark = [pytest.mark.aws, pytest.mark.usefixtures("need_emulator")]


@pytest.fixture(scope="module")
def moody() -> Iterator[Emulator]:
    """Run a function that does what it is told."""
    with Emulator(
        {"MOOD": "good", "AWS_LAMBDA_FUNCTION_NAME": "moody"}, timeout=2, handler="tests.lambda_fn.moody.handler"
    ) as it:
        yield it


def test_an_event_is_answered_and_what_the_function_says_is_kept(moody: Emulator) -> None:
    result = moody.invoke({"say": "a word"})

    assert result == {"event": {"say": "a word"}, "mood": "good", "pid": result["pid"]}
    assert "a word" in moody.lines
    assert moody.init_milliseconds[0] > 0


def test_events_that_come_at_once_wait_for_each_other(moody: Emulator) -> None:
    with ThreadPoolExecutor(8) as callers:
        results = list(callers.map(moody.invoke, [{"number": number} for number in range(16)]))

    assert [result["event"]["number"] for result in results] == list(range(16))
    assert len({result["pid"] for result in results}) == 1


@pytest.mark.parametrize(
    ("event", "word"),
    [
        ({"raise": True}, "ValueError"),
        ({"exit": True}, "ExitError"),
        ({"sleep": 60}, "timed out after 2.00 seconds"),
        ({"stretch": 7_000_000}, "ResponseSizeTooLarge"),
    ],
)
def test_a_function_that_fails_says_how_and_answers_the_next(moody: Emulator, event: object, word: str) -> None:
    with pytest.raises(FunctionFailed, match=word):
        moody.invoke(event)

    assert moody.invoke({})["mood"] == "good"


def test_an_emulator_that_has_ended_is_started_anew(moody: Emulator) -> None:
    parent = moody.invoke({"parent": True})["parent"]

    os.kill(parent, signal.SIGKILL)

    with contextlib.suppress(FunctionFailed):  # unless it is known already that it has ended
        moody.invoke({})
    assert moody.invoke({})["mood"] == "good"


def test_it_is_stopped_for_good_and_listens_on_loopback_only() -> None:
    with Emulator({}, handler="tests.lambda_fn.moody.handler") as it:
        port = it.port
        assert not reachable(port, "127.0.0.2"), "it listens on one address"
        assert reachable(port, "127.0.0.1")

    assert not reachable(port, "127.0.0.1")
    with pytest.raises(EmulatorUnavailable):
        it.invoke({})


def reachable(port: int, host: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def test_a_program_that_is_not_there_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(emulator.PROGRAM_VARIABLE, str(tmp_path / "nowhere"))

    with pytest.raises(EmulatorUnavailable, match="make aws-local"):
        Emulator({})


def test_a_machine_that_it_is_not_made_for_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")

    with pytest.raises(EmulatorUnavailable, match="Linux"):
        Emulator({})
