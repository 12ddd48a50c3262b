"""A bucket that keeps films and results, apart for each caller.

``readings/<owner>/<id>`` is one reading (see ``archive``), ``uploads/<owner>/<id>`` a film on its way to one. The owner
is made from the caller's name, which nobody chooses, and the id is random: what is another's has no name here. Ages are
looked at on reading, so what has expired is gone to the second; a lifecycle rule of the bucket sweeps it up later.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, Self
from uuid import uuid4

from fracturelens import aws, errors
from fracturelens.assessment import Assessment
from fracturelens.aws import Client
from fracturelens.store import archive
from fracturelens.store.base import (
    ANYONE,
    DEFAULT_RETENTION,
    UPLOAD_LIFETIME,
    UPLOAD_TYPE,
    ClassMaps,
    Kept,
    Upload,
    gone,
    is_id,
    too_large,
)

__all__ = ["Client", "S3Store"]

POST_LIFETIME: Final = timedelta(minutes=5)
"""How long a film may be sent to an upload; it may begin until then."""
OWNER_DIGITS: Final = 32


class S3Store:
    """Films and results in a bucket, as one caller sees them; see ``Store`` for what each method promises.

    Needs ``s3:GetObject``, ``s3:PutObject`` and ``s3:DeleteObject`` on the objects below the prefix, and
    ``s3:ListBucket`` of it, which tells what is missing from what is forbidden. Encryption is the bucket's own.

    Parameters
    ----------
    bucket, prefix
        Where; the prefix is without slashes at its ends.
    retention
        Age from which on a reading is not given out any more. Zero: readings are not kept at all, while uploads
        work: they are how a large film reaches its reading.
    caller
        Whose entries are seen.
    client
        Shared by all that one process sees of a bucket.

    Raises
    ------
    InvalidSetting
        If botocore is not installed.
    """

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        retention: timedelta = DEFAULT_RETENTION,
        caller: str = ANYONE,
        client: Client | None = None,
    ) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._retention = retention
        self._owner = hashlib.sha256(caller.encode()).hexdigest()[:OWNER_DIGITS]
        self._client = client or Client()

    @classmethod
    def at(cls, url: str, *, retention: timedelta = DEFAULT_RETENTION) -> Self:
        """Open the store at ``s3://BUCKET`` or ``s3://BUCKET/PREFIX``."""
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        return cls(bucket, prefix.strip("/"), retention=retention)

    def of(self, caller: str) -> Self:
        return type(self)(self._bucket, self._prefix, retention=self._retention, caller=caller, client=self._client)

    def check(self) -> None:
        """Write, read and delete an object.

        Raises
        ------
        StoreError
        """
        probe = self._key("uploads", uuid4().hex)
        self._put(probe, io.BytesIO(b"probe"), UPLOAD_TYPE)
        self._fetch(probe, UPLOAD_LIFETIME)
        self._delete(probe)

    def put(self, assessment: Assessment, class_maps: ClassMaps, film: bytes) -> None:
        key = self._key("readings", assessment.id)
        if self._retention:
            packed = io.BytesIO()
            archive.pack(packed, assessment, class_maps, film)
            packed.seek(0)
            self._put(key, packed, "application/zip")

    def get(self, assessment_id: str) -> Assessment:
        return archive.unpack_assessment(io.BytesIO(self._reading(assessment_id)))

    def kept(self, assessment_id: str) -> Kept:
        return archive.unpack(io.BytesIO(self._reading(assessment_id)))

    def new_upload(self, max_bytes: int, *, size: int | None = None, content_type: str = UPLOAD_TYPE) -> Upload:
        """Sign a form (AWS Signature 4, "POST policy") that S3 takes one film by, of this size and type, soon."""
        upload_id = uuid4().hex
        with _failing_clearly("PostObject"):
            s3 = self._client.get()
            expires_at = datetime.now(UTC).replace(microsecond=0) + POST_LIFETIME
            form = s3.generate_presigned_post(
                self._bucket,
                self._key("uploads", upload_id),
                Fields={"Content-Type": content_type},
                Conditions=[{"Content-Type": content_type}, ["content-length-range", size or 1, size or max_bytes]],
                ExpiresIn=int(POST_LIFETIME.total_seconds()),
            )
        return Upload(
            upload_id=upload_id,
            method="POST",
            url=form["url"],
            headers={},
            fields=form["fields"],
            expires_at=expires_at,
            max_bytes=size or max_bytes,
        )

    def write_upload(self, upload_id: str, film: bytes) -> None:
        raise errors.NotFound("Films do not come this way here: POST the film to the url that POST /v1/uploads gave.")

    def read_upload(self, upload_id: str, max_bytes: int) -> bytes:
        return self._fetch(self._key("uploads", upload_id), UPLOAD_LIFETIME, max_bytes)

    def drop_upload(self, upload_id: str) -> None:
        self._delete(self._key("uploads", upload_id))

    def expire(self) -> int:
        """Leave it to the bucket's lifecycle rule."""
        return 0

    def _key(self, kind: Literal["readings", "uploads"], entry_id: str) -> str:
        if not is_id(entry_id):
            raise gone()
        return "/".join(filter(None, (self._prefix, kind, self._owner, entry_id)))

    def _reading(self, assessment_id: str) -> bytes:
        return self._fetch(self._key("readings", assessment_id), self._retention)

    def _put(self, key: str, body: io.BytesIO, content_type: str) -> None:
        with _failing_clearly("PutObject"):
            self._client.get().put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=content_type)

    def _fetch(self, key: str, lifetime: timedelta, max_bytes: int | None = None) -> bytes:
        """Return an object, unless it is too old or too large, which its headers tell before it is read."""
        with _failing_clearly("GetObject"):
            answer = self._object(key)
            with contextlib.closing(answer["Body"]) as body:
                if datetime.now(UTC) - answer["LastModified"] >= lifetime:
                    raise gone()
                if max_bytes is not None and answer["ContentLength"] > max_bytes:
                    raise too_large(max_bytes)
                content: bytes = body.read()
                return content

    def _object(self, key: str) -> Any:
        from botocore.exceptions import ClientError

        s3 = self._client.get()
        try:
            return s3.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            # To a role that may list some prefixes only, S3 may call forbidden what is missing. Listing tells.
            forbidden = error.response["ResponseMetadata"]["HTTPStatusCode"] == 403
            if forbidden and not s3.list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=1)["KeyCount"]:
                raise gone() from None
            raise

    def _delete(self, key: str) -> None:
        with _failing_clearly("DeleteObject"):
            self._client.get().delete_object(Bucket=self._bucket, Key=key)


def _failing_clearly(operation: str) -> contextlib.AbstractContextManager[None]:
    """Turn what botocore raises into what ``Store`` promises: ``NotFound`` or ``StoreError``."""
    return aws.failing_clearly("store failed", operation, missing=gone, unusable=_unusable)


def _unusable() -> errors.StoreError:
    return errors.StoreError(
        "The bucket for films and results cannot be used. Try again; if it stays so, see that it exists, that this "
        "server may use it and its key, and what the server's log says."
    )
