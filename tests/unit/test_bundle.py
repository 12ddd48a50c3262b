"""Bundles: read only if they are what they say they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fracturelens import errors
from fracturelens.bundle import (
    CLASSES,
    MAX_GRAPH_BYTES,
    SCHEMA_VERSION,
    Gate,
    GraphFile,
    OperatingPoints,
    default_bundle_path,
    load,
    open_bundle,
    write,
)
from tests import graphs

GRAPH = b"graph bytes" * 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a bundle's folder."""
    folder = tmp_path / "elbow"
    write(folder, graphs.manifest_of(GRAPH), GRAPH, "# Model card\n")
    return folder


def edit(folder: Path, **changes: Any) -> None:
    """Change fields of a bundle's manifest; ``None`` takes a field out."""
    path = folder / "manifest.json"
    content = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))


def test_what_was_written_is_read_back(folder: Path) -> None:
    bundle = load(folder)

    assert bundle.manifest == graphs.manifest_of(GRAPH)
    assert bundle.graph == GRAPH
    assert bundle.location == str(folder)
    assert (folder / "MODEL_CARD.md").read_text() == "# Model card\n"
    assert bundle.manifest.classes == CLASSES


def test_a_manifest_without_a_learnt_gate_is_read_as_one_that_uses_none(folder: Path) -> None:
    edit(folder, gate={"min_contrast": 0.2})

    found = load(folder).manifest.gate

    assert found.min_contrast == 0.2
    assert (found.novelty_limit, found.several_views_limit, found.fitted) == (None, None, {})


def test_a_learnt_gate_is_written_and_read_back(folder: Path) -> None:
    gate = Gate(novelty_limit=1.7, several_views_limit=0.4, fitted={"method": {"size": 64}})

    write(folder, graphs.manifest_of(GRAPH, gate=gate), GRAPH, "")

    assert load(folder).manifest.gate == gate


def test_a_bundle_is_opened_by_the_name_of_its_folder(folder: Path) -> None:
    assert open_bundle(str(folder)) == load(folder)


def test_the_shipped_bundle_is_the_default() -> None:
    bundle = open_bundle(None)

    assert bundle.location == str(default_bundle_path())
    assert bundle.manifest.graph == GraphFile.of(bundle.graph)


def test_writing_again_replaces_the_bundle_and_spares_other_files(folder: Path) -> None:
    (folder / "curves.png").write_bytes(b"curves")

    write(folder, graphs.manifest_of(b"new", version="2.0"), b"new", "# New card\n")

    assert load(folder).manifest.version == "2.0"
    assert sorted(path.name for path in folder.iterdir()) == [
        "MODEL_CARD.md",
        "curves.png",
        "manifest.json",
        "model.tflite",
    ]


def test_a_manifest_of_another_graph_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(errors.BundleDamaged):
        write(tmp_path / "elbow", graphs.manifest_of(GRAPH), GRAPH + b"!", "")

    assert not (tmp_path / "elbow").exists()


def test_a_failed_write_leaves_the_old_file_and_no_litter(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)

    with pytest.raises(OSError, match="No space"):
        write(folder, graphs.manifest_of(b"new"), b"new", "")
    assert load(folder).graph == GRAPH
    assert len(list(folder.iterdir())) == 3


@pytest.mark.parametrize("name", ["nowhere", "nowhere/deeper", "manifest-less"])
def test_no_manifest_is_no_bundle(tmp_path: Path, name: str) -> None:
    (tmp_path / "manifest-less").mkdir()

    with pytest.raises(errors.BundleNotFound, match=r"manifest\.json"):
        load(tmp_path / name)


def test_a_file_is_no_bundle_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    with pytest.raises(errors.BundleNotFound):
        load(tmp_path / "file")


def test_an_address_is_refused_with_the_way_out() -> None:
    with pytest.raises(errors.BundleError, match="Copy the bundle to a folder"):
        open_bundle("s3://bucket/elbow")


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, 99])
def test_a_newer_schema_is_told_apart_even_if_nothing_else_is_known(folder: Path, version: int) -> None:
    (folder / "manifest.json").write_text(json.dumps({"schema_version": version, "calibration": "reinvented"}))

    with pytest.raises(errors.BundleTooNew, match=f"schema version {version}"):
        load(folder)


def test_minor_additions_are_ignored(folder: Path) -> None:
    edit(folder, vendor="someone", gate={"min_contrast": 0.2, "min_sharpness": 3})

    assert load(folder).manifest.gate.min_contrast == 0.2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"schema_version": None}, "schema_version"),
        ({"schema_version": "one"}, "schema_version"),
        ({"name": None}, "name"),
        ({"classes": ["normal", "displaced", "hairline"]}, "classes"),
        ({"input_size": 0}, "input_size"),
        ({"pixel_convention": "rgb_0_255"}, "pixel_convention"),
        ({"cell_stride": 0}, "cell_stride"),
        ({"calibration": {"temperature": 0}}, "calibration.temperature"),
        ({"calibration": {"class_bias": [0, 0]}}, "calibration.class_bias"),
        ({"operating_points": {"suspected": 0.1, "likely": 1.5}}, "operating_points.likely"),
        ({"operating_points": {"suspected": 0.7, "likely": 0.5}}, "operating_points"),
        ({"gate": {"max_aspect": "wide"}}, "gate.max_aspect"),
        ({"graph": {"file": "../../etc/passwd", "sha256": "0" * 64, "bytes": 1}}, "graph.file"),
        ({"graph": {"file": "model.tflite", "sha256": "0" * 64, "bytes": MAX_GRAPH_BYTES + 1}}, "graph.bytes"),
        ({"graph": {"file": "model.tflite", "sha256": "zz", "bytes": 1}}, "graph.sha256"),
    ],
)
def test_a_malformed_manifest_names_the_field(folder: Path, changes: dict[str, Any], field: str) -> None:
    edit(folder, **changes)

    with pytest.raises(errors.BundleDamaged, match=f"field '{field}"):
        load(folder)


@pytest.mark.parametrize(
    "text", [b"", b"{", b"\xff\xfe", b"[1]", b'{"input_size": NaN}', b"[" * 100_000], ids=lambda text: repr(text[:12])
)
def test_what_is_not_a_json_object_is_no_manifest(folder: Path, text: bytes) -> None:
    (folder / "manifest.json").write_bytes(text)

    with pytest.raises(errors.BundleDamaged, match="JSON"):
        load(folder)


@pytest.mark.parametrize("graph", [b"", GRAPH[:-1], GRAPH + b"!", b"G" + GRAPH[1:]])
def test_a_graph_that_differs_in_any_byte_is_refused(folder: Path, graph: bytes) -> None:
    (folder / "model.tflite").write_bytes(graph)

    with pytest.raises(errors.BundleDamaged, match=r"model\.tflite .* SHA-256"):
        load(folder)


def test_a_missing_graph_is_damage(folder: Path) -> None:
    (folder / "model.tflite").unlink()

    with pytest.raises(errors.BundleDamaged, match=r"no model\.tflite"):
        load(folder)


def test_an_unreadable_graph_is_damage(folder: Path) -> None:
    (folder / "model.tflite").unlink()
    (folder / "model.tflite").mkdir()

    with pytest.raises(errors.BundleDamaged, match="cannot be read"):
        load(folder)


def test_a_huge_manifest_is_not_read(folder: Path) -> None:
    with (folder / "manifest.json").open("wb") as file:
        file.truncate(10**9)  # sparse: takes no room

    with pytest.raises(errors.BundleDamaged, match="1,000,000,000 bytes"):
        load(folder)


def test_operating_points_may_coincide() -> None:
    assert OperatingPoints(suspected=0.5, likely=0.5).likely == 0.5


def test_a_bundle_does_not_print_its_graph(folder: Path) -> None:
    assert "graph bytes" not in repr(load(folder))
