"""What the tests of the job share: a tiny recipe, a job in a process of its own, and what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.buckets import CREDENTIALS, Bucket

PATIENCE_SECONDS = 300
TINY: dict[str, Any] = {
    "stages": [{"input_size": 32, "epochs": 2, "rate": 1e-3, "head_only": True}],
    "output_stride": 32,
    "alpha": 0.35,
    "batch_size": 8,
    "epoch_films": 16,
    "seed": 5,
}

Line = dict[str, Any]


class Child:
    """``python -m training job`` in a process of its own, whose log goes to a file."""

    def __init__(self, root: Path, log: Path, *words: str | Path, environment: Mapping[str, str] | None = None) -> None:
        self._log = log
        command = [sys.executable, "-m", "training", "job", *map(str, words)]
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "FRACTURELENS_"))
        }
        with log.open("w") as said:
            self.process = subprocess.Popen(
                command, cwd=root, stdout=subprocess.DEVNULL, stderr=said, env={**inherited, **(environment or {})}
            )

    def lines(self) -> list[Line]:
        """Return what the job has said so far."""
        return said(self._log.read_text())

    def await_line(self, wanted: Callable[[Line], bool]) -> None:
        """Wait until the job has said something."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not any(wanted(line) for line in self.lines()):
            assert self.process.poll() is None, self._log.read_text()[-3000:]
            assert time.monotonic() < deadline, self._log.read_text()[-3000:]
            time.sleep(0.05)

    def status(self) -> int:
        """Wait until the job ends; return its exit status."""
        return self.process.wait(PATIENCE_SECONDS)


def said(log: str) -> list[Line]:
    """Return the objects in a log that other programs write to as well."""
    return [json.loads(line) for line in log.splitlines() if line.startswith("{") and line.endswith("}")]


def epochs(lines: list[Line]) -> list[tuple[str, int]]:
    """Return the epochs that were trained: network and number."""
    return [(line["network"], line["epoch"]) for line in lines if "epoch" in line]


def environment(bucket: Bucket) -> dict[str, str]:
    """Return what a process needs to find moto's S3."""
    return {**CREDENTIALS, "AWS_ENDPOINT_URL_S3": bucket.endpoint}


def upload(bucket: Bucket, folder: Path, prefix: str) -> None:
    """Put a folder into a bucket."""
    for path in folder.rglob("*"):
        if path.is_file():
            bucket.write(f"{prefix}/{path.relative_to(folder).as_posix()}", path.read_bytes())
