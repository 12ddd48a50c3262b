"""Places that hold what a job reads and writes: a folder, or a bucket in S3, by one small set of verbs."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final, Protocol

SCHEME: Final = "s3://"
CHUNK_BYTES: Final = 1024 * 1024
ATTEMPTS: Final = 5
MAX_NAME_BYTES: Final = 255
"""Longest name that common file systems take."""


class PlaceError(Exception):
    """A folder or a bucket does not do what is asked of it."""


class Taken(PlaceError):
    """There is something under this key already, and it is not to be overwritten."""


class Missing(PlaceError):
    """There is nothing under this key."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One object: its key below the place, its size in bytes, and what changes when its content does."""

    key: str
    size: int
    etag: str


class Place(Protocol):
    """What a folder and a bucket have in common. Every method raises ``PlaceError`` if the place fails."""

    def entries(self) -> Iterator[Entry]:
        """Yield what lies here, at any depth."""

    def fetch(self, entry: Entry, to: BinaryIO) -> str:
        """Write an object's content to a file and return its SHA-256; fails if it is not the one that was listed."""

    def read(self, key: str, limit: int) -> bytes:
        """Return a small object; raises ``Missing``, and ``PlaceError`` if it has more than ``limit`` bytes."""

    def put(self, key: str, content: bytes | Path, *, new: bool = False) -> None:
        """Write an object whole or not at all; if ``new``, raises ``Taken`` where there is one."""

    def delete(self, key: str) -> None:
        """Remove an object, if it is there."""

    def below(self, prefix: str) -> Place:
        """Return the place under a prefix."""


def at(name: str) -> Place:
    """Return the place that ``s3://bucket/prefix`` or a folder's path names."""
    if not name.startswith(SCHEME):
        return Folder(Path(name))
    bucket, _, prefix = name.removeprefix(SCHEME).partition("/")
    return Bucket(bucket, prefix.strip("/"))


def path_of(key: str) -> PurePosixPath | None:
    """Return a key as a path that leads nowhere but down, or ``None`` if it is none."""
    parts = key.split("/")
    harmless = all(
        part not in ("", ".", "..")
        and len(part.encode(errors="surrogatepass")) <= MAX_NAME_BYTES
        and part.isprintable()
        and "\\" not in part
        for part in parts
    )
    return PurePosixPath(*parts) if harmless else None


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine; links in it are not followed."""

    root: Path

    def entries(self) -> Iterator[Entry]:
        for path in sorted(self.root.rglob("*")):
            if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
                state = path.stat()
                key = path.relative_to(self.root).as_posix()
                yield Entry(key, state.st_size, str(state.st_mtime_ns))

    def fetch(self, entry: Entry, to: BinaryIO) -> str:
        with _files_failing(), self._path(entry.key).open("rb") as content:
            return _copy(content, to, entry)

    def read(self, key: str, limit: int) -> bytes:
        path = self._path(key)
        with _files_failing():
            if path.stat().st_size > limit:
                raise PlaceError(f"an object has more than {limit:,} bytes")
            return path.read_bytes()

    def put(self, key: str, content: bytes | Path, *, new: bool = False) -> None:
        path = self._path(key)
        with _files_failing():
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".putting-") as partial:
                partial.write(content if isinstance(content, bytes) else content.read_bytes())
                partial.flush()
                os.fsync(partial.fileno())
                Path(partial.name).chmod(0o644)
                if new:
                    path.hardlink_to(partial.name)
                else:
                    final = Path(partial.name + ".whole")
                    final.hardlink_to(partial.name)
                    final.replace(path)

    def delete(self, key: str) -> None:
        with _files_failing():
            self._path(key).unlink(missing_ok=True)

    def below(self, prefix: str) -> Folder:
        return Folder(self._path(prefix))

    def _path(self, key: str) -> Path:
        path = path_of(key)
        if path is None:
            raise PlaceError("a key is no path")
        return self.root / path


@contextlib.contextmanager
def _files_failing() -> Iterator[None]:
    """Turn errors of the file system into those of places."""
    try:
        yield
    except FileExistsError as error:
        raise Taken("a file is there already") from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Missing("there is no such file") from error
    except OSError as error:
        raise PlaceError(f"a file cannot be read or written: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket in S3, or what lies in it under a prefix. Encryption is the bucket's own."""

    name: str
    prefix: str = ""

    def entries(self) -> Iterator[Entry]:
        start = f"{self.prefix}/" if self.prefix else ""
        with _s3_failing("ListObjectsV2"):
            for page in _s3().get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=start):
                for held in page.get("Contents", ()):
                    yield Entry(held["Key"][len(start) :], held["Size"], held["ETag"])

    def fetch(self, entry: Entry, to: BinaryIO) -> str:
        with _s3_failing("GetObject"):
            answer = _s3().get_object(Bucket=self.name, Key=self._key(entry.key), IfMatch=entry.etag)
            with contextlib.closing(answer["Body"]) as content:
                return _copy(content, to, entry)

    def read(self, key: str, limit: int) -> bytes:
        with _s3_failing("GetObject"):
            answer = _s3().get_object(Bucket=self.name, Key=self._key(key))
            with contextlib.closing(answer["Body"]) as body:
                if answer["ContentLength"] > limit:
                    raise PlaceError(f"an object has more than {limit:,} bytes")
                content: bytes = body.read()
                return content

    def put(self, key: str, content: bytes | Path, *, new: bool = False) -> None:
        condition = {"IfNoneMatch": "*"} if new else {}
        with contextlib.ExitStack() as stack, _s3_failing("PutObject"):
            body = content if isinstance(content, bytes) else stack.enter_context(content.open("rb"))
            _s3().put_object(Bucket=self.name, Key=self._key(key), Body=body, **condition)

    def delete(self, key: str) -> None:
        with _s3_failing("DeleteObject"):
            _s3().delete_object(Bucket=self.name, Key=self._key(key))

    def below(self, prefix: str) -> Bucket:
        return Bucket(self.name, self._key(prefix))

    def _key(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key


def _copy(content: Any, to: BinaryIO, entry: Entry) -> str:
    """Copy what was listed, and not a byte more; return its SHA-256."""
    digest = hashlib.sha256()
    left = entry.size
    while chunk := content.read(CHUNK_BYTES):
        left -= len(chunk)
        if left < 0:
            break
        digest.update(chunk)
        to.write(chunk)
    if left:
        raise PlaceError("an object is not as long as it was said to be")
    return digest.hexdigest()


@cache
def _s3() -> Any:
    """Return botocore's client, which threads may share; a job may wait longer than a request may."""
    try:
        import botocore.session
        from botocore.config import Config
    except ImportError as error:
        raise PlaceError("what S3 needs is not installed: pip install 'fracturelens[aws]'") from error
    config = Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": ATTEMPTS})
    return botocore.session.get_session().create_client("s3", config=config)


@contextlib.contextmanager
def _s3_failing(operation: str) -> Iterator[None]:
    """Turn what botocore raises into errors of places, with AWS's word for it and no key, role or account."""
    try:
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError as error:
        raise PlaceError("what S3 needs is not installed: pip install 'fracturelens[aws]'") from error
    try:
        yield
    except ClientError as error:
        reason = str(error.response.get("Error", {}).get("Code", "unknown"))
        if reason in ("PreconditionFailed", "ConditionalRequestConflict") and operation == "PutObject":
            raise Taken("an object is there already") from error
        if reason in ("NoSuchKey", "404"):
            raise Missing("there is no such object") from error
        raise PlaceError(f"S3 refused {operation}: {reason}") from error
    except BotoCoreError as error:
        raise PlaceError(f"S3 did not answer {operation}: {type(error).__name__}") from error
