"""A registry in a bucket: objects written on a condition, which S3 looks at and writes in one step.

Source: *Add preconditions to S3 operations with conditional requests*, Amazon S3 user guide.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any, Final

from fracturelens import aws, errors
from fracturelens.aws import Client
from fracturelens.registry.place import Changed, Held, too_large

FETCH_SECONDS: Final = 20
"""Longest that one object may take to arrive, however steadily it does."""
CHUNK_BYTES: Final = 1024 * 1024

_REFUSED: Final = {"PreconditionFailed", "ConditionalRequestConflict"}
"""Written by somebody else: before, and at the same time."""


class BucketPlace:
    """Objects of a bucket.

    Reading needs ``s3:GetObject`` on ``promoted.json`` and ``versions/*``, writing ``s3:PutObject`` there, and listing
    ``s3:ListBucket``, which also tells what is missing from what is forbidden.

    Raises
    ------
    InvalidSetting
        If botocore is not installed.
    """

    def __init__(self, bucket: str, client: Client | None = None) -> None:
        self._bucket = bucket
        self._client = client or Client("FRACTURELENS_MODEL")

    @property
    def url(self) -> str:
        return f"s3://{self._bucket}"

    def keys(self, prefix: str) -> Iterator[str]:
        with _failing_clearly("ListObjectsV2"):
            pages = self._client.get().get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            for page in pages:
                yield from (entry["Key"] for entry in page.get("Contents", ()))

    def read(self, key: str, max_bytes: int) -> Held | None:
        try:
            with _failing_clearly("GetObject"):
                answer = self._client.get().get_object(Bucket=self._bucket, Key=key)
                with contextlib.closing(answer["Body"]) as body:
                    size = answer["ContentLength"]
                    if size > max_bytes:
                        raise too_large(key, size, max_bytes)
                    return Held(_arrived(body), answer["ETag"])
        except _Missing:
            return None

    def write(self, key: str, content: bytes, *, replacing: str | None) -> None:
        from botocore.exceptions import ClientError

        condition = {"IfNoneMatch": "*"} if replacing is None else {"IfMatch": replacing}
        with _failing_clearly("PutObject"):
            s3 = self._client.get()
            try:
                s3.put_object(Bucket=self._bucket, Key=key, Body=content, **condition)
            except ClientError as error:
                code = aws.error_code(error)
                if code in _REFUSED or (replacing is not None and code == "NoSuchKey"):
                    raise Changed from None
                raise


def _arrived(body: Any) -> bytes:
    until = time.monotonic() + FETCH_SECONDS
    chunks = []
    for chunk in body.iter_chunks(CHUNK_BYTES):
        chunks.append(chunk)
        if time.monotonic() > until:
            raise _unusable()
    return b"".join(chunks)


class _Missing(errors.FracturelensError):
    """S3 has no such key."""


def _failing_clearly(operation: str) -> contextlib.AbstractContextManager[None]:
    return aws.failing_clearly("registry failed", operation, missing=_Missing, unusable=_unusable)


def _unusable() -> errors.RegistryUnavailable:
    return errors.RegistryUnavailable(
        "The bucket of models cannot be used. Try again; if it stays so, see that it exists, that credentials and "
        "region are set (AWS_PROFILE, AWS_REGION), and that they may use it and its key."
    )
