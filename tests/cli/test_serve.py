"""``fracturelens serve``: starts with a word, ends with grace."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from fracturelens import DISCLAIMER
from fracturelens.cli import address
from tests import buckets
from tests.buckets import Bucket
from tests.cli.conftest import COMMAND, PATIENCE_S, Cli, Program


class Running(NamedTuple):
    process: subprocess.Popen[str]
    banner: str
    port: int


Serve = Callable[..., AbstractContextManager[Running]]


@pytest.fixture
def serve(root: Path, tmp_path: Path) -> Serve:
    """Return a context manager that serves on a free port and ends what the test left running."""

    @contextmanager
    def start(*arguments: str) -> Iterator[Running]:
        command = [*COMMAND, "serve", "--port", "0", "--data", str(tmp_path / "data"), *arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root, text=True) as process:
            assert process.stdout
            try:
                banner = ""
                while "Ctrl-C" not in banner:
                    line = process.stdout.readline()
                    assert line, process.stderr and process.stderr.read()
                    banner += line
                found = re.search(r"http://127\S*:(\d+)", banner)
                assert found, banner
                yield Running(process, banner, int(found[1]))
            finally:
                process.kill()

    return start


def end(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    """Signal a server, and return its status and what it wrote to standard error."""
    process.send_signal(number)
    _, stderr = process.communicate(timeout=PATIENCE_S)
    return process.returncode, stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_the_page_says_so_and_ends_cleanly(number: signal.Signals, serve: Serve, tmp_path: Path) -> None:
    with serve() as running:
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=PATIENCE_S)
        connection.request("GET", "/")
        page = connection.getresponse()
        assert page.status == 200
        assert b"<html" in page.read().lower()
        connection.close()

        assert DISCLAIMER in running.banner
        assert str(tmp_path / "data") in running.banner
        assert "24 h" in running.banner
        assert "elbow" in running.banner
        status, log = end(running.process, number)
        assert status == 0
        assert [json.loads(line)["status"] for line in log.splitlines()] == [200], "the log is JSON lines, only"


def test_it_ends_cleanly_while_it_is_still_loading(root: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [*COMMAND, "serve", "--port", str(port), "--data", str(tmp_path / "data")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root, text=True) as process:
        while process.poll() is None and not _accepts(port):  # it listens before it loads
            time.sleep(0.01)

        assert end(process, signal.SIGTERM) == (0, "")


def _accepts(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_work_accepted_before_the_end_is_finished(serve: Serve, film: bytes) -> None:
    with serve() as running, socket.create_connection(("127.0.0.1", running.port), timeout=PATIENCE_S) as client:
        head = ("POST /v1/assessments HTTP/1.1", "Host: localhost", "Content-Type: image/png", "Expect: 100-continue")
        client.sendall("\r\n".join([*head, f"Content-Length: {len(film)}", "\r\n"]).encode())
        assert client.recv(4096).startswith(b"HTTP/1.1 100"), "the request is under way"
        client.sendall(film[:1000])

        running.process.send_signal(signal.SIGTERM)
        _wait_until_refused(running.port)
        client.sendall(film[1000:])
        response = http.client.HTTPResponse(client)
        response.begin()

        assert response.status == 200
        assert json.loads(response.read())["disclaimer"] == DISCLAIMER
        assert running.process.wait(PATIENCE_S) == 0


def _wait_until_refused(port: int) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S).close()
        except ConnectionError:
            return


def test_a_taken_port_is_one_line_with_the_way_out(program: Program) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        run = program("serve", "--port", str(port))

    assert run.returncode == 1
    (line,) = run.stderr.decode().splitlines()
    assert line.startswith(f"error [address_unavailable]: Port {port} ")
    assert "PORT=8001 make run" in line
    assert "--port" in line


@pytest.mark.parametrize("host", ["192.0.2.1", "a..b"])
def test_an_address_that_is_not_ours_is_one_line(host: str, cli: Cli) -> None:
    result = cli("serve", "--host", host, "--port", "0")

    assert result.exit_code == 1
    (error,) = result.stderr.splitlines()
    assert error.startswith("error [address_unavailable]: ")
    assert "127.0.0.1" in error


def test_an_address_that_others_may_reach_gets_a_warning_in_the_log(serve: Serve) -> None:
    not_plainly_loopback = "127.1"
    with serve("--host", not_plainly_loopback) as running:
        _, log = end(running.process, signal.SIGTERM)

    (line,) = map(json.loads, log.splitlines())
    assert line["level"] == "warning"
    assert line["event"].startswith("127.1 can be reached from other machines")
    assert "no sign-in" in line["event"]


@pytest.mark.parametrize(
    ("host", "loopback", "url"),
    [
        ("127.0.0.1", True, "http://127.0.0.1:80"),
        ("localhost", True, "http://localhost:80"),
        ("::1", True, "http://[::1]:80"),
        ("0.0.0.0", False, "http://127.0.0.1:80"),  # noqa: S104 - nothing listens here
        ("::", False, "http://[::1]:80"),
        ("192.0.2.1", False, "http://192.0.2.1:80"),
    ],
)
def test_what_others_reach_is_known_and_the_page_is_named(host: str, loopback: bool, url: str) -> None:
    assert address.is_loopback(host) is loopback
    assert address.url(host, 80) == url


def test_a_data_folder_that_cannot_be_is_one_line(program: Program, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    run = program("serve", "--port", "0", "--data", tmp_path / "file")

    assert run.returncode == 1
    (line,) = run.stderr.decode().splitlines()
    assert line.startswith("error [store_unavailable]: ")


@pytest.mark.aws
def test_films_may_be_kept_in_a_bucket(bucket: Bucket, serve: Serve, film: bytes) -> None:
    with buckets.environment(bucket.endpoint), serve("--data", f"s3://{bucket.name}/clinic") as running:
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=PATIENCE_S)
        connection.request("POST", "/v1/assessments", film, {"Content-Type": "image/png"})
        reading = json.loads(connection.getresponse().read())
        connection.close()

        assert f"s3://{bucket.name}/clinic" in running.banner
        assert "24 h" in running.banner
    (key,) = bucket.keys()
    assert key.startswith("clinic/readings/")
    assert key.endswith(f"/{reading['id']}")


@pytest.mark.parametrize("place", ["s3://", "s3://films/../x", "http://films"])
def test_a_place_that_is_neither_folder_nor_bucket_is_one_line(cli: Cli, place: str) -> None:
    result = cli("serve", "--port", "0", "--data", place)

    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("error [invalid_setting]: FRACTURELENS_STORE: ")
    assert "s3://BUCKET" in line


@pytest.mark.aws
def test_a_model_that_the_registry_does_not_have_is_a_line_in_the_log(
    serve: Serve, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRACTURELENS_MODEL", f"s3://{bucket.name}")

    with buckets.environment(bucket.endpoint), serve() as running:
        status, stderr = end(running.process, signal.SIGTERM)

    assert status == 0
    assert "Model  elbow" in running.banner
    told = [json.loads(line) for line in stderr.splitlines()]
    assert [line["event"] for line in told] == ["bundle fallback bundle_not_found"]
    assert bucket.name not in stderr


def test_a_model_that_is_not_there_is_one_line(program: Program, tmp_path: Path) -> None:
    run = program("serve", "--port", "0", "--model", tmp_path)

    assert run.returncode == 1
    (line,) = run.stderr.decode().splitlines()
    assert line.startswith("error [bundle_not_found]: ")
