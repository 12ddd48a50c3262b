"""Strangers: drawn alike every time, read from packages that may be missing, no source in both halves."""

from __future__ import annotations

import gzip
import io
import plistlib
import struct
import tarfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.gate.strangers import Half, collect, drawn, packages, pictures, volumes


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw two of each kind instead of many."""
    monkeypatch.setattr(drawn, "EACH", 2)


def nifti(values: np.ndarray[tuple[int, int, int], np.dtype[np.int16]], spacing: tuple[float, float, float]) -> bytes:
    """Write a volume (z, y, x) as NIfTI-1, int16."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *values.shape[::-1], 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, 4, 16)
    struct.pack_into("<4f", header, 76, 1.0, *spacing[::-1])
    struct.pack_into("<3f", header, 108, 352.0, 1.0, 0.0)
    header[344:348] = b"n+1\0"
    return bytes(header) + values.astype("<i2").tobytes()


def test_drawings_are_the_same_every_time(few: None) -> None:
    first, again = list(drawn.drawings()), list(drawn.drawings())

    assert len(first) == 2 * len(drawn._MAKERS)
    for one, other in zip(first, again, strict=True):
        assert (one.film.pixels == other.film.pixels).all()
        assert one.film.pixels.min() >= 0
        assert one.film.pixels.max() <= 1
    assert len({one.film.pixels.tobytes() for one in first}) == len(first)


def test_without_any_package_what_is_drawn_remains(few: None, tmp_path: Path) -> None:
    assert {one.source for one in collect(tmp_path)} == {drawn.SOURCE}


def test_no_package_and_no_drawing_serves_both_halves() -> None:
    halves = defaultdict(set)
    for entry in (*pictures.PICTURES, *pictures.SCANS):
        halves[entry.package].add(entry.half)
    for _, half, make in drawn._MAKERS:
        halves[make.__name__].add(half)

    assert [name for name, found in halves.items() if len(found) > 1] == []
    assert set.union(*halves.values()) == set(Half)


def test_every_package_that_is_read_is_fetched_and_every_one_fetched_is_read() -> None:
    read = {entry.package for entry in (*pictures.PICTURES, *pictures.SCANS)}

    assert read == {*packages.WHEELS, *packages.DEBIAN}


def test_pictures_are_decoded_cut_and_icons_left_out(few: None, tmp_path: Path) -> None:
    folder = tmp_path / "scikit-learn" / "sklearn" / "datasets" / "images"
    folder.mkdir(parents=True)
    colours = np.random.default_rng(0).integers(0, 255, (400, 600, 3), dtype=np.uint8)
    Image.fromarray(colours).save(folder / "flower.jpg")
    Image.fromarray(colours[:64, :64]).save(folder / "icon.jpg")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff and no more")

    found = [one for one in collect(tmp_path) if one.source == "scikit-learn"]

    assert {one.original for one in found} == {"flower.jpg"}
    assert len(found) == 1 + pictures.CROPS
    assert all(one.half is Half.REPORTING and one.kind == "photographs" for one in found)
    assert found[0].film.colourfulness > 0.1
    assert all(max(one.film.pixels.shape) <= 600 for one in found)


def test_a_nifti_volume_is_read_from_front_to_back(tmp_path: Path) -> None:
    values = np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4)
    (tmp_path / "scan.nii.gz").write_bytes(gzip.compress(nifti(values, (3.0, 2.0, 1.0))))

    volume = volumes.read_nifti(tmp_path / "scan.nii.gz")

    assert volume.spacing == (3.0, 2.0, 1.0)
    assert (volume.values == values[:, ::-1]).all()


@pytest.mark.parametrize("content", [b"", b"GIF89a", bytes(400), nifti(np.zeros((1, 1, 1), np.int16), (1, 1, 1))[:300]])
def test_what_is_no_nifti_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "scan.nii").write_bytes(content)

    with pytest.raises(ValueError, match=r"scan\.nii"):
        volumes.read_nifti(tmp_path / "scan.nii")


def test_an_invesalius_project_is_read(tmp_path: Path) -> None:
    values = np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4)
    about = {"matrix": {"filename": "matrix.dat", "dtype": "int16", "shape": [2, 3, 4]}, "spacing": [1.0, 2.0, 3.0]}
    with tarfile.open(tmp_path / "skull.inv3", "w:gz") as archive:
        for name, content in (("main.plist", plistlib.dumps(about)), ("matrix.dat", values.tobytes())):
            entry = tarfile.TarInfo(f"folder/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))

    volume = volumes.read_invesalius(tmp_path / "skull.inv3")

    assert volume.spacing == (3.0, 2.0, 1.0)
    assert (volume.values == values).all()


def body() -> volumes.Volume:
    """Return a body of water in air, with a dense rod from feet to head at its right front."""
    values = np.full((20, 40, 60), -1000, dtype=np.float32)
    values[:, 8:32, 10:50] = 0
    values[:, 10:14, 40:44] = 2000
    return volumes.Volume(values, (4.0, 2.0, 2.0))


def test_a_simulated_film_shows_air_black_and_dense_parts_white() -> None:
    (film,) = volumes.simulated_films(body(), [0.0])

    height, width = film.pixels.shape
    assert height / width == pytest.approx(20 * 4 / (60 * 2), rel=0.05)
    assert film.pixels[:, : width // 10].max() < 0.05  # air
    peak = int(film.pixels.mean(axis=0).argmax())
    assert peak / width == pytest.approx(42 / 60, abs=0.03)  # the rod


def test_a_film_from_the_side_is_another_one() -> None:
    front, side = volumes.simulated_films(body(), [0.0, 90.0])

    assert (front.pixels > 0.05).mean() > 1.3 * (side.pixels > 0.05).mean()  # a body is wider than deep


def test_slices_lie_in_all_three_directions_in_square_pixels() -> None:
    found = list(volumes.slices(body(), 2, (300.0, 1500.0)))

    assert len(found) == 6
    axial, coronal, sagittal = found[0], found[2], found[4]
    assert axial.width / axial.height == pytest.approx(60 / 40, rel=0.05)
    assert coronal.width / coronal.height == pytest.approx(60 * 2 / (20 * 4), rel=0.05)
    assert sagittal.width / sagittal.height == pytest.approx(40 * 2 / (20 * 4), rel=0.05)
    assert all(one.pixels.min() >= 0 and one.pixels.max() <= 1 for one in found)
