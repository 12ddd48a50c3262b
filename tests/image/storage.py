"""S3 for containers: moto's, in a process of its own on this machine's loopback, which they share."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from infra.local import resources


@dataclass(frozen=True, slots=True)
class Storage:
    """Where S3 is, and a client of it."""

    address: str
    s3: Any

    def content(self, bucket: str, prefix: str = "") -> dict[str, bytes]:
        """Return what a bucket holds below a prefix, by the rest of its key."""
        listed = self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", ())
        keys = [entry["Key"] for entry in listed]
        return {key.removeprefix(prefix): self.s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


@contextmanager
def storage(*buckets: str) -> Iterator[Storage]:
    """Start S3 with some empty buckets."""
    command = [sys.executable, "-m", "infra.local.cloud"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout
        address = server.stdout.readline().strip()
        s3 = resources.connect("s3", address)
        for name in buckets:
            s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": resources.REGION})
        try:
            yield Storage(address, s3)
        finally:
            s3.close()
            server.terminate()
