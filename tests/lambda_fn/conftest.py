"""The function in AWS's own Runtime Interface Emulator, with S3 by moto, and one S3 that can be made to fail."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pytest

from infra.local.emulator import Emulator
from tests import buckets, films
from tests.lambda_fn.events import Answer
from tests.lambda_fn.storage import Storage, storage

SERVICE: Final = "fracturelens-test"
ENVIRONMENT: Final = {
    "FRACTURELENS_RETENTION_HOURS": "24",
    "FRACTURELENS_HOSTS": "*",
    "FRACTURELENS_ORIGINS": "https://page.example",
    "FRACTURELENS_DIRECT_MAX_MB": "4.25",
    "FRACTURELENS_INSTANCES": "1",
    "FRACTURELENS_QUEUE": "0",
    "POWERTOOLS_SERVICE_NAME": SERVICE,
    "POWERTOOLS_METRICS_NAMESPACE": "Fracturelens",
    "POWERTOOLS_LOG_LEVEL": "INFO",
}
"""The variables of the deployed function."""


@dataclass(frozen=True)
class Written:
    """What the function wrote during some events."""

    lines: list[str]

    @property
    def logs(self) -> list[dict[str, Any]]:
        return [line for line in self._json() if "message" in line]

    @property
    def metrics(self) -> dict[str, list[float]]:
        """Return the values of each metric, of the embedded metric format's lines."""
        found: dict[str, list[float]] = {}
        for line in self._json():
            for declared in line.get("_aws", {}).get("CloudWatchMetrics", ()):
                assert (declared["Namespace"], declared["Dimensions"]) == ("Fracturelens", [["service"]])
                assert line["service"] == SERVICE
                for metric in declared["Metrics"]:
                    found.setdefault(metric["Name"], []).extend(line[metric["Name"]])
        return found

    @property
    def units(self) -> dict[str, str]:
        declared = [part for line in self._json() for part in line.get("_aws", {}).get("CloudWatchMetrics", ())]
        return {metric["Name"]: metric["Unit"] for part in declared for metric in part["Metrics"]}

    def _json(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines if line.startswith("{")]


class Function:
    """The function, running; called with an event it gives the answer that a client gets."""

    def __init__(self, emulator: Emulator, bucket: buckets.Bucket) -> None:
        self.emulator = emulator
        self.bucket = bucket

    def __call__(self, event: object) -> Answer:
        return Answer.of(self.emulator.invoke(event))

    def kept(self) -> list[str]:
        """Return the keys of what its bucket holds."""
        return self.bucket.keys()

    @contextmanager
    def writing(self) -> Iterator[Written]:
        """Give what it writes inside the block, once the block is over."""
        before = len(self.emulator.lines)
        written = Written([])
        yield written
        written.lines.extend(self.emulator.lines[before:])


Start = Callable[..., AbstractContextManager[Function]]


@pytest.fixture(scope="session")
def cloud(need_emulator: None) -> Iterator[buckets.Bucket]:
    """Start moto's S3."""
    with buckets.moto() as bucket:
        yield bucket


@pytest.fixture(scope="session")
def start(cloud: buckets.Bucket) -> Start:
    """Return a context manager that runs the function on a new bucket."""

    @contextmanager
    def run(*, endpoint: str = cloud.endpoint, **changes: Any) -> Iterator[Function]:
        options = {name: changes.pop(name) for name in ("timeout", "wrapper") if name in changes}
        bucket = buckets.another(cloud)
        environment = {
            **ENVIRONMENT,
            **buckets.CREDENTIALS,
            "AWS_ENDPOINT_URL": endpoint,
            "FRACTURELENS_STORE": f"s3://{bucket.name}",
            **changes,
        }
        with Emulator(environment, **options) as emulator:
            yield Function(emulator, bucket)

    return run


@pytest.fixture(scope="session")
def function(start: Start) -> Iterator[Function]:
    """Run the function, with all in order: one for all tests that need no other."""
    with start() as running:
        yield running


@pytest.fixture(scope="session")
def broken(cloud: buckets.Bucket) -> Iterator[Storage]:
    """Put a proxy in front of S3 that can be made to fail."""
    with storage(cloud.endpoint) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def large() -> bytes:
    """Return a film of 4.4 MB: as much as fits into an event."""
    return noise(2098)


def noise(side: int) -> bytes:
    """Return a square film of nothing but grain, which no compression makes smaller: as many bytes as pixels."""
    grain = np.random.default_rng(0).random((side, side), dtype=np.float32)
    return films.encoded(grain, compress_level=0)
