"""Builds and runs images with buildah and podman: no Docker engine, nothing listening, nothing fetched but packages."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.image.packages import Source

STORAGE = ("--storage-driver", "overlay")
BUILDAH = ("buildah", *STORAGE)
PODMAN = ("podman", *STORAGE, "--runtime", "runc", "--cgroup-manager", "cgroupfs")
GUARDED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
MEMORY = ("--memory", "512m", "--memory-swap", "512m")
LIMITS = ("--ulimit", "nofile=1024:4096", "--ulimit", "nproc=1024:1024")

SUITE = "bookworm"
PACKAGES = "ca-certificates,python3,python3-pip"


def debian(work: Path) -> str:
    """Return the name of a small Debian with Python and pip; made once, then kept among the machine's images."""
    name = f"localhost/fracturelens-base:{hashlib.sha256(f'{SUITE} {PACKAGES}'.encode()).hexdigest()[:12]}"
    if subprocess.run([*PODMAN, "image", "exists", name], check=False).returncode:
        root = work / "root"
        packages = f"--include={PACKAGES}"
        _run("debootstrap", "--variant=minbase", packages, SUITE, str(root), *_mirror())
        (work / "Dockerfile").write_text("FROM scratch\nCOPY root/ /\n")
        (work / ".dockerignore").write_text("root/var/cache/apt/*\nroot/var/lib/apt/lists/*\n")
        _run(*BUILDAH, "bud", "--isolation", "chroot", "--tag", name, str(work))
        _run("rm", "-rf", "--one-file-system", str(root))
    return name


def _mirror() -> list[str]:
    """Return the mirror that this machine's apt has the suite from; none if this is another system."""
    if not shutil.which("apt-get"):
        return []
    known = _run("apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages")
    return [uri for release, uri in (line.split() for line in known.splitlines()) if release == SUITE][:1]


@contextmanager
def built(file: str, *, base: str, context: Path, work: Path) -> Iterator[str]:
    """Build an image on a base, and forget it in the end; return its name. Steps made before are not made again.

    In Docker's format: the other one knows no health check.
    """
    name = f"localhost/fracturelens-test:{secrets.token_hex(8)}"
    source = Source.of_this_machine()
    secret = work / "pip.conf"
    source.write(secret)
    volumes = [word for folder in source.folders for word in ("--volume", f"{folder}:{folder}:ro")]
    _run(
        *BUILDAH, "bud", "--layers", "--format", "docker", "--isolation", "chroot", "--network", "host", "--pull-never",
        *volumes, "--secret", f"id=pip,src={secret}", "--build-arg", f"BASE_IMAGE={base}", "--tag", name,
        "--file", str(context / file), str(context),
    )  # fmt: skip
    try:
        yield name
    finally:
        # The steps that it was made of stay for the next build.
        _run(*PODMAN, "image", "rm", "--no-prune", name)


def inspect(image: str) -> dict[str, Any]:
    """Return what an image says of itself: its configuration, labels, layers and history."""
    said: dict[str, Any] = json.loads(_run(*PODMAN, "image", "inspect", image))[0]
    return said


def differences(image: str, base: str) -> list[str]:
    """Return the paths in which an image differs from the one that it stands on."""
    return [line.split(maxsplit=1)[1] for line in _run(*PODMAN, "image", "diff", image, base).splitlines()]


@contextmanager
def mounted(image: str) -> Iterator[Path]:
    """Return a folder that shows what is in an image."""
    folder = _run(*PODMAN, "image", "mount", image).strip()
    try:
        yield Path(folder)
    finally:
        _run(*PODMAN, "image", "unmount", image)


@contextmanager
def running(
    image: str, command: Sequence[str], *, environment: Mapping[str, str], volumes: Mapping[Path, str]
) -> Iterator[str]:
    """Run a command in a container that may do nothing but compute, on the host's loopback; return its id.

    Parameters
    ----------
    volumes
        Files of this machine, and where the container sees them, read-only.
    """
    options = [word for name, value in environment.items() for word in ("--env", f"{name}={value}")]
    options += [word for file, place in volumes.items() for word in ("--volume", f"{file}:{place}:ro")]
    container = _run(
        *PODMAN, "run", "--detach", "--pull", "never", "--network", "host", *LIMITS, *options,
        *GUARDED, *MEMORY, "--entrypoint", json.dumps([command[0]]), image, *command[1:],
    ).strip()  # fmt: skip
    try:
        yield container
    finally:
        _run(*PODMAN, "rm", "--force", "--time", "0", container)


def podman(*words: str) -> str:
    """Run podman, and return what it says; ``RuntimeError`` if it fails."""
    return _run(*PODMAN, *words)


def execute(container: str, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a running container, as its user."""
    return subprocess.run(
        [*PODMAN, "exec", container, *command], capture_output=True, text=True, check=False, timeout=60
    )


def logs(container: str) -> str:
    """Return what a container has printed so far."""
    done = subprocess.run([*PODMAN, "logs", container], capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(
            f"{' '.join(command[:3])} … ended with {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}"
        )
    return done.stdout
