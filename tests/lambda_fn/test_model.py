"""The function reads with what the registry has promoted; while that cannot be had, with the model in its image."""

from __future__ import annotations

from pathlib import Path

import pytest

from fracturelens.bundle import open_bundle
from fracturelens.registry import Registry, open_registry
from tests import buckets, models
from tests.lambda_fn import events
from tests.lambda_fn.conftest import Function, Start, Written
from tests.lambda_fn.storage import KMS_DENIED, Refusal, Storage

pytestmark = pytest.mark.aws

SHIPPED = open_bundle().manifest.graph.sha256


@pytest.fixture
def place(cloud: buckets.Bucket) -> buckets.Bucket:
    """Return a new bucket for models."""
    return buckets.another(cloud)


@pytest.fixture
def registry(place: buckets.Bucket, tmp_path: Path) -> Registry:
    """Return a registry with another model than the shipped one, promoted."""
    registry = open_registry(f"s3://{place.name}", client=place.client)
    registry.put("0.1.0", models.bundle_folder(tmp_path / "bundle-1", 1))
    registry.put("0.2.0", models.bundle_folder(tmp_path / "bundle-2", 2))
    registry.promote("0.2.0", reason="first")
    return registry


def written_by(function: Function) -> Written:
    """Return all that a function wrote, from its start on."""
    return Written(list(function.emulator.lines))


def damage(place: buckets.Bucket, version: str) -> None:
    graph = bytearray(place.read(f"versions/{version}/model.tflite"))
    graph[len(graph) // 2] ^= 0xFF
    place.write(f"versions/{version}/model.tflite", bytes(graph))


def read_with(function: Function, film: bytes) -> str:
    """Have a film read, and return the digest of the model that read it, which is the one that the API tells."""
    reading = function(events.film(film))
    assert reading.status == 200, reading.content
    digest: str = reading.json["model"]["digest"]
    assert function(events.request("GET", "/v1/model")).json["digest"] == digest
    assert function(events.request("GET", "/healthz")).json["model"]["digest"] == digest
    return digest


@pytest.mark.parametrize(("path", "number"), [("", 2), ("/versions/0.1.0", 1)])
def test_films_are_read_with_the_registrys_model(
    start: Start, place: buckets.Bucket, registry: Registry, film: bytes, path: str, number: int
) -> None:
    with start(FRACTURELENS_MODEL=f"{registry.url}{path}") as function, function.writing() as written:
        assert read_with(function, film) == models.digest(number)

    assert "BundleFallback" not in written.metrics


def test_a_damaged_model_is_not_used_and_films_are_read_all_the_same(
    start: Start, place: buckets.Bucket, registry: Registry, film: bytes
) -> None:
    damage(place, "0.2.0")

    with start(FRACTURELENS_MODEL=registry.url) as function:
        digest = read_with(function, film)

    assert digest == SHIPPED
    every = written_by(function)
    assert every.metrics["BundleFallback"] == [1.0]
    assert every.units["BundleFallback"] == "Count"
    assert [line["code"] for line in every.logs if line["message"] == "bundle fallback bundle_damaged"] == [
        "bundle_damaged"
    ]
    assert "BundleErrors" not in every.metrics
    assert place.name not in "\n".join(every.lines)


def test_a_registry_that_promoted_nothing_is_a_fallback(start: Start, place: buckets.Bucket, film: bytes) -> None:
    with start(FRACTURELENS_MODEL=f"s3://{place.name}") as function:
        assert read_with(function, film) == SHIPPED

    assert written_by(function).metrics["BundleFallback"] == [1.0]


def test_a_registry_that_may_not_be_read_is_a_fallback(
    start: Start, broken: Storage, registry: Registry, film: bytes
) -> None:
    broken.refusals["GET"] = Refusal(403, "AccessDenied", KMS_DENIED)
    try:
        with start(endpoint=broken.endpoint, FRACTURELENS_MODEL=registry.url) as function:
            assert function(events.film(film)).json["model"]["digest"] == SHIPPED
    finally:
        broken.heal()

    every = written_by(function)
    assert every.metrics["BundleFallback"] == [1.0]
    assert "bundle fallback registry_unavailable" in [line["message"] for line in every.logs]
    assert "arn:aws" not in "\n".join(every.lines)
