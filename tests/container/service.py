"""A container of the service: read-only, without rights, with 512 MB, and with a volume of its own."""

from __future__ import annotations

import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx

from tests.image import containers
from tests.image.conftest import await_listener, free_port

PATIENCE_SECONDS = 60
GRACE_SECONDS = 40
"""What ``container/compose.yaml`` gives the service to finish."""
TMP = "/tmp:size=32m,mode=1777"  # noqa: S108 - in the container


@dataclass(frozen=True, slots=True)
class Service:
    """A container, the port of the loopback interface that it serves on, and where its volume is on this machine."""

    container: str
    port: int
    volume: Path

    @classmethod
    @contextmanager
    def started(cls, image: str, **environment: str) -> Iterator[Self]:
        """Run an image's own command, with a new volume for what it keeps, and wait until it is ready."""
        port, volume = free_port(), f"fracturelens-{secrets.token_hex(8)}"
        here = {"FRACTURELENS_HOST": "127.0.0.1", "FRACTURELENS_PORT": str(port)}
        variables = [word for name, value in (here | environment).items() for word in ("--env", f"{name}={value}")]
        containers.podman("volume", "create", volume)
        container = containers.podman(
            "run", "--detach", "--pull", "never", "--network", "host", "--health-interval", "disable",
            *containers.LIMITS, *containers.GUARDED, *containers.MEMORY,
            "--read-only-tmpfs=false", "--tmpfs", TMP, "--volume", f"{volume}:/data",
            *variables, image,
        ).strip()  # fmt: skip
        try:
            place = containers.podman("volume", "inspect", "--format", "{{.Mountpoint}}", volume).strip()
            service = cls(container, port, Path(place))
            service.await_answers()
            yield service
        finally:
            containers.podman("rm", "--force", "--time", "0", container)
            containers.podman("volume", "rm", volume)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self) -> httpx.Client:
        """Return a client of the service."""
        return httpx.Client(base_url=self.address, timeout=PATIENCE_SECONDS)

    def await_answers(self) -> None:
        """Wait until the service answers; its socket listens before the model is loaded."""
        await_listener(self.port, self.container)
        with self.client() as client:
            client.get("/healthz").raise_for_status()

    def ask_to_stop(self) -> subprocess.Popen[bytes]:
        """Do what ``docker stop`` does: SIGTERM, and SIGKILL if the grace time is over; return the running command."""
        stop = [*containers.PODMAN, "stop", "--time", str(GRACE_SECONDS), self.container]
        return subprocess.Popen(stop, stdout=subprocess.DEVNULL)

    def kill(self) -> None:
        """End it as a power cut would, without a word."""
        containers.podman("kill", "--signal", "KILL", self.container)
        containers.podman("wait", self.container)

    def start_again(self) -> None:
        """Start the container once more, on the same volume."""
        containers.podman("start", self.container)
        self.await_answers()

    def exit_code(self) -> int:
        """Return what a container that has ended ended with."""
        return int(containers.podman("inspect", "--format", "{{.State.ExitCode}}", self.container))

    def log_lines(self) -> list[str]:
        """Return what it wrote to standard error."""
        done = subprocess.run([*containers.PODMAN, "logs", self.container], capture_output=True, text=True, check=True)
        return done.stderr.splitlines()

    def readings(self) -> set[str]:
        """Return the ids of the readings in the volume; files still being written have none."""
        return {path.name for path in (self.volume / "readings").iterdir() if not path.name.startswith(".")}

    def await_refusal(self) -> None:
        """Wait until no connection is taken any more."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                httpx.get(f"{self.address}/healthz", timeout=PATIENCE_SECONDS)
            except httpx.TransportError:
                return
            time.sleep(0.01)
        raise TimeoutError("connections are still taken")
