"""The knobs of a running Fracturelens: environment variables ``FRACTURELENS_…``, checked once at start."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from fracturelens import errors
from fracturelens.radiograph import MAX_BYTES

PREFIX = "FRACTURELENS_"
MEBIBYTE = 1024 * 1024

_S3_URL = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w-][\w.-]*)*/?", re.ASCII)

_MODEL_URL = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/versions/[a-z0-9][a-z0-9.-]{0,62})?/?", re.ASCII)

CommaSeparated = Annotated[tuple[str, ...], NoDecode]


def default_store_folder() -> Path:
    """Return where a user's data belongs by the XDG Base Directory Specification (0.8)."""
    base = os.environ.get("XDG_DATA_HOME", "")
    # The specification asks to ignore relative paths.
    root = Path(base) if base.startswith("/") else Path.home() / ".local" / "share"
    return root / "fracturelens"


class Settings(BaseSettings):
    """Everything that may differ between two installations; each field is the variable ``FRACTURELENS_<NAME>``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid")

    model: str | None = Field(
        None,
        description="Model bundle: a folder, s3://BUCKET (what this registry has promoted) or "
        "s3://BUCKET/versions/VERSION. Unset: the bundle shipped with the package.",
    )
    model_refresh_seconds: float = Field(
        0, ge=0, le=86_400, description="How often a server looks for another model in the registry; 0: never."
    )
    store: Path | str = Field(
        default_factory=default_store_folder,
        description="Where films and results are while they are retained: a folder, or s3://BUCKET/PREFIX.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    hosts: CommaSeparated = Field(
        ("localhost", "127.0.0.1", "[::1]"),
        description="Host names answered for, separated by commas; HOST is always among them, `*` means any.",
    )
    origins: CommaSeparated = Field(
        (), description="Origins, besides the server's own, whose pages may send films, separated by commas."
    )
    max_file_mb: int = Field(
        MAX_BYTES // MEBIBYTE, ge=1, le=MAX_BYTES // MEBIBYTE, description="Largest film accepted, MiB."
    )
    direct_max_mb: float | None = Field(
        None,
        gt=0,
        le=MAX_BYTES // MEBIBYTE,
        description="Largest film taken in a request of its own, MiB; larger ones have to be uploaded first. "
        "Unset: as FRACTURELENS_MAX_FILE_MB.",
    )
    retention_hours: float = Field(
        24, ge=0, le=24 * 365, description="Hours that films and results are kept; 0 keeps nothing."
    )
    store_mb: int = Field(
        4096, ge=64, description="Most that kept films and results may occupy, MiB; beyond it the oldest go first."
    )
    instances: int | None = Field(
        None, ge=1, le=64, description="Films read at the same time. Unset: one for each CPU, at most 4."
    )
    threads: int = Field(1, ge=1, le=64, description="CPU threads for one reading.")
    queue: int = Field(256, ge=0, le=10_000, description="Films that may wait for a reading; more are told to retry.")
    queue_mb: int = Field(
        256, ge=1, description="Memory that bodies of requests under way may occupy, MiB; more are told to retry."
    )
    queue_seconds: float = Field(
        30, gt=0, le=3600, description="Longest wait for a reading, seconds; after it the film is told to retry."
    )
    idle_seconds: float = Field(
        30, gt=0, le=3600, description="Longest pause inside a request body, seconds; after it the request is refused."
    )

    @field_validator("hosts", "origins", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("store", mode="before")
    @classmethod
    def _folder_or_bucket(cls, value: Any) -> Any:
        if isinstance(value, str) and "://" in value:
            if not _S3_URL.fullmatch(value):
                raise ValueError("should be a folder, or s3://BUCKET with or without a /PREFIX")
            return value.rstrip("/")
        return Path(value) if isinstance(value, str) else value

    @field_validator("model")
    @classmethod
    def _folder_or_registry(cls, value: str | None) -> str | None:
        if value and "://" in value and not _MODEL_URL.fullmatch(value):
            raise ValueError("should be a folder, s3://BUCKET or s3://BUCKET/versions/VERSION")
        return value

    @model_validator(mode="after")
    def _room_for_one_film(self) -> Self:
        if self.queue_mb < self.max_file_mb:
            raise ValueError("FRACTURELENS_QUEUE_MB must not be smaller than FRACTURELENS_MAX_FILE_MB")
        return self

    @property
    def max_file_bytes(self) -> int:
        return self.max_file_mb * MEBIBYTE

    @property
    def direct_max_bytes(self) -> int | None:
        return None if self.direct_max_mb is None else int(self.direct_max_mb * MEBIBYTE)

    @property
    def retention(self) -> timedelta:
        return timedelta(hours=self.retention_hours)

    @property
    def readers(self) -> int:
        """Films read at the same time, with the default worked out."""
        return self.instances or min(4, os.cpu_count() or 1)


def load(**given: Any) -> Settings:
    """Read the settings from the environment; ``given`` values (command-line options) win, ``None`` means not given.

    Raises
    ------
    InvalidSetting
        Names the variable and its range, never quotes the value.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise errors.InvalidSetting(
            f"{'; '.join(map(_described, error.errors()))}. docs/settings.md lists every setting."
        ) from None


def _described(problem: ErrorDetails) -> str:
    place = problem["loc"]
    return f"{PREFIX}{str(place[0]).upper()}: {problem['msg']}" if place else problem["msg"]
