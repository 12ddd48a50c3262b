"""``fracturelens model show``: what the bundle says about itself, completely."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fracturelens import DISCLAIMER
from fracturelens.bundle import GraphFile, Manifest, OperatingPoints, write
from tests.cli.conftest import Cli

GRAPH = b"a graph that is only looked at"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    manifest = Manifest(
        name="elbow",
        version="1.2.3",
        input_size=288,
        cell_stride=16,
        cell_offset=15.0,
        operating_points=OperatingPoints(suspected=0.125, likely=0.75),
        training={"data": "FracAtlas", "films": 4083, "learning_rate": 2e-4},
        metrics={"any_fracture": {"auroc": {"value": 0.91234, "low": 0.9, "high": 0.925, "n": 4083}}},
        graph=GraphFile.of(GRAPH),
    )
    write(tmp_path / "bundle", manifest, GRAPH, "# A card\n")
    return tmp_path / "bundle"


def test_people_see_identity_operating_points_and_results_with_intervals(cli: Cli, bundle: Path) -> None:
    result = cli("model", "show", "--model", bundle)

    assert result.exit_code == 0
    for fact in (
        "elbow 1.2.3",
        GraphFile.of(GRAPH).sha256,
        "normal, hairline, displaced",
        "288 x 288",
        "suspected from 0.125, likely from 0.750",
        "data: FracAtlas",
        "learning rate: 0.0002",
        "auroc: 0.9123 (95 % interval 0.9 to 0.925; n = 4,083)",
        str(bundle / "MODEL_CARD.md"),
        DISCLAIMER,
    ):
        assert fact in result.stdout


def test_programs_get_the_manifest_as_one_object(cli: Cli, bundle: Path) -> None:
    shown = json.loads(cli("--model", bundle, "model", "show", "--json").stdout)

    manifest = json.loads((bundle / "manifest.json").read_text())
    assert shown == manifest | {"location": str(bundle), "model_card": str(bundle / "MODEL_CARD.md")}


def test_a_damaged_bundle_is_one_line(cli: Cli, bundle: Path) -> None:
    (bundle / "model.tflite").write_bytes(GRAPH[:-1])

    result = cli("model", "show", "--model", bundle)

    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("error [bundle_damaged]: ")


def test_the_shipped_model_is_shown(cli: Cli) -> None:
    assert "elbow" in cli("model", "show").stdout
