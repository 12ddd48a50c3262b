"""The store that keeps nothing: what retention 0 asks for. It needs no folder."""

from __future__ import annotations

from typing import Self

from fracturelens import errors
from fracturelens.assessment import Assessment
from fracturelens.store.base import UPLOAD_TYPE, ClassMaps, Kept, Upload, gone


class NoStore:
    """Forgets every reading at once and takes no uploads."""

    def of(self, caller: str) -> Self:
        return self

    def put(self, assessment: Assessment, class_maps: ClassMaps, film: bytes) -> None:
        """Forget the reading."""

    def get(self, assessment_id: str) -> Assessment:
        raise gone()

    def kept(self, assessment_id: str) -> Kept:
        raise gone()

    def new_upload(self, max_bytes: int, *, size: int | None = None, content_type: str = UPLOAD_TYPE) -> Upload:
        raise errors.NotFound(
            "This server keeps nothing (FRACTURELENS_RETENTION_HOURS=0), so it takes no uploads; "
            "send the film to POST /v1/assessments."
        )

    def write_upload(self, upload_id: str, film: bytes) -> None:
        raise gone()

    def read_upload(self, upload_id: str, max_bytes: int) -> bytes:
        raise gone()

    def drop_upload(self, upload_id: str) -> None:
        """There is nothing to delete."""

    def expire(self) -> int:
        """There is nothing to delete."""
        return 0
