"""The Lambda's image, built once for all tests, and a container of it with S3 at hand."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from infra.local import resources
from infra.local.emulator import program
from infra.local.events import Event, answer_of
from tests.image import containers
from tests.image.storage import storage

BUCKET = "films"
PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Image:
    """The image: its name, and that of the base it stands on."""

    name: str
    base: str


@dataclass(frozen=True, slots=True)
class Lambda:
    """A running container whose Lambda answers events."""

    container: str
    port: int

    def __call__(self, event: Event) -> httpx.Response:
        """Invoke the Lambda, as API Gateway would, and return the HTTP answer."""
        address = f"http://127.0.0.1:{self.port}/2015-03-31/functions/function/invocations"
        result = httpx.post(address, json=event, timeout=PATIENCE_SECONDS).raise_for_status().json()
        answer = answer_of(result)
        return httpx.Response(answer.status_code, content=bytes(answer.body))


@pytest.fixture(scope="session")
def base(need_program: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the name of an image with Python and pip to build on."""
    for name in ("buildah", "podman", "runc", "debootstrap"):
        need_program(name)
    if os.geteuid():
        pytest.skip("only root can make a base with debootstrap and mount images")
    return containers.debian(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="session")
def image(base: str, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """Build the Lambda's image from this checkout."""
    work = tmp_path_factory.mktemp("image")
    with containers.built("lambda_fn/Dockerfile", base=base, context=root, work=work) as name:
        yield Image(name, base)


@pytest.fixture(scope="session")
def cloud() -> Iterator[str]:
    """Start S3 with an empty bucket for films; return where it is."""
    with storage(BUCKET) as started:
        yield started.address


@pytest.fixture(scope="session")
def function(image: Image, cloud: str) -> Iterator[Lambda]:
    """Run the image as Lambda does: its own command under the Runtime Interface Emulator, and hardly any rights."""
    emulator = program()
    config = containers.inspect(image.name)["Config"]
    port, runtime = free_port(), free_port()
    command = [
        "/usr/local/bin/aws-lambda-rie",
        *("--runtime-interface-emulator-address", f"127.0.0.1:{port}", "--runtime-api-address", f"127.0.0.1:{runtime}"),
        *config["Entrypoint"],
        *config["Cmd"],
    ]
    with containers.running(
        image.name, command, environment=environment(cloud), volumes={emulator: command[0]}
    ) as container:
        await_listener(port, container)
        yield Lambda(container, port)


def environment(cloud: str) -> dict[str, str]:
    """Return what the deployed Lambda is told, with S3 at an address of this machine."""
    return {
        **resources.CREDENTIALS,
        "AWS_REGION": resources.REGION,
        "AWS_DEFAULT_REGION": resources.REGION,
        "AWS_ENDPOINT_URL_S3": cloud,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "28",
        "FRACTURELENS_STORE": f"s3://{BUCKET}",
        "FRACTURELENS_RETENTION_HOURS": "24",
        "FRACTURELENS_HOSTS": "*",
        "FRACTURELENS_DIRECT_MAX_MB": "4.25",
        "FRACTURELENS_INSTANCES": "1",
        "FRACTURELENS_QUEUE": "0",
        "POWERTOOLS_SERVICE_NAME": "fracturelens-test",
        "POWERTOOLS_METRICS_NAMESPACE": "Fracturelens",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def await_listener(port: int, container: str) -> None:
    """Wait until something takes connections."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}:\n{containers.logs(container)[-3000:]}")
