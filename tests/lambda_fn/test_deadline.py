"""A request is given up before Lambda gives up the function, and what goes on after that harms nobody."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from fracturelens import errors
from lambda_fn.deadline import MARGIN_SECONDS, Deadline


class Context:
    """An invocation with so much time left."""

    aws_request_id = "an-id"

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)


class Slow:
    """An app that is told when to go on, asks whether the client is there, and answers all the same."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.done = asyncio.Event()
        self.order: list[str] = []
        self.received: Message = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.order.append("begun")
        try:
            await self.go_on.wait()
            self.received = await receive()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"late"})
        finally:
            self.order.append("ended")
            self.done.set()


class Client:
    """Sends an empty request and keeps what it gets."""

    def __init__(self) -> None:
        self.got: list[Message] = []

    async def receive(self) -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message: Message) -> None:
        self.got.append(message)


def scope(seconds: float) -> Scope:
    return {"type": "http", "aws.context": Context(seconds)}


def test_in_time_nothing_changes() -> None:
    async def scene() -> list[Message]:
        app, client = Slow(), Client()
        app.go_on.set()
        await Deadline(app)(scope(60), client.receive, client.send)
        assert app.received["type"] == "http.request"
        return client.got

    assert [message["type"] for message in asyncio.run(scene())] == ["http.response.start", "http.response.body"]


def test_an_error_in_time_is_the_requests_own() -> None:
    async def failing(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise errors.Busy

    async def scene() -> None:
        client = Client()
        await Deadline(failing)(scope(60), client.receive, client.send)

    with pytest.raises(errors.Busy):
        asyncio.run(scene())


@pytest.mark.parametrize("left", [MARGIN_SECONDS + 0.01, MARGIN_SECONDS, 0])
def test_what_comes_too_late_finds_its_client_gone(left: float) -> None:
    async def scene() -> None:
        app, client = Slow(), Client()
        with pytest.raises(errors.DeadlineExceeded):
            await Deadline(app)(scope(left), client.receive, client.send)

        app.go_on.set()
        await app.done.wait()

        assert app.received["type"] == "http.disconnect"
        assert not client.got

    asyncio.run(scene())


def test_the_next_request_lets_the_work_that_was_given_up_end_first() -> None:
    async def scene() -> None:
        app, first, second = Slow(), Client(), Client()
        deadline = Deadline(app)
        with pytest.raises(errors.DeadlineExceeded):
            await deadline(scope(0), first.receive, first.send)

        asyncio.get_running_loop().call_later(0.05, app.go_on.set)
        await deadline(scope(MARGIN_SECONDS + 30), second.receive, second.send)

        assert app.order == ["begun", "ended", "begun", "ended"]
        assert (len(first.got), len(second.got)) == (0, 2)

    asyncio.run(scene())


def test_work_that_does_not_end_is_not_waited_for_for_ever() -> None:
    async def scene() -> None:
        app, client = Slow(), Client()
        deadline = Deadline(app)
        for _ in range(2):
            with pytest.raises(errors.DeadlineExceeded):
                await deadline(scope(MARGIN_SECONDS + 0.02), client.receive, client.send)

        assert app.order == ["begun", "begun"]
        app.go_on.set()
        await app.done.wait()

    asyncio.run(scene())


def test_an_error_that_comes_too_late_is_nobodys(caplog: pytest.LogCaptureFixture) -> None:
    go_on = asyncio.Event()

    async def failing(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await go_on.wait()
        raise ValueError("PatientName is Doe")

    async def scene() -> None:
        client = Client()
        with pytest.raises(errors.DeadlineExceeded):
            await Deadline(failing)(scope(0), client.receive, client.send)
        go_on.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(scene())

    assert "Doe" not in caplog.text
