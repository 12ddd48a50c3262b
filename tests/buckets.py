"""Places that speak S3: moto's, which keeps what it is given, and one that answers as it is told, or not at all."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from uuid import uuid4

import botocore.session
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from fracturelens.aws import Client
from fracturelens.store.s3 import S3Store

SICK_BUCKET: Final = "clinic-of-nobody"
REGION: Final = "eu-central-1"
CREDENTIALS: Final = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "a-secret-of-nobody",
    "AWS_SESSION_TOKEN": "a-token-of-nobody",
    "AWS_DEFAULT_REGION": REGION,
    # Whoever runs the tests may have profiles of their own.
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(frozen=True)
class Bucket:
    """A new bucket of moto's, seen past the store under test."""

    name: str
    endpoint: str
    s3: Any = field(repr=False)
    client: Client = field(repr=False)

    def store(self, *, retention: timedelta = timedelta(days=1)) -> S3Store:
        """Open a store in it."""
        return S3Store(self.name, retention=retention, client=self.client)

    def keys(self) -> list[str]:
        """Return what it holds."""
        return [entry["Key"] for entry in self.s3.list_objects_v2(Bucket=self.name).get("Contents", ())]

    def key_of(self, entry_id: str) -> str:
        """Return the key of an entry."""
        return next(key for key in self.keys() if key.endswith(entry_id))

    def read(self, key: str) -> bytes:
        """Return an object."""
        content: bytes = self.s3.get_object(Bucket=self.name, Key=key)["Body"].read()
        return content

    def write(self, key: str, content: bytes) -> None:
        """Put an object in the place of another."""
        self.s3.put_object(Bucket=self.name, Key=key, Body=content)

    def make_old(self, entry_id: str, age: timedelta) -> None:
        """Have S3 say of an entry that it was written that long ago."""
        held = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[self.name].keys[self.key_of(entry_id)]
        held.last_modified = datetime.now(UTC).replace(tzinfo=None) - age

    def forbid(self, action: str) -> None:
        """Let nobody do something with its objects any more."""
        statement = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": f"arn:aws:s3:::{self.name}/*"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        self.s3.put_bucket_policy(Bucket=self.name, Policy=json.dumps(policy))


@contextmanager
def environment(endpoint: str | None = None) -> Iterator[None]:
    """Let AWS's own variables say who asks, and where, if not at AWS."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "AWS_REGION", "AWS_CA_BUNDLE"):
            patch.delenv(name, raising=False)
        if endpoint:
            patch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
        yield


@contextmanager
def moto() -> Iterator[Bucket]:
    """Serve moto's S3 on a free loopback port, and give a first bucket of it; ``another`` makes more."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    _write_on_condition_in_one_step(server)
    try:
        endpoint = "http://{}:{}".format(*server.get_host_and_port())
        with environment(endpoint):
            s3 = botocore.session.get_session().create_client("s3")
            client = Client()
            client.get()
        yield another(Bucket("", endpoint, s3, client))
    finally:
        server.stop()


def _write_on_condition_in_one_step(server: ThreadedMotoServer) -> None:
    """Let moto do what S3 does: between looking at a condition and writing, nobody else writes on one."""
    serving = server._server  # what it hands requests to cannot be given to it
    assert serving is not None
    answer, one_at_a_time = serving.app, threading.Lock()

    def answer_in_turn(environ: dict[str, Any], start_response: Any) -> Any:
        conditional = environ.keys() & {"HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"}
        with one_at_a_time if conditional else nullcontext():
            return answer(environ, start_response)

    serving.app = answer_in_turn


def another(bucket: Bucket) -> Bucket:
    """Make a new, empty bucket beside one."""
    name = f"films-{uuid4().hex}"
    bucket.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return Bucket(name, bucket.endpoint, bucket.s3, bucket.client)


class Sick(BaseHTTPRequestHandler):
    """An S3 with something wrong; ``sick`` says what."""

    status = 200
    body = b""
    announced: int | None = None
    silent: threading.Event | None = None
    asked: list[str]

    def _answer(self) -> None:
        self.asked.append(self.command)
        if self.silent:
            self.silent.wait(30)
            self.close_connection = True
            return
        self.send_response(self.status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Last-Modified", self.date_time_string())
        self.send_header("Content-Length", str(len(self.body) if self.announced is None else self.announced))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(self.body)
        self.close_connection = True

    do_GET = do_PUT = do_DELETE = _answer  # noqa: N815 - the base class wants these names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def sick(
    status: int = 200, code: str = "", *, body: bytes = b"", announced: int | None = None, silent: bool = False
) -> Iterator[tuple[S3Store, list[str]]]:
    """Give a store in an S3 that answers every request alike, or never, and a list of the methods it was asked.

    With a code, the answer is an error as AWS words it: with the role, the object and the key in its message.
    """
    message = (
        "User: arn:aws:sts::123456789012:assumed-role/reader is not authorized to perform: kms:Decrypt on resource: "
        "arn:aws:kms:eu-central-1:123456789012:key/1234abcd"
    )
    error = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
    over = threading.Event()
    asked: list[str] = []
    handler = type(
        "Told",
        (Sick,),
        {
            "status": status,
            "body": error if code else body,
            "announced": announced,
            "silent": over if silent else None,
            "asked": asked,
        },
    )
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            with environment(f"http://127.0.0.1:{server.server_port}"):
                client = Client()
                client.get()
            yield S3Store(SICK_BUCKET, client=client), asked
        finally:
            over.set()
            server.shutdown()
            thread.join()
