"""The function in AWS's own Lambda Runtime Interface Emulator, as a program of its own on this machine.

The emulator is the program inside AWS's base images: it starts the function's runtime, enforces its timeout and the
limits on what goes in and comes out, and starts the runtime anew when it ends. Events are posted to it by HTTP.
"""

from __future__ import annotations

import http.client
import json
import os
import platform
import re
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

ROOT: Final = Path(__file__).resolve().parents[2]
HANDLER: Final = "lambda_fn.handler.handler"
HOST: Final = "127.0.0.1"
PATH: Final = "/2015-03-31/functions/function/invocations"
PROGRAM_VARIABLE: Final = "AWS_LAMBDA_RIE"
"""Names the emulator's program, where it is not the one that was installed here."""
INHERITED: Final = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "TMPDIR")
"""What the function sees of our own environment: no setting of ours, and no credentials."""
LINES_KEPT: Final = 5000
START_SECONDS: Final = 30
GRACE_SECONDS: Final = 5
ATTEMPTS: Final = 3
"""A port that was free may be taken before the emulator listens on it."""

_MACHINES: Final = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
_INIT_REPORT: Final = re.compile(r"INIT REPORT\(durationMs: ([0-9.]+)\)")
_TIMED_OUT: Final = b"Task timed out"


class EmulatorUnavailable(Exception):
    """The emulator cannot be run here; the message says why and what to do."""


class FunctionFailed(Exception):
    """The function gave no result: it raised, ended, took too long, or said too much."""


class Emulator:
    """Runs the function, for one event at a time: the emulator itself ends when it is given two at once.

    Parameters
    ----------
    environment : mapping
        The function's environment variables.
    timeout : int
        Its timeout, seconds.
    handler : str
        Its handler, as Lambda names it.
    wrapper : sequence of str
        A command that the whole is run by, such as one that sets limits first.
    listen : callable, optional
        Is given each line that the function writes, from another thread.

    Attributes
    ----------
    port : int
        Where it listens, on the loopback interface.

    Raises
    ------
    EmulatorUnavailable
        If there is none for this machine.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        timeout: int = 28,
        handler: str = HANDLER,
        wrapper: Sequence[str] = (),
        listen: Callable[[str], None] | None = None,
    ) -> None:
        ours = {name: os.environ[name] for name in INHERITED if name in os.environ}
        self._environment = {**ours, **environment, "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout)}
        self._timeout = timeout
        self._handler = handler
        self._wrapper = tuple(wrapper)
        self._listen = listen
        self._program = program()
        self._one_at_a_time = threading.Lock()
        self._news = threading.Condition()
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._said: deque[str] = deque(maxlen=LINES_KEPT)
        self._inits: deque[float] = deque(maxlen=LINES_KEPT)
        self._reports = 0
        self._process: subprocess.Popen[str] | None = None
        self.port = 0
        self._over = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def lines(self) -> list[str]:
        """What the function wrote, and Lambda's own START, END and REPORT; the last 5,000 lines."""
        with self._news:
            return list(self._lines)

    @property
    def init_milliseconds(self) -> list[float]:
        """How long the function took to initialise, each time that it had to."""
        with self._news:
            return list(self._inits)

    def start(self) -> None:
        """Start the emulator if it does not run; the function itself starts with its first event.

        Raises
        ------
        EmulatorUnavailable
            If it does not listen in time.
        """
        with self._one_at_a_time:
            self._ensure_running()

    def stop(self) -> None:
        """End the emulator, and the function with it, for good."""
        self._over = True
        self._end()

    def invoke(self, event: object) -> dict[str, Any]:
        """Hand the function an event, anything that JSON can say, and return its result.

        Callers wait for each other. An emulator that has ended is started anew.

        Raises
        ------
        FunctionFailed
        EmulatorUnavailable
        """
        with self._one_at_a_time:
            self._ensure_running()
            reports = self._reports
            status, answer = self._post(json.dumps(event).encode())
            if status == http.HTTPStatus.OK:
                with self._news:  # what it wrote arrives by another way than its answer
                    self._news.wait_for(lambda: self._reports > reports, timeout=1)
        return _result(status, answer)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _post(self, body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=self._timeout + START_SECONDS)
        try:
            connection.request("POST", PATH, body)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            self._end()  # whatever is left of it: the next event finds a new one
            raise FunctionFailed(
                f"The emulator did not answer ({type(error).__name__}): {self._last_words()}"
            ) from error
        finally:
            connection.close()

    def _ensure_running(self) -> None:
        if self._over:  # a caller who still waited for his turn must not start it again
            raise EmulatorUnavailable("The emulator was stopped.")
        if self._process and self._process.poll() is None:
            return
        for _ in range(ATTEMPTS):
            if self._listens(self._launch()):
                return
            self._end()
        raise EmulatorUnavailable(f"The Lambda Runtime Interface Emulator did not start: {self._last_words()}")

    def _launch(self) -> subprocess.Popen[str]:
        self.port, runtime_port = _free_ports()
        self._process = process = subprocess.Popen(
            [
                *self._wrapper,
                *(str(self._program), "--log-level", "info"),
                # Left to itself it listens on every interface.
                *("--runtime-interface-emulator-address", f"{HOST}:{self.port}"),
                *("--runtime-api-address", f"{HOST}:{runtime_port}"),
                *(sys.executable, "-m", "awslambdaric", self._handler),
            ],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C in the terminal is for us, who stop it in good order
        )
        for stream, take in ((process.stdout, self._take_line), (process.stderr, self._take_word)):
            threading.Thread(target=_read, args=(stream, take), daemon=True).start()
        return process

    def _listens(self, process: subprocess.Popen[str]) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex((HOST, self.port)) == 0:
                    return True
            time.sleep(0.01)
        return False

    def _take_line(self, line: str) -> None:
        with self._news:
            self._lines.append(line)
            self._reports += line.startswith("REPORT RequestId: ")
            self._news.notify_all()
        if self._listen:
            self._listen(line)

    def _take_word(self, word: str) -> None:
        with self._news:
            self._said.append(word)
            if found := _INIT_REPORT.search(word):
                self._inits.append(float(found[1]))

    def _last_words(self) -> str:
        with self._news:
            return "\n".join([*self._said, *self._lines][-20:])


def program() -> Path:
    """Find the emulator's program.

    Raises
    ------
    EmulatorUnavailable
    """
    machine = _MACHINES.get(platform.machine().lower())
    if sys.platform != "linux" or machine is None:
        raise EmulatorUnavailable(
            "The Lambda Runtime Interface Emulator is a program for Linux on x86_64 and ARM. "
            "Elsewhere, run `make aws-local` in a Linux container or virtual machine; `make run` serves everywhere."
        )
    named = os.environ.get(PROGRAM_VARIABLE)
    installed = Path(sys.prefix) / "emulator" / "samcli" / "local" / "rapid" / f"aws-lambda-rie-{machine}"
    found = Path(named) if named else installed
    if not found.is_file():
        raise EmulatorUnavailable(
            f"There is no Lambda Runtime Interface Emulator at {found}. "
            f"`make aws-local` installs it; {PROGRAM_VARIABLE} names one that lies elsewhere."
        )
    if not os.access(found, os.X_OK):
        found.chmod(found.stat().st_mode | 0o111)  # a wheel does not keep that it may be run
    return found


def _free_ports() -> tuple[int, int]:
    with socket.create_server((HOST, 0)) as one, socket.create_server((HOST, 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def _read(stream: IO[str], take: Callable[[str], None]) -> None:
    with stream:
        for line in stream:
            take(line.rstrip("\n"))


def _result(status: int, answer: bytes) -> dict[str, Any]:
    if answer.startswith(_TIMED_OUT):  # with status 200, as the emulator has it
        raise FunctionFailed(answer.decode())
    try:
        result = json.loads(answer)
    except ValueError:
        result = None
    if status != http.HTTPStatus.OK or not isinstance(result, dict):
        raise FunctionFailed(f"Status {status}: {answer[:500].decode(errors='replace')}")
    if "errorType" in result:
        raise FunctionFailed(f"{result['errorType']}: {result.get('errorMessage', '')}")
    return result
