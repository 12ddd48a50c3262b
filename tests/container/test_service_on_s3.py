"""On a host, films and models are in S3: the service reads with what is promoted, and keeps nothing of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fracturelens.bundle import open_bundle
from fracturelens.registry import open_registry
from tests import buckets, models
from tests.buckets import Bucket
from tests.container.conftest import Start

pytestmark = [pytest.mark.aws, pytest.mark.containers, pytest.mark.slow]

GRAPH = "versions/0.2.0/model.tflite"


@pytest.fixture
def promoted(bucket: Bucket, tmp_path: Path) -> Bucket:
    """Return a bucket with another model than the image's own, promoted."""
    place = buckets.another(bucket)
    registry = open_registry(f"s3://{place.name}", client=place.client)
    registry.put("0.2.0", models.bundle_folder(tmp_path / "bundle", 2))
    registry.promote("0.2.0", reason="first")
    return place


def told(films: Bucket, promoted: Bucket) -> dict[str, str]:
    """Return what the host tells its service."""
    return {
        **buckets.CREDENTIALS,
        "AWS_ENDPOINT_URL_S3": films.endpoint,
        "FRACTURELENS_STORE": f"s3://{films.name}",
        "FRACTURELENS_MODEL": f"s3://{promoted.name}",
    }


def test_films_are_read_with_the_promoted_model_and_kept_in_s3_alone(
    bucket: Bucket, promoted: Bucket, start: Start, film: bytes
) -> None:
    service = start(**told(bucket, promoted))

    with service.client() as client:
        answer = client.post("/v1/assessments", files={"file": film})

    assert answer.status_code == 200, answer.text
    assert answer.json()["model"]["digest"] == models.digest(2)
    (key,) = bucket.keys()
    assert key.endswith(f"/{answer.json()['id']}")
    assert list(service.volume.iterdir()) == []


def test_with_a_damaged_model_promoted_films_are_read_with_the_image_s_own(
    bucket: Bucket, promoted: Bucket, start: Start, film: bytes
) -> None:
    graph = promoted.read(GRAPH)
    promoted.write(GRAPH, graph[:-1] + bytes([graph[-1] ^ 1]))
    service = start(**told(bucket, promoted))

    with service.client() as client:
        answer = client.post("/v1/assessments", files={"file": film})

    assert answer.status_code == 200, answer.text
    assert answer.json()["model"]["digest"] == open_bundle().manifest.graph.sha256
    assert "bundle fallback bundle_damaged" in {json.loads(line)["event"] for line in service.log_lines()}
