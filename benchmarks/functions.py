"""Starts a Lambda function in the Runtime Interface Emulator, sends it a film, and asks the system what it took."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from starlette.requests import Request

from infra.local import resources, system
from infra.local.child import Child
from infra.local.emulator import Emulator
from infra.local.events import Api, Caller, Route, answer_of, event_of

REPORT = re.compile(r"^REPORT .*\tDuration: ([0-9.]+) ms", re.MULTILINE)
CALLER = Caller({"sub": "benchmark", "token_use": "access", "cognito:groups": ["clinician"]}, ["openid"])
PATIENCE_S = 300
"""How long a function may take. Lambda's own limit would not do: the usual way may start longer than that."""


@dataclass(slots=True)
class Function:
    """A function that runs, or will as soon as it is asked."""

    emulator: Emulator

    def read(self, film: bytes) -> tuple[dict[str, Any], float]:
        """Send a film for a reading with one heatmap; return the assessment, and how long it took, milliseconds."""
        asked = event(film)
        start = time.perf_counter()
        result = self.emulator.invoke(asked)
        milliseconds = (time.perf_counter() - start) * 1000
        answer = answer_of(result)
        if answer.status_code != 200:
            raise RuntimeError(f"the function answered {answer.status_code}: {bytes(answer.body)[:300]!r}")
        assessment: dict[str, Any] = json.loads(bytes(answer.body))
        return assessment, milliseconds

    def billed_ms(self) -> list[float]:
        """Return the durations that the emulator has reported, one for each event, milliseconds."""
        return [float(found) for found in REPORT.findall("\n".join(self.emulator.lines))]

    def cpu_ms(self) -> float | None:
        """Return the processor time that the process has taken so far (proc(5)), milliseconds; None outside Linux."""
        stat = Path(f"/proc/{self._process().pid}/stat")
        if not stat.is_file():
            return None
        user, system = stat.read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) * 1000 / os.sysconf("SC_CLK_TCK")

    def read_megabytes(self) -> float | None:
        """Return what the process has had read from the disk so far (proc(5)), 10^6 bytes; None outside Linux."""
        io = Path(f"/proc/{self._process().pid}/io")
        if not io.is_file():
            return None
        fields = dict(line.split(": ") for line in io.read_text().splitlines())
        return int(fields["read_bytes"]) / 1e6

    def peak_megabytes(self) -> float | None:
        """Return the most memory that the process ever held (VmHWM of proc(5)), 10^6 bytes; None outside Linux."""
        status = Path(f"/proc/{self._process().pid}/status")
        if not status.is_file():
            return None
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6

    def _process(self) -> psutil.Process:
        """Return the function's process: the emulator's only child, which its container would hold."""
        for child in psutil.Process().children(recursive=True):
            command = child.cmdline()
            if command[:3] == [sys.executable, "-m", "awslambdaric"]:
                return child
        raise RuntimeError("the function does not run")


@contextmanager
def cloud() -> Iterator[dict[str, str]]:
    """Run what stands in for AWS; return the environment of a function that is to use it."""
    with Child("AWS (moto)", [sys.executable, "-m", "infra.local.cloud"]) as server:
        origin = "http://127.0.0.1:8000"
        yield system.environment(resources.make(server.first_line(), [origin]), [origin])


@contextmanager
def function(handler: str, environment: Mapping[str, str], folder: Path) -> Iterator[Function]:
    """Start an emulator for a handler in a folder, on one processor; its function starts with the first event."""
    there = ("env", f"--chdir={folder}")
    with _one_processor(), Emulator(environment, handler=handler, timeout=PATIENCE_S, wrapper=there) as emulator:
        yield Function(emulator)


@contextmanager
def _one_processor() -> Iterator[None]:
    """Let what is started here have one processor, as 1,769 MB of memory buy at Lambda; where the system can do so."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    all_of_them = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(all_of_them)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_of_them)


def event(film: bytes) -> dict[str, Any]:
    """Return the event for a film, as API Gateway would make it."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": "/v1/assessments",
        "query_string": b"heatmaps=predicted",
        "headers": [(b"content-type", b"image/jpeg")],
        "client": ("192.0.2.1", 0),
        "server": ("localhost", 443),
    }
    route = Route("ANY /v1/{proxy+}", {"proxy": "assessments"})
    return event_of(Request(scope), film, api=Api(), route=route, caller=CALLER)
