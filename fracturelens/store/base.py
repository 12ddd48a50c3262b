"""What the HTTP API asks of a place that keeps films and results for a while."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal, Protocol, Self

import numpy as np
import numpy.typing as npt
from pydantic import AwareDatetime, BaseModel, ConfigDict

from fracturelens import errors
from fracturelens.assessment import Assessment

ClassMaps = npt.NDArray[np.float32]

ANYONE: Final = "anyone"
"""The caller where nobody signs in."""
DEFAULT_RETENTION: Final = timedelta(days=1)
UPLOAD_LIFETIME: Final = timedelta(hours=1)
"""How long an upload waits for its reading."""
UPLOAD_TYPE: Final = "application/octet-stream"
"""What an upload is sent as if its content type was not named; what it is, its bytes decide."""

_ID = re.compile(r"[0-9a-f]{32}")


class Upload(BaseModel):
    """Where to send a film that is to be read later, and until when.

    ``PUT``: the film as the body, with ``headers``. ``POST``: a form with ``fields`` and, last, the film as ``file``.
    """

    model_config = ConfigDict(frozen=True)

    upload_id: str
    method: Literal["PUT", "POST"]
    url: str
    headers: dict[str, str]
    fields: dict[str, str]
    expires_at: AwareDatetime
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Kept:
    """One reading with all that was kept of it: class maps of shape (h, w, 3), and the film as it was sent."""

    assessment: Assessment
    class_maps: ClassMaps = field(repr=False)
    film: bytes = field(repr=False)


class Store(Protocol):
    """A place that keeps films and results for a while; safe to call from many threads.

    Ids are 32 lower-case hexadecimal digits. Any other id, an unknown one and one that has expired raise ``NotFound``;
    whatever keeps the place from working raises ``StoreError``.
    """

    def of(self, caller: str) -> Self:
        """Return the store as one caller sees it: in a shared place nobody sees what is another's."""

    def put(self, assessment: Assessment, class_maps: ClassMaps, film: bytes) -> None:
        """Keep one reading: its assessment, its class maps of shape (h, w, 3), and the film as sent."""

    def get(self, assessment_id: str) -> Assessment:
        """Return a reading's assessment."""

    def kept(self, assessment_id: str) -> Kept:
        """Return a reading with its class maps and its film, byte for byte as it was sent."""

    def new_upload(self, max_bytes: int, *, size: int | None = None, content_type: str = UPLOAD_TYPE) -> Upload:
        """Open a place that a film of at most ``max_bytes`` may be sent to, or one of exactly ``size`` bytes."""

    def write_upload(self, upload_id: str, film: bytes) -> None:
        """Keep a film until it is read; it replaces one sent before."""

    def read_upload(self, upload_id: str, max_bytes: int) -> bytes:
        """Return an upload's bytes; none, or ``NotFound``, if nothing was sent yet.

        Raises ``FileTooLarge`` beyond ``max_bytes``, before anything is read.
        """

    def drop_upload(self, upload_id: str) -> None:
        """Delete an upload; one that is gone already is fine."""

    def expire(self) -> int:
        """Delete what has expired; return how many entries that were."""


def is_id(text: str) -> bool:
    """Whether a text may name an entry; nothing else ever becomes part of a path or a key."""
    return _ID.fullmatch(text) is not None


def gone() -> errors.NotFound:
    """Return the error for an id that names nothing (any more)."""
    return errors.NotFound("There is nothing under this id, or it has expired.")


def too_large(max_bytes: int) -> errors.FileTooLarge:
    """Return the error for an upload beyond the limit."""
    return errors.FileTooLarge(f"The upload is larger than {max_bytes:,} bytes, the most that is read.")
