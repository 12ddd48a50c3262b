"""A running server takes what is promoted, refuses what is damaged, and keeps the model of a reading to its end."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fracturelens.api import create_app
from fracturelens.api.current import MANIFESTS_KEPT, CurrentModel
from fracturelens.api.observer import Unobserved
from fracturelens.assess import Assessor
from fracturelens.bundle import open_bundle, write
from fracturelens.registry import Registry, open_registry
from fracturelens.settings import Settings
from tests import buckets, graphs, models
from tests.api.conftest import LogLines, Serve
from tests.api.test_observer import Notes
from tests.buckets import Bucket

pytestmark = pytest.mark.aws

REFRESH_SECONDS = 0.05
PATIENCE_S = 30
SHIPPED = open_bundle().manifest.graph.sha256


@pytest.fixture
def registry(bucket: Bucket, tmp_path: Path) -> Iterator[Registry]:
    """Return a registry with three models, none promoted; S3 is where it is for whoever looks meanwhile."""
    registry = open_registry(f"s3://{bucket.name}", client=bucket.client)
    for number in (1, 2, 3):
        registry.put(f"0.{number}.0", models.bundle_folder(tmp_path / f"bundle-{number}", number))
    with buckets.environment(bucket.endpoint):
        yield registry


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def start(serve: Serve, registry: Registry, notes: Notes, tmp_path: Path) -> Callable[..., httpx.Client]:
    """Return a function that serves with what the registry promotes, and looks for it all the time."""

    def run(path: str = "", refresh_seconds: float = REFRESH_SECONDS) -> httpx.Client:
        settings = Settings(
            model=registry.url + path, model_refresh_seconds=refresh_seconds, store=tmp_path / "data", instances=1
        )
        return serve(create_app(settings, observer=notes))

    return run


def digest_of(client: httpx.Client) -> str:
    digest: str = client.get("/healthz").json()["model"]["digest"]
    return digest


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def damage(bucket: Bucket, version: str) -> None:
    graph = bytearray(bucket.read(f"versions/{version}/model.tflite"))
    graph[len(graph) // 2] ^= 0xFF
    bucket.write(f"versions/{version}/model.tflite", bytes(graph))


def test_a_damaged_version_is_not_taken_and_a_good_one_after_it_is(
    start: Callable[..., httpx.Client],
    registry: Registry,
    bucket: Bucket,
    notes: Notes,
    log_lines: LogLines,
    film: bytes,
) -> None:
    registry.promote("0.1.0", reason="first")
    client = start()
    assert digest_of(client) == models.digest(1)
    # When a version is promoted whose graph is not what it was any more,
    damage(bucket, "0.2.0")
    pointer = json.loads(bucket.read("promoted.json")) | {"version": "0.2.0", "digest": models.digest(2)}
    bucket.write("promoted.json", json.dumps(pointer).encode())
    wait_until(lambda: len(notes.fallbacks) > 1)

    # then the server reads on with the one that it has, and says so,
    assert digest_of(client) == models.digest(1)
    assert client.post("/v1/assessments", files={"file": film}).json()["model"]["digest"] == models.digest(1)
    assert set(notes.fallbacks) == {"bundle_damaged"}
    assert {
        "event": "bundle fallback bundle_damaged",
        "code": "bundle_damaged",
        "error": "BundleDamaged",
    } in log_lines()

    # and takes a good one as soon as there is one.
    registry.promote("0.3.0", reason="third")
    wait_until(lambda: digest_of(client) == models.digest(3))
    assert client.get("/v1/model").json()["digest"] == models.digest(3)
    assert client.get("/v1/model").json()["manifest"]["version"] == "3.0"
    assert client.post("/v1/assessments", files={"file": film}).json()["model"]["digest"] == models.digest(3)
    assert [line["version"] for line in log_lines() if line["event"] == "model changed"] == ["3.0"]


def test_a_rollback_reaches_a_running_server(start: Callable[..., httpx.Client], registry: Registry) -> None:
    registry.promote("0.1.0", reason="first")
    registry.promote("0.2.0", reason="second")
    client = start()
    assert digest_of(client) == models.digest(2)

    registry.rollback(reason="misses hairlines")

    wait_until(lambda: digest_of(client) == models.digest(1))


def test_a_server_that_started_without_the_registry_takes_its_model_once_it_can(
    start: Callable[..., httpx.Client], registry: Registry, notes: Notes
) -> None:
    client = start()
    first = digest_of(client)

    registry.promote("0.1.0", reason="first")
    wait_until(lambda: digest_of(client) == models.digest(1))

    assert first == SHIPPED
    assert notes.fallbacks[0] == "bundle_not_found"


def test_a_version_that_is_named_stays_whatever_is_promoted(
    start: Callable[..., httpx.Client], registry: Registry, log_lines: LogLines
) -> None:
    client = start("/versions/0.1.0")
    registry.promote("0.2.0", reason="new")
    time.sleep(5 * REFRESH_SECONDS)

    assert digest_of(client) == models.digest(1)
    assert not [line for line in log_lines() if line["event"].startswith(("bundle fallback", "model changed"))]


def test_nobody_looks_for_another_model_unless_told_to(
    start: Callable[..., httpx.Client], registry: Registry, bucket: Bucket
) -> None:
    registry.promote("0.1.0", reason="first")
    client = start(refresh_seconds=0)
    registry.promote("0.2.0", reason="second")
    time.sleep(5 * REFRESH_SECONDS)

    assert digest_of(client) == models.digest(1)


def test_a_reading_ends_with_the_model_that_it_began_with(
    registry: Registry, film: bytes, monkeypatch: pytest.MonkeyPatch, serve: Serve, tmp_path: Path
) -> None:
    registry.promote("0.1.0", reason="first")
    begun, go_on = threading.Event(), threading.Event()
    read = Assessor.read

    def read_slowly(assessor: Assessor, *arguments: Any, **options: Any) -> Any:
        begun.set()
        go_on.wait(PATIENCE_S)
        return read(assessor, *arguments, **options)

    monkeypatch.setattr(Assessor, "read", read_slowly)
    settings = Settings(model=registry.url, model_refresh_seconds=REFRESH_SECONDS, store=tmp_path / "data", instances=1)
    client = serve(create_app(settings))
    answers: list[dict[str, Any]] = []
    reader = threading.Thread(
        target=lambda: answers.append(
            httpx.post(f"{client.base_url}/v1/assessments", files={"file": film}, timeout=PATIENCE_S).json()
        )
    )
    reader.start()
    assert begun.wait(PATIENCE_S)

    registry.promote("0.2.0", reason="second")
    wait_until(lambda: digest_of(client) == models.digest(2))
    go_on.set()
    reader.join(PATIENCE_S)

    assert answers[0]["model"]["digest"] == models.digest(1)


def test_a_kept_reading_is_drawn_with_the_geometry_of_its_own_model(
    start: Callable[..., httpx.Client], registry: Registry, film: bytes, tmp_path: Path
) -> None:
    # Given a reading, and then a model that looks at films in another size,
    registry.promote("0.1.0", reason="first")
    client = start()
    reading = client.post("/v1/assessments", files={"file": film}).json()
    where = f"/v1/assessments/{reading['id']}/overlay.png?class=displaced"
    before = client.get(where).content
    coarse = graphs.brightness_graph(size=64, stride=8)
    manifest = graphs.manifest_of(coarse, version="4.0", input_size=64, cell_stride=8, cell_offset=3.5)
    write(tmp_path / "coarse", manifest, coarse, "# Coarse\n")
    registry.put("0.4.0", tmp_path / "coarse")
    registry.promote("0.4.0", reason="coarse")
    wait_until(lambda: digest_of(client) == manifest.graph.sha256)

    # then its overlay is what it was.
    assert client.get(where).content == before


def test_as_many_manifests_are_kept_as_is_said(registry: Registry) -> None:
    model = CurrentModel(Settings(), Unobserved(), Assessor(graphs.brightness_bundle(models.graph(100)), instances=1))

    for number in range(2 * MANIFESTS_KEPT):
        model._exchange(Assessor(graphs.brightness_bundle(models.graph(number)), instances=1))

    newest = 2 * MANIFESTS_KEPT - 1
    assert len(model._manifests) == MANIFESTS_KEPT
    assert model.manifest(models.digest(newest - 1)).graph.sha256 == models.digest(newest - 1)
    assert model.manifest(models.digest(100)).graph.sha256 == models.digest(newest)
