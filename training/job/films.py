"""Films from a bucket into a folder: only what a data set may hold, bounded, and nothing that is there already."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

from training.datasets import DataError, Dataset, Film
from training.datasets.folder import SUFFIXES
from training.job import places
from training.job.log import say
from training.job.places import Entry, Place

TAKEN: Final = SUFFIXES | {".csv", ".json"}
MAX_OBJECTS: Final = 200_000
MAX_OBJECT_BYTES: Final = 256 * 1024 * 1024
MAX_TOTAL_BYTES: Final = 200 * 1024**3
AT_ONCE: Final = 8


def fetch(data: str, folder: Path, check: Callable[[], None]) -> Path:
    """Return where the films of ``data`` lie: the place itself if it is a folder or a table, else below ``folder``.

    What is there with the same size and ETag is not fetched again, and what the bucket no longer holds is removed.
    Objects with other endings, or whose key is no plain path, are left out.

    Parameters
    ----------
    data
        A folder, a CSV file, or ``s3://bucket/prefix`` of either.
    check
        Called between films; what it raises ends the fetching, and the next call goes on.

    Raises
    ------
    DataError
        If there is nothing to fetch, or more than a job takes.
    PlaceError
    """
    if not data.startswith(places.SCHEME):
        return Path(data)
    name, table = data.rpartition("/")[::2] if data.lower().endswith(".csv") else (data, "")
    place = places.at(name)
    root = folder / hashlib.sha256(name.encode()).hexdigest()[:12]
    wanted = _wanted(place, Path(data))
    known = _Known.read(root.with_suffix(".json"))
    _remove_others(root, wanted)

    def take(entry: Entry) -> int:
        check()
        return _take(place, entry, root, known)

    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            fetched = list(pool.map(take, wanted))
    finally:
        known.write()
    say(
        f"{len(wanted):,} objects of the data set are here, {sum(map(bool, fetched)):,} of them fetched now",
        step="films", objects=len(wanted), fetched=sum(map(bool, fetched)), bytes=sum(fetched),
    )  # fmt: skip
    return root / table if table else root


def _wanted(place: Place, named: Path) -> list[Entry]:
    """Return what to fetch, within bounds."""
    wanted: list[Entry] = []
    other = unsafe = total = 0
    for entry in place.entries():
        if entry.key.endswith("/"):
            continue
        if (path := places.path_of(entry.key)) is None:
            unsafe += 1
        elif path.suffix.lower() not in TAKEN or path.name.startswith("."):
            other += 1
        else:
            total += entry.size
            wanted.append(entry)
            if len(wanted) > MAX_OBJECTS or entry.size > MAX_OBJECT_BYTES or total > MAX_TOTAL_BYTES:
                raise DataError(
                    named,
                    f"a job takes at most {MAX_OBJECTS:,} objects, {MAX_OBJECT_BYTES // 1024**2} MiB each and "
                    f"{MAX_TOTAL_BYTES // 1024**3} GiB together; this is more",
                )
    if other or unsafe:
        say(
            f"left out: {other:,} objects with other endings, {unsafe:,} whose key is no plain path",
            level="warning", step="films", other=other, unsafe=unsafe,
        )  # fmt: skip
    if not wanted:
        raise DataError(named, "there is no film under this prefix")
    names = {entry.key for entry in wanted}
    for entry in wanted:
        if any(parent.as_posix() in names for parent in PurePosixPath(entry.key).parents):
            raise DataError(named, "a key is both an object and a folder of others; a folder cannot hold both")
    return wanted


def _remove_others(root: Path, wanted: list[Entry]) -> None:
    """Remove films that were withdrawn: what is not in the bucket is not trained on."""
    kept = {root / entry.key for entry in wanted}
    for path in root.rglob("*"):
        if path.is_symlink() or (path.is_file() and path not in kept):
            path.unlink()


def _take(place: Place, entry: Entry, root: Path, known: _Known) -> int:
    """Fetch an object unless it is there; return how many bytes were fetched."""
    path = root / entry.key
    if known.has(entry) and path.is_file() and path.stat().st_size == entry.size:
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".fetching-", delete=False) as partial:
        try:
            place.fetch(entry, partial)  # type: ignore[arg-type]
            partial.close()
            Path(partial.name).replace(path)
        except BaseException:
            Path(partial.name).unlink(missing_ok=True)
            raise
    known.add(entry)
    return entry.size


class _Known:
    """The sizes and ETags of what was fetched, kept beside the folder."""

    def __init__(self, path: Path, states: dict[str, list[object]]) -> None:
        self._path = path
        self._states = states

    @classmethod
    def read(cls, path: Path) -> _Known:
        try:
            states = json.loads(path.read_text())
        except (FileNotFoundError, ValueError):
            states = {}
        return cls(path, states if isinstance(states, dict) else {})

    def has(self, entry: Entry) -> bool:
        return self._states.get(entry.key) == [entry.size, entry.etag]

    def add(self, entry: Entry) -> None:
        self._states[entry.key] = [entry.size, entry.etag]

    def write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_suffix(".partial")
        partial.write_text(json.dumps(self._states))
        partial.replace(self._path)


def draw(dataset: Dataset, number: int, seed: int) -> Dataset:
    """Return at most ``number`` films, whole groups drawn at random, each severity as often as can be."""
    groups: dict[str, list[Film]] = {}
    for film in dataset.films:
        groups.setdefault(film.group, []).append(film)
    order = sorted(groups, key=lambda group: hashlib.sha256(f"{seed} {group}".encode()).digest())
    waiting: dict[str, list[str]] = {}
    for group in order:
        waiting.setdefault(max(film.severity for film in groups[group]), []).append(group)
    kept: set[str] = set()
    counts: Counter[str] = Counter()
    while len(kept) < number and any(waiting.values()):
        severity = min((name for name in sorted(waiting) if waiting[name]), key=counts.__getitem__)
        films = groups[waiting[severity].pop()]
        if len(kept) + len(films) <= number:
            kept.update(film.id for film in films)
            counts.update(film.severity for film in films)
    return replace(dataset, films=tuple(film for film in dataset.films if film.id in kept))


def merged(dataset: Dataset, folds: int) -> Dataset:
    """Return the set with the folds that it came with merged into so many; what has none is left as it is."""
    films = tuple(film if film.fold is None else replace(film, fold=film.fold % folds) for film in dataset.films)
    return replace(dataset, films=films)
