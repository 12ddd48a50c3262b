"""All films letterboxed once into one memory-mapped file, so that training streams and never holds them as floats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from fracturelens.errors import FilmError
from fracturelens.letterbox import fit, letterbox
from fracturelens.radiograph import Grey, decode
from training.datasets import Dataset, Film

MARGIN = 1.25
"""Films are packed this much larger than the input, so that zooming in while augmenting finds real detail."""


def read_film(film: Film) -> Grey:
    """Decode a film exactly as serving does.

    Raises
    ------
    DataError
        If serving would refuse it.
    """
    try:
        return decode(film.path.read_bytes()).pixels
    except FilmError as error:
        raise film.error(f"the film cannot be read: {error.message}") from error


def packed_side(input_size: int) -> int:
    """Return the side of packed films, pixels."""
    return round(input_size * MARGIN)


def pack(dataset: Dataset, digest: str, input_size: int, folder: Path) -> npt.NDArray[np.uint8]:
    """Return the films as (n, side, side) bytes, memory-mapped; made on first need, then reused."""
    side = packed_side(input_size)
    path = folder / f"{digest[:16]}-{side}.npy"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        films = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=(len(dataset), side, side))
        for index, film in enumerate(tqdm(dataset.films, desc="Packing films", unit="film", disable=None)):
            films[index] = np.round(letterbox(read_film(film), side)[0] * 255)
        films.flush()
        del films
        partial.rename(path)
    packed: npt.NDArray[np.uint8] = np.load(path, mmap_mode="r")
    return packed


def outlines(film: Film, side: int) -> list[list[tuple[float, float]]]:
    """Return a film's polygons in pixels of its letterboxed square of ``side`` pixels."""
    if not film.polygons:
        return []
    width, height = int(film.attributes["width"]), int(film.attributes["height"])
    place = fit(width, height, side)
    origin = np.array([place.left, place.top], dtype=np.float64)
    extent = np.array([place.width, place.height], dtype=np.float64)
    return [[(x, y) for x, y in (origin + ring * extent).tolist()] for ring in film.polygons]
