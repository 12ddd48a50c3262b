"""What keeps a server from starting is said at once, and what breaks later is answered cleanly."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fracturelens import errors
from fracturelens.api import create_app
from fracturelens.assess import Assessor
from fracturelens.bundle import default_bundle_path
from fracturelens.settings import Settings
from tests.api.conftest import LogLines, MakeApp, Serve


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return Path(shutil.copytree(default_bundle_path(), tmp_path / "bundle"))


def settings_with(bundle: Path, tmp_path: Path) -> Settings:
    return Settings(model=str(bundle), store=tmp_path / "data")


def test_a_missing_bundle_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(errors.BundleNotFound):
        create_app(settings_with(tmp_path / "nowhere", tmp_path))


def test_a_damaged_bundle_stops_the_start(bundle: Path, tmp_path: Path) -> None:
    graph = bundle / "model.tflite"
    graph.write_bytes(graph.read_bytes()[:-1] + b"\0\0")

    with pytest.raises(errors.BundleDamaged):
        create_app(settings_with(bundle, tmp_path))


def test_a_bundle_of_a_newer_schema_stops_the_start(bundle: Path, tmp_path: Path) -> None:
    manifest = bundle / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "schema_version": 99}))

    with pytest.raises(errors.BundleTooNew):
        create_app(settings_with(bundle, tmp_path))


def test_an_unwritable_data_folder_stops_the_start(make_app: MakeApp, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in its place")

    with pytest.raises(errors.StoreError, match="FRACTURELENS_STORE"):
        make_app()


def test_an_invalid_setting_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRACTURELENS_PORT", "http")

    with pytest.raises(errors.InvalidSetting, match="FRACTURELENS_PORT"):
        create_app()


def test_a_data_folder_that_becomes_unwritable_is_a_clean_503_until_it_is_back(
    serve: Serve, film: bytes, tmp_path: Path
) -> None:
    client = serve()
    given = client.post("/v1/assessments", files={"file": film}).json()
    # When the folder is gone and a file stands in its place,
    (tmp_path / "data").rename(tmp_path / "away")
    (tmp_path / "data").write_text("")

    answers = [
        client.post("/v1/assessments", files={"file": film}),
        client.post("/v1/uploads"),
        client.get(f"/v1/assessments/{given['id']}"),
        client.get(f"/v1/assessments/{given['id']}/overlay.png"),
    ]

    # then every route that needs it says so, the others go on,
    for response in answers:
        assert (response.status_code, response.json()["code"]) == (503, "store_unavailable")
        assert str(tmp_path) not in response.text
    assert client.get("/healthz").status_code == 200

    # and all is well again when it is back.
    (tmp_path / "data").unlink()
    (tmp_path / "away").rename(tmp_path / "data")
    assert client.post("/v1/assessments", files={"file": film}).status_code == 200
    assert client.get(f"/v1/assessments/{given['id']}").json() == given


@pytest.mark.aws
@pytest.mark.parametrize("code", ["AccessDenied", "KMS.DisabledException"])
def test_a_bucket_that_refuses_is_a_clean_503(
    serve: Serve, assessor: Assessor, film: bytes, log_lines: LogLines, code: str
) -> None:
    from tests import buckets  # moto takes more than a second to import

    with buckets.sick(403, code) as (store, _):
        client = serve(create_app(Settings(store="s3://not-used"), assessor=assessor, store=store))
        answers = [
            client.post("/v1/assessments", files={"file": film}),
            client.post("/v1/assessments", json={"upload_id": "a" * 32}),
            client.get(f"/v1/assessments/{'a' * 32}"),
            client.get(f"/v1/assessments/{'a' * 32}/film.png"),
        ]
        assert client.get("/healthz").status_code == 200

    for response in answers:
        assert (response.status_code, response.json()["code"]) == (503, "store_unavailable")
        assert response.json()["instance"] == f"urn:uuid:{response.headers['x-request-id']}"
        assert "arn:" not in response.text
    assert [line["code"] for line in log_lines() if line.get("status") == 503] == ["store_unavailable"] * 4


def test_the_defaults_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FRACTURELENS_STORE", str(tmp_path / "own"))

    create_app()

    assert (tmp_path / "own" / "readings").is_dir()


def test_importing_the_api_loads_nothing_that_a_png_does_not_need(root: Path) -> None:
    heavy = {"boto3", "cv2", "keras", "matplotlib", "pydicom", "scipy", "sklearn", "tensorflow", "typer", "uvicorn"}
    program = "import sys, fracturelens.api; print(*sorted({name.partition('.')[0] for name in sys.modules}))"

    loaded = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)

    assert heavy & set(loaded.stdout.split()) == set()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_an_idle_server_deletes_what_expires(
    serve: Serve, film: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fracturelens.api.app.EXPIRY_SECONDS", 0.05)
    reading_id = serve().post("/v1/assessments", files={"file": film}).json()["id"]
    place = tmp_path / "data" / "readings" / reading_id
    assert place.exists()

    then = time.time() - 25 * 3600
    os.utime(place, (then, then))

    wait_until(lambda: not place.exists())


def test_an_expiry_that_fails_is_logged_and_tried_again(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log_lines: LogLines
) -> None:
    monkeypatch.setattr("fracturelens.api.app.EXPIRY_SECONDS", 0.05)
    client = serve()

    (tmp_path / "data").rename(tmp_path / "away")

    def failures() -> list[str]:
        return [line["code"] for line in log_lines() if line["event"] == "expiry failed"]

    wait_until(lambda: len(failures()) >= 2)
    assert set(failures()) == {"store_unavailable"}
    assert client.get("/healthz").status_code == 200
