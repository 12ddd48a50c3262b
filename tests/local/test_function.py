"""A function that dies, hangs or is asked too often costs those who asked an answer, and nobody else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.local import integration
from infra.local.events import answer_of
from infra.local.integration import Integration
from infra.local.refusals import Refused, refusal
from tests.local.conftest import PATIENCE_S, Local, Serve

Fronted = Callable[..., str]


@pytest.fixture
def fronted(serve: Serve) -> Fronted:
    """Return a function that puts a server in front of a function of the test's own, and returns its address."""

    def begin(invoke: Callable[[dict[str, Any]], object], **limits: Any) -> str:
        integrated = Integration(invoke, **limits)

        async def pass_on(request: Request) -> Response:
            return answer_of(await integrated({"body": (await request.body()).decode()}))

        return serve(Starlette(routes=[Route("/", pass_on, methods=["POST"])], exception_handlers={Refused: refusal}))

    return begin


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Return what a function waits for; it is opened at the end in any case."""
    opened = threading.Event()
    yield opened
    opened.set()


@pytest.mark.aws
def test_a_function_that_dies_at_work_is_a_500_and_the_next_caller_is_served(local: Local, film: bytes) -> None:
    assert local.http.get("/healthz").status_code == 200
    runtime = runtime_of(local)
    begun = len(local.lines)
    runtime.suspend()
    with ThreadPoolExecutor(1) as caller:
        asked = caller.submit(local.ask, "POST", "/v1/assessments", content=film, headers={"Content-Type": "image/png"})
        local.wait_for_line("START ", after=begun)
        runtime.kill()
        answer = asked.result(PATIENCE_S)

    after = local.ask("POST", "/v1/assessments", content=film, headers={"Content-Type": "image/png"})

    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})
    assert after.status_code == 200
    assert runtime_of(local).pid != runtime.pid


@pytest.mark.aws
def test_an_emulator_that_dies_is_started_again(local: Local) -> None:
    assert local.http.get("/healthz").status_code == 200
    emulator = child_of(local, "aws-lambda-rie")
    runtime = runtime_of(local)
    for process in (runtime, emulator):
        process.kill()
    while has_threads(emulator):
        time.sleep(0.01)

    assert local.http.get("/healthz").status_code == 200
    assert child_of(local, "aws-lambda-rie").pid != emulator.pid


def child_of(local: Local, name: str) -> psutil.Process:
    """Return the process below the system whose command names a program."""
    for process in psutil.Process(local.process.pid).children(recursive=True):
        if any(name in part for part in process.cmdline()[:1]):
            return process
    raise AssertionError(f"{name} does not run")


def has_threads(process: psutil.Process) -> bool:
    """Tell whether a process that was killed is still at it; its first thread may be gone before the others."""
    threads = Path(f"/proc/{process.pid}/task")
    return process.is_running() and (process.status() != psutil.STATUS_ZOMBIE or len(list(threads.iterdir())) > 1)


def runtime_of(local: Local) -> psutil.Process:
    """Return the function's own process, below the emulator."""
    (runtime,) = child_of(local, "aws-lambda-rie").children()
    return runtime


def test_a_result_is_passed_on(fronted: Fronted) -> None:
    url = fronted(lambda event: {"statusCode": 200, "body": event["body"]})

    assert httpx.post(url, content="x").text == "x"


def test_a_function_that_raises_is_a_500_that_says_nothing_of_it(fronted: Fronted) -> None:
    def fail(event: dict[str, Any]) -> object:
        raise RuntimeError("of the patient")

    answer = httpx.post(fronted(fail))

    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})


def test_an_answer_that_does_not_come_in_time_is_a_503(fronted: Fronted, gate: threading.Event) -> None:
    url = fronted(lambda event: gate.wait(PATIENCE_S), timeout=0.05)

    answer = httpx.post(url, timeout=PATIENCE_S)

    assert (answer.status_code, answer.json()) == (503, {"message": "Service Unavailable"})
    assert integration.TIMEOUT_SECONDS == 30


def test_one_is_served_some_wait_and_others_are_turned_away(fronted: Fronted, gate: threading.Event) -> None:
    at_work: list[str] = []

    def work(event: dict[str, Any]) -> object:
        at_work.append(event["body"])
        gate.wait(PATIENCE_S)
        return {"statusCode": 200, "body": event["body"]}

    url = fronted(work, queue=2)
    with ThreadPoolExecutor(8) as callers, httpx.Client(timeout=PATIENCE_S) as client:
        asked = [callers.submit(client.post, url, content=str(number)) for number in range(8)]
        refused: list[httpx.Response] = []
        while len(refused) < 5:  # one at work, two in the queue: five find no place, before anything is answered
            refused = [done.result() for done in asked if done.done()]
        assert len(at_work) <= 1, "one event at a time"
        gate.set()
        answers = [done.result(PATIENCE_S) for done in asked]

    assert {answer.status_code for answer in refused} == {HTTPStatus.SERVICE_UNAVAILABLE}
    served = {str(number): answer.text for number, answer in enumerate(answers) if answer.status_code == 200}
    assert len(served) == 3
    assert all(number == text for number, text in served.items())


@pytest.mark.parametrize(("size", "status"), [(6 * 1024 * 1024 - 100, 200), (6 * 1024 * 1024, 413)])
def test_an_event_has_at_most_six_megabytes(fronted: Fronted, size: int, status: int) -> None:
    url = fronted(lambda event: {"statusCode": 200})

    assert httpx.post(url, content=b"x" * size).status_code == status
