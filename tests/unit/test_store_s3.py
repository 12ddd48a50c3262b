"""A bucket: what is whose, what a presigned form allows, and what is said when S3 fails."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import re
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fracturelens import errors
from fracturelens.aws import ATTEMPTS
from fracturelens.store import LocalStore, Upload
from fracturelens.store.s3 import S3Store
from tests import buckets
from tests.buckets import CREDENTIALS, REGION, SICK_BUCKET, Bucket
from tests.readings import FILM, MAPS, reading

pytestmark = pytest.mark.aws


def owner(caller: str) -> str:
    return hashlib.sha256(caller.encode()).hexdigest()[:32]


def policy_of(upload: Upload) -> dict[str, Any]:
    """Return the policy document of a form: what S3 will check."""
    policy: dict[str, Any] = json.loads(base64.b64decode(upload.fields["policy"]))
    return policy


# Whose is it?


def test_what_is_kept_lies_below_its_owner(bucket: Bucket) -> None:
    store = bucket.store().of("subject-1")
    given = reading()

    store.put(given, MAPS, FILM)

    assert bucket.keys() == [f"readings/{owner('subject-1')}/{given.id}"]


def test_nobody_sees_or_deletes_what_is_anothers(bucket: Bucket) -> None:
    mine, theirs = bucket.store().of("subject-1"), bucket.store().of("subject-2")
    given = reading()
    mine.put(given, MAPS, FILM)
    key = f"uploads/{owner('subject-1')}/{'a' * 32}"
    bucket.write(key, FILM)

    for lookup in (theirs.get, theirs.kept, bucket.store().get):
        with pytest.raises(errors.NotFound):
            lookup(given.id)
    with pytest.raises(errors.NotFound):
        theirs.read_upload("a" * 32, 10_000)
    theirs.drop_upload("a" * 32)

    assert mine.get(given.id) == given
    assert mine.read_upload("a" * 32, 10_000) == FILM


def test_no_subject_stands_in_a_key_or_an_upload(bucket: Bucket) -> None:
    store = bucket.store().of("jane.doe@example.org")

    store.put(reading(), MAPS, FILM)
    upload = store.new_upload(100)

    assert "jane" not in "".join(bucket.keys()) + upload.model_dump_json() + json.dumps(policy_of(upload))


def test_everything_lies_below_the_prefix(bucket: Bucket) -> None:
    store = S3Store(bucket.name, "clinic/elbows", client=bucket.client)

    store.put(reading(), MAPS, FILM)
    upload = store.new_upload(100)

    assert [key.rsplit("/", 2)[0] for key in bucket.keys()] == ["clinic/elbows/readings"]  # noqa: SIM118 - no mapping
    assert upload.fields["key"].startswith("clinic/elbows/uploads/")


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("s3://films", "uploads/"),
        ("s3://films/", "uploads/"),
        ("s3://films/clinic/elbows", "clinic/elbows/uploads/"),
        ("s3://films/clinic/", "clinic/uploads/"),
    ],
)
def test_a_url_names_bucket_and_prefix(url: str, key: str) -> None:
    with buckets.environment():
        upload = S3Store.at(url).new_upload(100)

    assert upload.fields["key"].startswith(key)
    assert {"bucket": "films"} in policy_of(upload)["conditions"]


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_bucket_is_asked_for_in_the_region_that_aws_names(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    with buckets.environment():
        monkeypatch.delenv("AWS_DEFAULT_REGION")
        monkeypatch.setenv(variable, "eu-west-3")
        upload = S3Store.at("s3://films").new_upload(100)

    assert upload.url == "https://films.s3.eu-west-3.amazonaws.com/"


def test_a_kept_reading_is_the_file_that_a_folder_holds(bucket: Bucket, tmp_path: Path) -> None:
    given = reading()

    bucket.store().put(given, MAPS, FILM)
    LocalStore(tmp_path).put(given, MAPS, FILM)

    (key,) = bucket.keys()
    assert bucket.read(key) == (tmp_path / "readings" / given.id).read_bytes()


def test_retention_zero_keeps_no_reading_and_takes_uploads(bucket: Bucket) -> None:
    store = bucket.store(retention=timedelta(0))
    given = reading()

    store.put(given, MAPS, FILM)
    upload = store.new_upload(10_000)
    bucket.write(upload.fields["key"], FILM)

    with pytest.raises(errors.NotFound):
        store.get(given.id)
    assert store.read_upload(upload.upload_id, 10_000) == FILM
    assert bucket.keys() == [upload.fields["key"]]


def test_a_check_leaves_nothing_behind(bucket: Bucket) -> None:
    bucket.store().check()

    assert bucket.keys() == []


# What does a form allow?


@pytest.mark.parametrize(("size", "range_"), [(4_404_019, [4_404_019, 4_404_019]), (None, [1, 33_554_432])])
def test_the_policy_of_a_form_allows_one_film_and_nothing_else(size: int | None, range_: list[int]) -> None:
    with buckets.environment():
        store = S3Store("films").of("subject-1")
        upload = store.new_upload(33_554_432, size=size, content_type="image/png")

    policy = policy_of(upload)
    date = upload.fields["x-amz-date"]
    assert set(policy) == {"expiration", "conditions"}
    assert sorted(policy["conditions"], key=str) == sorted(
        [
            {"bucket": "films"},
            {"key": f"uploads/{owner('subject-1')}/{upload.upload_id}"},
            {"Content-Type": "image/png"},
            ["content-length-range", *range_],
            {"x-amz-algorithm": "AWS4-HMAC-SHA256"},
            {"x-amz-credential": f"{CREDENTIALS['AWS_ACCESS_KEY_ID']}/{date[:8]}/{REGION}/s3/aws4_request"},
            {"x-amz-date": date},
            {"x-amz-security-token": CREDENTIALS["AWS_SESSION_TOKEN"]},
        ],
        key=str,
    )
    # What the form holds is what the policy asks for: a field more or less, and S3 refuses it.
    asked = {name: value for one in policy["conditions"] if isinstance(one, dict) for name, value in one.items()}
    del asked["bucket"]
    assert upload.fields == asked | {name: upload.fields[name] for name in ("policy", "x-amz-signature")}
    assert (upload.method, upload.headers) == ("POST", {})
    assert upload.max_bytes == range_[1]


def test_a_form_is_good_for_five_minutes() -> None:
    with buckets.environment():
        store = S3Store("films")
        store.new_upload(100)  # the first one waits for the client to be made
        before = datetime.now(UTC)
        upload = store.new_upload(100)

    expires = datetime.fromisoformat(policy_of(upload)["expiration"])
    assert abs(expires - before - timedelta(minutes=5)) < timedelta(seconds=5)
    assert abs(upload.expires_at - expires) <= timedelta(seconds=1)


def test_no_two_uploads_share_a_place() -> None:
    with buckets.environment():
        store = S3Store("films")
        keys = {store.new_upload(100).fields["key"] for _ in range(20)}

    assert len(keys) == 20


def test_at_aws_a_form_goes_to_the_buckets_own_name_in_its_region() -> None:
    with buckets.environment():
        assert S3Store("films").new_upload(100).url == f"https://films.s3.{REGION}.amazonaws.com/"


def test_elsewhere_a_form_goes_where_aws_s_variable_points(bucket: Bucket) -> None:
    assert bucket.store().new_upload(100).url == f"{bucket.endpoint}/{bucket.name}"


def test_films_do_not_come_through_this_server(bucket: Bucket) -> None:
    store = bucket.store()
    upload = store.new_upload(100)

    with pytest.raises(errors.NotFound, match="POST"):
        store.write_upload(upload.upload_id, FILM)

    assert bucket.keys() == []


def test_an_upload_that_was_not_sent_is_not_there(bucket: Bucket) -> None:
    store = bucket.store()

    with pytest.raises(errors.NotFound):
        store.read_upload(store.new_upload(100).upload_id, 100)


# What if S3 fails?


def every_use(store: S3Store) -> dict[str, Any]:
    """Return what a store can be asked that asks S3."""
    return {
        "PutObject": lambda: store.put(reading(), MAPS, FILM),
        "GetObject": lambda: store.get("a" * 32),
        "DeleteObject": lambda: store.drop_upload("a" * 32),
    }


def fields(caplog: pytest.LogCaptureFixture) -> list[dict[str, str]]:
    return [vars(record)["fields"] for record in caplog.records if record.name == "fracturelens.aws"]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "AccessDenied"),
        (400, "KMS.DisabledException"),
        (403, "InvalidAccessKeyId"),
        (400, "ExpiredToken"),
        (404, "NoSuchBucket"),
    ],
)
def test_a_refusal_is_a_store_error_with_awss_word_in_the_log(
    status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    with buckets.sick(status, code) as (store, _):
        for use in every_use(store).values():
            with pytest.raises(errors.StoreError) as caught:
                use()
            assert not re.search(rf"arn:|kms|{SICK_BUCKET}|assumed|1234", caught.value.message)

    assert fields(caplog) == [
        {"code": "store_unavailable", "operation": operation, "reason": code} for operation in every_use(store)
    ]


def test_what_is_missing_is_not_there_also_where_it_is_forbidden(bucket: Bucket) -> None:
    # Given a role that may list, and read nothing: of what is missing too, S3 says that it is forbidden.
    store = bucket.store()
    given = reading()
    store.put(given, MAPS, FILM)
    bucket.forbid("s3:GetObject")

    with pytest.raises(errors.NotFound):
        store.get("a" * 32)
    with pytest.raises(errors.StoreError):
        store.get(given.id)


def test_a_store_that_is_down_for_a_moment_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    with buckets.sick(503, "SlowDown") as (store, asked), pytest.raises(errors.StoreError):
        store.get("a" * 32)

    assert asked == ["GET"] * ATTEMPTS
    assert fields(caplog) == [{"code": "store_unavailable", "operation": "GetObject", "reason": "SlowDown"}]


def test_a_store_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fracturelens.aws.READ_SECONDS", 0.1)

    with buckets.sick(silent=True) as (store, asked), pytest.raises(errors.StoreError):
        store.get("a" * 32)

    assert asked == ["GET"] * ATTEMPTS


def test_a_store_that_is_not_there_is_a_store_error() -> None:
    with buckets.sick() as (store, _):
        pass  # it has gone by now

    for use in every_use(store).values():
        with pytest.raises(errors.StoreError):
            use()


def test_an_answer_cut_short_is_a_store_error() -> None:
    with buckets.sick(body=b"PK\x03\x04", announced=1000) as (store, _), pytest.raises(errors.StoreError):
        store.get("a" * 32)


@pytest.mark.parametrize("code", ["arn:aws:kms:eu-central-1:1:key/2", "x" * 65, "two words"])
def test_only_a_plain_word_of_aws_reaches_the_log(code: str, caplog: pytest.LogCaptureFixture) -> None:
    with buckets.sick(403, code) as (store, _), pytest.raises(errors.StoreError):
        store.get("a" * 32)

    assert [line["reason"] for line in fields(caplog)] == ["unknown"]


def test_no_log_names_a_bucket_a_key_a_role_or_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    secrets = [*CREDENTIALS.values(), "arn:", SICK_BUCKET, "a" * 32, owner("subject-1"), "subject-1"]

    with buckets.sick(403, "AccessDenied") as (store, _):
        for use in every_use(store.of("subject-1")).values():
            with pytest.raises(errors.StoreError):
                use()

    written = caplog.text + json.dumps([vars(record) for record in caplog.records], default=str)
    assert "AccessDenied" in written
    assert not [secret for secret in secrets if secret in written]


def test_without_credentials_everything_is_a_store_error_until_there_are_some(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with buckets.environment(bucket.endpoint):
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name)
        store = S3Store(bucket.name)
        with pytest.raises(errors.StoreError):
            store.new_upload(100)

        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, CREDENTIALS[name])
        store.check()


def test_many_threads_share_one_client(bucket: Bucket) -> None:
    failures: list[BaseException] = []
    store = bucket.store()

    def work() -> None:
        try:
            for _ in range(3):
                given = reading()
                store.put(given, MAPS, FILM)
                assert store.get(given.id) == given
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []


# What does it cost?


def test_only_a_bucket_loads_botocore_and_nothing_loads_boto3(root: Path) -> None:
    program = (
        "import sys; from fracturelens.store import open_store; assert 'botocore' not in sys.modules\n"
        "open_store('s3://films').new_upload(100)\n"
        "print('botocore' in sys.modules, 'boto3' in sys.modules)"
    )

    with buckets.environment():
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True, timeout=60
        )

    assert done.stdout.split() == ["True", "False"]


def test_without_botocore_it_is_said_what_to_install(root: Path) -> None:
    program = (
        "import sys; sys.modules['botocore'] = None\n"
        "from fracturelens import errors\nfrom fracturelens.store import open_store\n"
        "try: open_store('s3://films')\nexcept errors.InvalidSetting as error: print(error.message)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True, timeout=60
    )

    assert "pip install 'fracturelens[aws]'" in done.stdout
