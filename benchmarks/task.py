"""Makes the folder from which the Lambda runs, as its image does, from the packages that are installed here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements" / "lambda.txt"
TRIM = ROOT / "lambda_fn" / "trim.sh"
OURS = ("fracturelens", "lambda_fn")


def make(folder: Path) -> None:
    """Fill a folder with what ``lambda_fn/Dockerfile`` puts into ``/var/task``: locked, trimmed and compiled.

    Raises
    ------
    RuntimeError
        If a locked package is not installed.
    """
    for name in re.findall(r"^([A-Za-z0-9._-]+)==", LOCK.read_text(), re.MULTILINE):
        _copy_package(name, folder)
    _run("sh", str(TRIM), str(folder))
    for name in OURS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    _run(sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(folder))


def _copy_package(name: str, folder: Path) -> None:
    try:
        installed = distribution(name)
    except PackageNotFoundError:
        raise RuntimeError(f"{name} is locked in {LOCK.name} but not installed: make test installs it") from None
    for file in installed.files or ():
        source = Path(str(installed.locate_file(file)))
        # Commands lie outside, and byte code is made anew.
        if ".." not in file.parts and "__pycache__" not in file.parts and source.is_file():
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:3])} ended with {done.returncode}:\n{done.stderr[-2000:]}")
