"""Checkpoints away from the machine that trains: the folder of runs as it is after an epoch, file by file.

A checkpoint is a list of files with their SHA-256, under a name that holds the list's own; files lie under theirs, so
that what has not changed since the checkpoint before is not sent again::

    checkpoints/000007-<SHA-256 of the list>.json
    files/<SHA-256>
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from training.job import places
from training.job.log import say
from training.job.places import Entry, Place

Files = dict[str, dict[str, Any]]

KEPT: Final = 3
"""Checkpoints that stay: the newest, and two to fall back to."""
MAX_LIST_BYTES: Final = 4 * 1024 * 1024
_NAME: Final = re.compile(r"checkpoints/(\d{6,})-([0-9a-f]{64})\.json")
_PASSING: Final = re.compile(r"\.bkp$|\.partial|^\.")
"""Files that a run can do without: Keras's second copies, and what is half written."""


class Damaged(Exception):
    """A checkpoint is not what its digests say."""


@dataclass(frozen=True, slots=True)
class Record:
    """A checkpoint's list, by its name: which one it is, and the SHA-256 that it must have."""

    number: int
    sha256: str
    entry: Entry


class Checkpoints:
    """The checkpoints of one job.

    Parameters
    ----------
    place
        Where they are kept.
    runs
        The folder that they are of.
    """

    def __init__(self, place: Place, runs: Path) -> None:
        self._place = place
        self._runs = runs
        self._there: set[str] = set()
        self._number = 0
        self._last = ""

    def restore(self) -> int | None:
        """Make the folder what the newest whole checkpoint says, and return that one's number.

        Without one the folder is left as it is. A damaged one is told of, and the one before it is taken.

        Raises
        ------
        PlaceError
        """
        held = {entry.key: entry for entry in self._place.entries()}
        records = _records(held)
        self._number = records[0].number if records else 0
        for record in records:
            try:
                self._fetch(self._files(record), held)
            except Damaged as error:
                say(
                    f"checkpoint {record.number} is damaged and not used: {error}",
                    level="warning", step="resume", checkpoint=record.number,
                )  # fmt: skip
                continue
            say(f"resumed from checkpoint {record.number}", step="resume", checkpoint=record.number)
            return record.number
        return None

    def save(self) -> None:
        """Keep the folder as it is now, unless the newest checkpoint says the same.

        Raises
        ------
        PlaceError
        """
        files = {}
        for path in sorted(self._runs.rglob("*")):
            if path.is_file() and not _PASSING.search(path.name):
                digest = _sha256(path)
                files[path.relative_to(self._runs).as_posix()] = {"sha256": digest, "bytes": path.stat().st_size}
                if digest not in self._there:
                    self._place.put(f"files/{digest}", path)
                    self._there.add(digest)
        content = json.dumps({"files": files}, sort_keys=True).encode()
        digest = hashlib.sha256(content).hexdigest()
        if files and digest != self._last:
            self._place.put(f"checkpoints/{self._number + 1:06d}-{digest}.json", content)
            self._number += 1
            self._last = digest
            self._prune()

    def _files(self, record: Record) -> Files:
        """Return the files that a checkpoint lists.

        Raises
        ------
        Damaged
        """
        if record.entry.size > MAX_LIST_BYTES:
            raise Damaged("its list is too long")
        content = self._place.read(record.entry.key, MAX_LIST_BYTES)
        if hashlib.sha256(content).hexdigest() != record.sha256:
            raise Damaged("its list is not the one that was written")
        files: Files = json.loads(content)["files"]
        if any(places.path_of(name) is None for name in files):
            raise Damaged("its list names a file elsewhere")
        return files

    def _fetch(self, files: Files, held: dict[str, Entry]) -> None:
        """Put files in the place of those that are there, once all of them are whole.

        Raises
        ------
        Damaged
        """
        staged = self._runs.with_name(f"{self._runs.name}.restoring")
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(parents=True)
        for name, said in files.items():
            entry = held.get(f"files/{said['sha256']}")
            if entry is None or entry.size != said["bytes"]:
                raise Damaged(f"a file of {said['bytes']:,} bytes is not there, or not as long")
            path = staged / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                if self._place.fetch(entry, file) != said["sha256"]:
                    raise Damaged(f"a file of {said['bytes']:,} bytes is not the one that was written")
        shutil.rmtree(self._runs, ignore_errors=True)
        staged.replace(self._runs)
        self._there = {said["sha256"] for said in files.values()}

    def _prune(self) -> None:
        """Remove what only checkpoints before the last few need."""
        held = {entry.key: entry for entry in self._place.entries()}
        records = _records(held)
        needed: set[str] = set()
        for record in records[:KEPT]:
            with contextlib.suppress(Damaged):
                needed |= {f"files/{said['sha256']}" for said in self._files(record).values()}
        for record in records[KEPT:]:
            self._place.delete(record.entry.key)
        for key in held:
            if key.startswith("files/") and key not in needed:
                self._place.delete(key)
                self._there.discard(key.removeprefix("files/"))


def _records(held: dict[str, Entry]) -> list[Record]:
    """Return the checkpoints among what a place holds, newest first."""
    named = [(_NAME.fullmatch(key), entry) for key, entry in held.items()]
    records = [Record(int(name[1]), name[2], entry) for name, entry in named if name]
    return sorted(records, key=lambda record: record.number, reverse=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
