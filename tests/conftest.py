"""Fixtures that every test may ask for, and the one rule about what may be missing.

Films or a system program that a laptop lacks skip the tests that need them, and the skip names what is missing.
Where ``CI`` is ``true`` a missing program is a failure: what is never run there is never proven.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from infra.local.emulator import EmulatorUnavailable, program
from tests import films

if TYPE_CHECKING:
    from tests.buckets import Bucket

ROOT = Path(__file__).resolve().parent.parent
# Looked up before any test shields itself from the settings of whoever runs it.
FILMS = Path(os.environ.get("FRACTURELENS_DATA") or ROOT.parent / "shared" / "data" / "fracatlas")


def _do_without(what: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}, and CI=true demands it (.ci/run installs what the tests need)")
    pytest.skip(what)


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def need_program() -> Callable[..., Path]:
    """Return a function that finds a system program: ``need_program("chromium", "google-chrome")`` takes the first."""

    def find(name: str, *or_else: str) -> Path:
        for candidate in (name, *or_else):
            if found := shutil.which(candidate):
                return Path(found)
        _do_without(f"{' or '.join((name, *or_else))} is not installed")

    return find


@pytest.fixture(scope="session")
def need_emulator() -> None:
    """Ask for the Lambda Runtime Interface Emulator, which runs on Linux."""
    try:
        program()
    except EmulatorUnavailable as error:
        _do_without(str(error))


@pytest.fixture(scope="session")
def fracatlas() -> Path:
    """Return the folder of the prepared FracAtlas films: ``FRACTURELENS_DATA``, else ``../shared/data/fracatlas``."""
    if not (FILMS / "manifest.csv").is_file():
        pytest.skip("FracAtlas is not at hand: set FRACTURELENS_DATA to the folder that holds its manifest.csv")
    return FILMS


@pytest.fixture(scope="session")
def film() -> bytes:
    """Return a well-formed synthetic film, as an 8-bit PNG of 192 x 256 pixels."""
    return films.encoded(films.bone())


@pytest.fixture(scope="session")
def _first_bucket() -> Iterator[Bucket]:
    from tests import buckets  # moto takes more than a second to import

    with buckets.moto() as first:
        yield first


@pytest.fixture
def bucket(_first_bucket: Bucket) -> Bucket:
    """Return a new, empty bucket of moto's; its store is ``bucket.store()``."""
    from tests import buckets

    return buckets.another(_first_bucket)
