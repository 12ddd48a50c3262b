"""What the server says about itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx
import pytest

from fracturelens import DISCLAIMER, __version__
from fracturelens.assess import Assessor
from tests.api.conftest import Serve


def test_the_model_is_described_as_in_its_bundle(client: httpx.Client, assessor: Assessor) -> None:
    described = client.get("/v1/model").json()

    assert described["digest"] == assessor.model.digest == assessor.bundle.manifest.graph.sha256
    assert described["manifest"] == assessor.bundle.manifest.model_dump(mode="json")
    assert described["manifest"]["classes"] == ["normal", "hairline", "displaced"]
    assert described["disclaimer"] == DISCLAIMER


def test_health_names_version_and_model(client: httpx.Client, assessor: Assessor) -> None:
    assert client.get("/healthz").json() == {
        "status": "ok",
        "version": __version__,
        "model": assessor.model.model_dump(),
    }


def test_health_does_not_touch_the_disk(serve: Serve, tmp_path: Path) -> None:
    client = serve()
    shutil.rmtree(tmp_path / "data")

    assert client.get("/healthz").status_code == 200
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("max_file_mb", "direct_max_mb", "direct_max_bytes", "retention_hours"),
    [(32, None, None, 24), (32, 4.25, 4_456_448, 24), (1, None, None, 0.5)],
)
def test_the_page_learns_the_limits(
    serve: Serve, max_file_mb: int, direct_max_mb: float | None, direct_max_bytes: int | None, retention_hours: float
) -> None:
    client = serve(max_file_mb=max_file_mb, direct_max_mb=direct_max_mb, retention_hours=retention_hours)

    config = client.get("/config.json").json()

    assert config == {
        "api": "/v1",
        "version": __version__,
        "max_file_bytes": max_file_mb * 1024 * 1024,
        "direct_max_bytes": direct_max_bytes,
        "retention_hours": retention_hours,
        "disclaimer": DISCLAIMER,
    }
