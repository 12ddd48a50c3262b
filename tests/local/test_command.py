"""``python -m infra.local`` says what runs where, gives a token, and leaves nothing behind."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from fracturelens import DISCLAIMER
from infra.local import resources
from tests.local.conftest import COMMAND, PATIENCE_S, Local, Start

pytestmark = pytest.mark.aws


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], cwd=root, capture_output=True, text=True, timeout=PATIENCE_S)


def test_the_help_teaches(root: Path) -> None:
    told = run(root, "--help").stdout

    for word in ("--port", "token", "curl -H", "docs/local.md", "this machine only", DISCLAIMER.rstrip(".")):
        assert word in told


def test_the_start_says_what_runs_where(local: Local) -> None:
    assert DISCLAIMER in local.banner
    assert "in memory and on this machine only" in local.banner
    for user in resources.USERS:
        assert user in local.banner
    assert resources.PASSWORD in local.banner
    assert httpx.get(local.url).status_code == 200
    assert "ListBucketResult" in httpx.get(f"{local.endpoint}/{local.bucket}").text


def test_the_line_for_a_token_gives_one_that_is_good(local: Local, root: Path) -> None:
    line = next(line for line in local.banner.splitlines() if line.startswith("  Token"))
    command = line.removeprefix("  Token").split()

    token = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True, timeout=PATIENCE_S).stdout

    answer = local.http.get("/v1/model", headers={"Authorization": f"Bearer {token.strip()}"})
    assert answer.status_code == 200


@pytest.mark.parametrize("arguments", [["--user", "nobody"], ["--password", "wrong"]])
def test_no_token_for_a_wrong_user(local: Local, root: Path, arguments: list[str]) -> None:
    ended = run(root, "token", "--url", local.url, *arguments)

    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.splitlines()[0].endswith("wrong user or password.")


def test_no_token_where_nothing_runs(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    ended = run(root, "token", "--url", f"http://127.0.0.1:{port}")

    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert "make aws-local" in line


def test_a_taken_port_is_one_line_with_the_way_out(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = run(root, "--port", str(port))

    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert f"Port {port} is taken" in line
    assert "make aws-local PORT=" in line


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_cleanly_and_so_does_all_that_it_started(start: Start, number: signal.Signals) -> None:
    with start() as local:
        assert local.http.get("/healthz").status_code == 200  # so that the function runs, too
        started = psutil.Process(local.process.pid).children(recursive=True)
        assert len(started) >= 3

        status = local.end(number)

        assert status == 0
        _, alive = psutil.wait_procs(started, timeout=PATIENCE_S)
        assert not alive
        with socket.socket() as client:
            assert client.connect_ex(("127.0.0.1", httpx.URL(local.url).port)) != 0


@pytest.mark.usefixtures("need_emulator")
def test_it_ends_cleanly_while_it_is_still_starting(root: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "--port", "0"], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        ours = psutil.Process(process.pid)
        while not (started := ours.children(recursive=True)):
            assert process.poll() is None
            time.sleep(0.01)

        process.send_signal(signal.SIGTERM)
        told, complained = process.communicate(timeout=PATIENCE_S)

    assert (process.returncode, told, complained) == (0, "", "")
    assert not psutil.wait_procs(started, timeout=PATIENCE_S)[1]


def test_aws_that_dies_is_told_in_plain_words(start: Start) -> None:
    with start() as local:
        started = psutil.Process(local.process.pid).children(recursive=True)
        (cloud,) = (process for process in started if "infra.local.cloud" in process.cmdline())
        cloud.kill()

        assert local.process.wait(PATIENCE_S) == 1
        local.wait_for_line("error: AWS (moto) has ended by itself", after=0)
        assert not psutil.wait_procs(started, timeout=PATIENCE_S)[1]


def test_aws_does_not_outlive_who_started_it(root: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "infra.local.cloud"], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as cloud:
        assert cloud.stdin
        assert cloud.stdout
        assert cloud.stdout.readline().startswith("http://127.0.0.1:")

        cloud.stdin.close()  # as it is when the process at the other end is killed

        assert cloud.wait(PATIENCE_S) == 0


def test_every_option_is_documented(root: Path) -> None:
    page = (root / "docs" / "local.md").read_text(encoding="utf-8")

    for command in ((), ("token",)):
        for option in re.findall(r"--[a-z]+", run(root, *command, "--help").stdout):
            assert option == "--help" or f"{option} " in page or f"{option}`" in page, option


def test_every_module_has_its_place_in_the_table(root: Path) -> None:
    page = (root / "docs" / "local.md").read_text(encoding="utf-8")
    beside = {"__init__", "__main__", "child", "command", "refusals", "sign_in", "system"}  # what joins or starts them

    modules = {path.stem for path in (root / "infra" / "local").glob("*.py")}
    assert set(re.findall(r"`(\w+)\.py`", page)) == modules - beside
