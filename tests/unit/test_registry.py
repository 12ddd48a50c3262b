"""The registry: versions that never change, and one pointer that two who move it at once cannot tear apart."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fracturelens import errors
from fracturelens.aws import Client
from fracturelens.bundle import load
from fracturelens.registry import Comparison, Registry, open_registry
from fracturelens.registry.bucket import BucketPlace
from fracturelens.registry.pointer import MAX_HISTORY, MAX_POINTER_BYTES
from tests import buckets, models
from tests.buckets import Bucket
from tests.lambda_fn.storage import storage


@dataclass(frozen=True)
class Site:
    """A registry, seen past the class under test."""

    registry: Registry
    address: str
    endpoint: str | None
    write: Callable[[str, bytes], None]
    read: Callable[[str], bytes]
    keys: Callable[[], list[str]]

    def promoted(self) -> dict[str, Any]:
        """Return the pointer as it lies there."""
        pointer: dict[str, Any] = json.loads(self.read("promoted.json"))
        return pointer


def folder_site(folder: Path) -> Site:
    def write(key: str, content: bytes) -> None:
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(content)

    def keys() -> list[str]:
        files = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        return sorted(name for name in files if name != ".lock")

    return Site(open_registry(folder), str(folder), None, write, lambda key: (folder / key).read_bytes(), keys)


def bucket_site(bucket: Bucket) -> Site:
    registry = open_registry(f"s3://{bucket.name}", client=bucket.client)
    return Site(registry, f"s3://{bucket.name}", bucket.endpoint, bucket.write, bucket.read, bucket.keys)


@pytest.fixture(params=["folder", pytest.param("bucket", marks=pytest.mark.aws)])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    """Return an empty registry: once in a folder, once in a bucket of moto's."""
    if request.param == "folder":
        return folder_site(tmp_path / "registry")
    return bucket_site(request.getfixturevalue("bucket"))


@pytest.fixture
def filled(site: Site, tmp_path: Path) -> Site:
    """Return a registry with three versions, none promoted."""
    for number in (1, 2, 3):
        site.registry.put(f"0.{number}.0", models.bundle_folder(tmp_path / f"bundle-{number}", number))
    return site


def better(**changes: Any) -> Comparison:
    return Comparison.read(json.dumps(models.comparison(**changes)).encode())


# Versions


def test_a_version_is_read_back_as_it_was_put(site: Site, tmp_path: Path) -> None:
    folder = models.bundle_folder(tmp_path / "bundle")

    site.registry.put("0.1.0", folder)
    found = site.registry.read("0.1.0")

    expected = load(folder)
    assert (found.manifest, found.graph) == (expected.manifest, expected.graph)
    assert found.location == f"{site.address}/versions/0.1.0"
    for name in ("MODEL_CARD.md", "manifest.json", "model.tflite", "results/results.json"):
        assert site.read(f"versions/0.1.0/{name}") == (folder / name).read_bytes()
    assert len(site.keys()) == 4


def test_versions_are_those_with_a_manifest(filled: Site) -> None:
    filled.write("versions/0.4.0/model.tflite", b"not finished")
    filled.write("versions/0.4.0/results/manifest.json", b"{}")
    filled.write("versions/UPPER/manifest.json", b"{}")
    filled.write("jobs/0.5.0/manifest.json", b"{}")

    assert filled.registry.versions() == ["0.1.0", "0.2.0", "0.3.0"]


def test_an_empty_registry_has_no_versions_and_none_promoted(site: Site) -> None:
    assert (site.registry.versions(), site.registry.promoted()) == ([], None)
    with pytest.raises(errors.BundleNotFound, match="promote"):
        site.registry.read_promoted()
    with pytest.raises(errors.UnknownVersion):
        site.registry.read("0.1.0")


def test_a_version_is_never_replaced(filled: Site, tmp_path: Path) -> None:
    before = {key: filled.read(key) for key in filled.keys()}  # noqa: SIM118 - no mapping

    with pytest.raises(errors.VersionExists, match="another version"):
        filled.registry.put("0.1.0", models.bundle_folder(tmp_path / "other", 7))

    assert {key: filled.read(key) for key in filled.keys()} == before  # noqa: SIM118


def test_a_put_that_was_cut_short_is_finished_by_the_same_and_refused_to_another(site: Site, tmp_path: Path) -> None:
    folder = models.bundle_folder(tmp_path / "bundle")
    # Given a graph without the manifest, which is written last,
    site.write("versions/0.1.0/model.tflite", models.graph())

    # then another model cannot slip in under its name, and the same one is finished, as often as it is tried.
    with pytest.raises(errors.VersionExists):
        site.registry.put("0.1.0", models.bundle_folder(tmp_path / "other", 7))
    assert site.registry.versions() == []
    for _ in range(2):
        site.registry.put("0.1.0", folder)
    assert site.registry.read("0.1.0").graph == models.graph()


def test_a_folder_that_is_no_bundle_is_not_put(site: Site, tmp_path: Path) -> None:
    folder = models.bundle_folder(tmp_path / "bundle")
    (folder / "model.tflite").write_bytes(b"another graph")

    with pytest.raises(errors.BundleDamaged):
        site.registry.put("0.1.0", folder)

    assert site.keys() == []


@pytest.mark.parametrize(
    "version", ["", ".", "..", "../0.1.0", "0.1.0/..", "a/b", "0.1.0\n", "UPPER", "-1", ".hidden", "é", "a\0", "a" * 64]
)
def test_no_name_leads_out_of_the_versions(filled: Site, tmp_path: Path, version: str) -> None:
    before = filled.keys()

    for use in (
        lambda: filled.registry.read(version),
        lambda: filled.registry.put(version, tmp_path / "bundle-1"),
        lambda: filled.registry.promote(version, reason="why not"),
    ):
        with pytest.raises(errors.UnknownVersion, match="lower-case"):
            use()
    assert filled.keys() == before


def test_a_pointer_cannot_lead_out_of_the_versions_either(filled: Site) -> None:
    filled.registry.promote("0.1.0", reason="first")
    filled.write("promoted.json", json.dumps(filled.promoted() | {"version": "../../etc"}).encode())

    with pytest.raises(errors.BundleDamaged, match=r"promoted\.json.*version"):
        filled.registry.read_promoted()


def test_a_graph_of_another_digest_is_refused(filled: Site) -> None:
    graph = bytearray(models.graph())
    graph[-1] ^= 1
    filled.write("versions/0.1.0/model.tflite", bytes(graph))

    for use in (
        lambda: filled.registry.read("0.1.0"),
        lambda: filled.registry.promote("0.1.0", reason="never mind"),
    ):
        with pytest.raises(errors.BundleDamaged, match="SHA-256"):
            use()
    assert filled.registry.promoted() is None


def test_a_version_that_is_another_than_was_promoted_is_refused(filled: Site) -> None:
    filled.registry.promote("0.1.0", reason="first")
    for name in ("manifest.json", "model.tflite"):
        filled.write(f"versions/0.1.0/{name}", filled.read(f"versions/0.2.0/{name}"))

    with pytest.raises(errors.BundleDamaged, match="not the one that was promoted"):
        filled.registry.read_promoted()


@pytest.mark.parametrize(
    ("key", "content"),
    [
        ("versions/0.1.0/manifest.json", b" " * (4 * 1024 * 1024 + 1)),
        ("versions/0.1.0/model.tflite", models.graph() + b" "),
        ("promoted.json", b" " * (MAX_POINTER_BYTES + 1)),
    ],
)
def test_what_is_too_large_is_refused(filled: Site, key: str, content: bytes) -> None:
    filled.registry.promote("0.1.0", reason="first")
    filled.write(key, content)

    with pytest.raises(errors.BundleDamaged, match="at most"):
        filled.registry.read_promoted()


@pytest.mark.aws
def test_what_is_too_large_is_not_downloaded() -> None:
    # Given an S3 that announces a gigabyte and sends none of it: whoever reads it waits, or is cut off.
    with buckets.sick(announced=1024**3) as (store, asked):
        registry = Registry(BucketPlace("models", store._client))
        with pytest.raises(errors.BundleDamaged, match="at most"):
            registry.manifest("0.1.0")

    assert asked == ["GET"]


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"version": "0.1.0"}'])
def test_a_malformed_pointer_is_told_and_not_replaced(filled: Site, content: bytes) -> None:
    filled.write("promoted.json", content)

    for use in (filled.registry.promoted, lambda: filled.registry.promote("0.1.0", reason="mend it")):
        with pytest.raises(errors.BundleDamaged, match=r"promoted\.json"):
            use()
    assert filled.read("promoted.json") == content


# Promotion


def test_what_is_promoted_is_read_and_what_was_before_is_remembered(filled: Site) -> None:
    filled.registry.promote("0.1.0", reason="first")
    filled.registry.promote("0.2.0", comparison=better())

    pointer = filled.promoted()
    assert (pointer["version"], pointer["digest"], pointer["reason"]) == ("0.2.0", models.digest(2), None)
    assert pointer["comparison"]["verdict"] == "better"
    assert pointer["comparison"]["auroc"] == models.comparison()["auroc"]
    (earlier,) = pointer["history"]
    assert (earlier["version"], earlier["digest"], earlier["reason"]) == ("0.1.0", models.digest(1), "first")
    assert earlier["promoted_at"] < pointer["promoted_at"]
    assert filled.registry.read_promoted().graph == models.graph(2)


@pytest.mark.parametrize(
    ("comparison", "told"),
    [
        (None, "Nothing says"),
        (models.comparison("worse"), "'worse'"),
        (models.comparison("undecided"), "'undecided'"),
        (models.comparison(new={"digest": models.digest(3)}), "another new model"),
        (models.comparison(old={"digest": models.digest(3)}), "another old model"),
    ],
)
def test_a_version_that_no_comparison_speaks_for_needs_a_reason(
    filled: Site, comparison: dict[str, Any] | None, told: str
) -> None:
    filled.registry.promote("0.1.0", reason="first")
    compared = None if comparison is None else Comparison.read(json.dumps(comparison).encode())

    for empty in (None, "", "  "):
        with pytest.raises(errors.NotCompared, match=told):
            filled.registry.promote("0.2.0", comparison=compared, reason=empty)
    assert filled.promoted()["version"] == "0.1.0"

    filled.registry.promote("0.2.0", comparison=compared, reason="ours are elbows only")
    assert filled.promoted()["reason"] == "ours are elbows only"
    assert (filled.promoted()["comparison"] or {}).get("verdict") == (comparison or {}).get("verdict")


@pytest.mark.parametrize("verdict", ["better", "not worse"])
def test_a_comparison_of_these_two_speaks_for_a_version(filled: Site, verdict: str) -> None:
    filled.registry.promote("0.1.0", reason="first")
    named = {"old": {"digest": models.digest(1)}, "new": {"digest": models.digest(2)}}

    filled.registry.promote("0.2.0", comparison=better(verdict=verdict, **named))

    assert filled.promoted()["version"] == "0.2.0"


@pytest.mark.parametrize("text", [b"", b"{}", b'{"verdict": "better"}', b"[1]", b"NaN", b" " * 100_000])
def test_what_is_no_comparison_is_told(text: bytes) -> None:
    with pytest.raises(errors.NotCompared):
        Comparison.read(text)


def test_a_reason_is_a_sentence_and_no_book(filled: Site) -> None:
    with pytest.raises(errors.InvalidParameter, match="500"):
        filled.registry.promote("0.1.0", reason="a" * 501)


def test_the_history_is_bounded(filled: Site) -> None:
    filled.registry.promote("0.1.0", reason="first")
    pointer = filled.promoted()
    turn = {name: value for name, value in pointer.items() if name != "history"}
    filled.write("promoted.json", json.dumps(pointer | {"history": [turn] * MAX_HISTORY}).encode())

    filled.registry.promote("0.2.0", reason="one more")

    assert len(filled.promoted()["history"]) == MAX_HISTORY


# Going back


def test_a_rollback_leads_to_the_version_before_and_again_to_the_one_before_that(filled: Site) -> None:
    for version in ("0.1.0", "0.2.0", "0.3.0"):
        filled.registry.promote(version, reason="new")

    steps = [filled.registry.rollback(reason=reason) for reason in ("misses hairlines", None)]

    assert [(step.version, step.rolled_back_from, step.reason) for step in steps] == [
        ("0.2.0", "0.3.0", "misses hairlines"),
        ("0.1.0", "0.2.0", None),
    ]
    assert filled.registry.read_promoted().graph == models.graph(1)
    assert [turn["version"] for turn in filled.promoted()["history"]] == ["0.2.0", "0.3.0", "0.2.0", "0.1.0"]
    with pytest.raises(errors.BundleNotFound, match="before"):
        filled.registry.rollback()


def test_after_a_rollback_the_next_promotion_stands_on_what_was_gone_back_to(filled: Site) -> None:
    filled.registry.promote("0.1.0", reason="new")
    filled.registry.promote("0.2.0", reason="new")
    filled.registry.rollback()
    filled.registry.promote("0.3.0", reason="new")

    assert filled.registry.rollback().version == "0.1.0"


def test_nothing_is_gone_back_to_that_is_damaged(filled: Site) -> None:
    filled.registry.promote("0.1.0", reason="new")
    filled.registry.promote("0.2.0", reason="new")
    filled.write("versions/0.1.0/model.tflite", b"lost")

    with pytest.raises(errors.BundleDamaged):
        filled.registry.rollback()

    assert filled.promoted()["version"] == "0.2.0"


# Two at once

PROMOTING = """
import sys, time
from pathlib import Path
from fracturelens.registry import open_registry

place, name, version, start, ready = sys.argv[1:]
registry = open_registry(place)
registry.read(version)
Path(ready).touch()
while not Path(start).exists():
    time.sleep(0.001)
for number in range(5):
    registry.promote(version, reason=f"{name} {number}")
"""


@pytest.fixture
def at_once(filled: Site, root: Path, tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Run two processes that promote, each another version five times, as soon as both are there."""
    surroundings = buckets.CREDENTIALS | ({"AWS_ENDPOINT_URL_S3": filled.endpoint} if filled.endpoint else {})
    start = tmp_path / "start"
    ready = [tmp_path / "ready-1", tmp_path / "ready-2"]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROMOTING, filled.address, name, version, start, mark],
            cwd=root,
            env={**os.environ, **surroundings},
            stderr=subprocess.PIPE,
            text=True,
        )
        for name, version, mark in zip(("one", "other"), ("0.1.0", "0.2.0"), ready, strict=True)
    ]
    while not all(mark.exists() for mark in ready):
        assert all(process.poll() is None for process in running), [process.communicate()[1] for process in running]
        time.sleep(0.01)
    start.touch()
    yield running
    for process in running:
        process.kill()
        process.wait()


def test_of_two_who_promote_at_once_neither_undoes_the_other_unseen(
    filled: Site, at_once: list[subprocess.Popen[str]]
) -> None:
    for process in at_once:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said

    pointer = filled.promoted()
    turns = [pointer, *pointer["history"]]
    assert sorted(turn["reason"] for turn in turns) == [f"{who} {n}" for who in ("one", "other") for n in range(5)]
    for turn in turns:
        assert turn["digest"] == models.digest({"one": 1, "other": 2}[turn["reason"].split()[0]])
    assert filled.registry.read_promoted().manifest.graph.sha256 == pointer["digest"]


# What if S3 fails?


@pytest.mark.aws
@pytest.mark.parametrize(("status", "code"), [(403, "AccessDenied"), (404, "NoSuchBucket"), (400, "KMS.Disabled")])
def test_a_bucket_that_refuses_is_told_without_names(
    status: int, code: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = models.bundle_folder(tmp_path / "bundle")
    with buckets.sick(status, code) as (store, _):
        registry = Registry(BucketPlace("models-of-nobody", store._client))
        for use in (registry.versions, registry.promoted, lambda: registry.put("0.1.0", folder)):
            with pytest.raises(errors.RegistryUnavailable) as caught:
                use()
            assert "models-of-nobody" not in caught.value.message
            assert "arn:" not in caught.value.message

    told = [vars(record)["fields"] for record in caplog.records if record.name == "fracturelens.aws"]
    assert [line["reason"] for line in told] == [code] * 3
    assert "models-of-nobody" not in caplog.text


@pytest.mark.aws
def test_who_is_always_too_late_is_told(monkeypatch: pytest.MonkeyPatch, bucket: Bucket, tmp_path: Path) -> None:
    filled = bucket_site(bucket)
    for number in (1, 2):
        filled.registry.put(f"0.{number}.0", models.bundle_folder(tmp_path / f"bundle-{number}", number))
    monkeypatch.setattr("fracturelens.registry.registry.PAUSE_SECONDS", 0)
    # Given somebody who writes whenever we have looked.
    read = BucketPlace.read
    filled.registry.promote("0.1.0", reason="first")

    def read_then_changed(place: BucketPlace, key: str, max_bytes: int) -> Any:
        held = read(place, key, max_bytes)
        if key == "promoted.json":
            filled.write(key, filled.read(key) + b" ")
        return held

    monkeypatch.setattr(BucketPlace, "read", read_then_changed)

    with pytest.raises(errors.RegistryUnavailable, match="faster"):
        filled.registry.promote("0.2.0", reason="me too")
    assert filled.promoted()["version"] == "0.1.0"


@pytest.mark.aws
def test_a_promotion_whose_answer_is_lost_is_done_once(bucket: Bucket, tmp_path: Path) -> None:
    # Given an S3 that writes, and whose answer does not arrive: botocore asks again, and is told that it is too late.
    site = bucket_site(bucket)
    site.registry.put("0.1.0", models.bundle_folder(tmp_path / "bundle"))
    site.registry.promote("0.1.0", reason="first")
    with storage(bucket.endpoint) as unreliable, buckets.environment(unreliable.endpoint):
        registry = open_registry(f"s3://{bucket.name}")
        unreliable.lost.add("PUT")
        pointer = registry.promote("0.1.0", reason="second")

    assert not unreliable.lost, "nothing was lost"
    assert pointer.reason == "second"
    assert [turn["reason"] for turn in site.promoted()["history"]] == ["first"]


@pytest.mark.parametrize("place", ["s3://bucket/prefix", "https://bucket", "s3://", "s3://UPPER"])
def test_an_address_of_another_kind_is_refused(place: str) -> None:
    with pytest.raises(errors.InvalidSetting, match="s3://BUCKET"):
        open_registry(place)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "registry").write_text("a file in its place")

    with pytest.raises(errors.RegistryUnavailable):
        open_registry(tmp_path / "registry").put("0.1.0", models.bundle_folder(tmp_path / "bundle"))


@pytest.mark.aws
def test_a_client_is_made_for_who_has_none(bucket: Bucket) -> None:
    with buckets.environment(bucket.endpoint):
        assert open_registry(f"s3://{bucket.name}", client=Client()).versions() == []
