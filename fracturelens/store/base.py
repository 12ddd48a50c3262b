"""What the HTTP API asks of a place that keeps films and results for a while."""

from __future__ import annotations

import re
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import AwareDatetime, BaseModel, ConfigDict

from fracturelens import errors
from fracturelens.assessment import Assessment

ClassMaps = npt.NDArray[np.float32]

_ID = re.compile(r"[0-9a-f]{32}")


class Upload(BaseModel):
    """Where to send a film that is to be read later, and until when."""

    model_config = ConfigDict(frozen=True)

    upload_id: str
    method: Literal["PUT"]
    url: str
    headers: dict[str, str]
    expires_at: AwareDatetime
    max_bytes: int


class Store(Protocol):
    """A place that keeps films and results for a while; safe to call from many threads.

    Ids are 32 lower-case hexadecimal digits. Any other id, an unknown one and one that has expired raise ``NotFound``;
    whatever keeps the place from working raises ``StoreError``.
    """

    def put(self, assessment: Assessment, class_maps: ClassMaps, film: bytes) -> None:
        """Keep one reading: its assessment, its class maps of shape (h, w, 3), and the film as sent."""

    def get(self, assessment_id: str) -> Assessment:
        """Return a reading's assessment."""

    def class_maps(self, assessment_id: str) -> ClassMaps:
        """Return a reading's class maps, float32 of shape (h, w, 3)."""

    def film(self, assessment_id: str) -> bytes:
        """Return a reading's film, byte for byte as it was sent."""

    def new_upload(self, max_bytes: int) -> Upload:
        """Open a place that a film of at most ``max_bytes`` may be sent to."""

    def write_upload(self, upload_id: str, film: bytes) -> None:
        """Keep a film until it is read; it replaces one sent before."""

    def read_upload(self, upload_id: str) -> bytes:
        """Return an upload's bytes; none if nothing was sent yet."""

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
