"""A grading sheet: films and all in one HTML file that connects to nothing and gives no label away."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from fracturelens.errors import FilmError
from fracturelens.radiograph import decode
from training.datasets.film import DataError, Film
from training.grading.grades import sheet_key

MAX_BYTES = 100_000_000
"""Largest sheet, bytes: what a browser still opens in seconds on a small computer."""
JPEG_QUALITY = 92

PAGE = Path(__file__).parent / "page"
MODULES = ("clock", "memory", "order", "table", "view", "main")
"""The sheet's scripts, each after those that it imports."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a sheet holds.

    Attributes
    ----------
    id
        Follows from films, seed and repeats; marks kept by a browser belong to it.
    repeats
        How many films each reader sees twice.
    reader
        Name that the sheet proposes; empty if the reader chooses.
    films
        JPEG files by ``sheet_key``, in the order of the keys, which says nothing of labels.
    """

    id: str
    seed: int
    repeats: int
    reader: str
    films: dict[str, bytes]

    def html(self) -> str:
        """Return the sheet: one file, its content security policy naming the only script and style that may run."""
        script, style = _script(), (PAGE / "sheet.css").read_text(encoding="utf-8")
        policy = "; ".join(
            [
                "default-src 'none'",
                "img-src data:",
                f"style-src '{_digest(style)}'",
                f"script-src '{_digest(script)}'",
                "base-uri 'none'",
                "form-action 'none'",
                "require-trusted-types-for 'script'",
                "trusted-types 'none'",
            ]
        )
        films = [
            {"key": key, "source": "data:image/jpeg;base64," + base64.b64encode(film).decode()}
            for key, film in self.films.items()
        ]
        content = {"id": self.id, "seed": self.seed, "repeats": self.repeats, "reader": self.reader, "films": films}
        parts = {
            "policy": policy,
            "style": style,
            # No "<": a reader's name must not end the script that holds it.
            "sheet": json.dumps(content).replace("<", "\\u003c"),
            "script": script,
        }
        template = (PAGE / "sheet.html").read_text(encoding="utf-8")
        return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


def sheet(
    films: Iterable[Film], out: Path, *, seed: int = 0, repeats: float = 0.1, side: int = 1024, reader: str = ""
) -> Sheet:
    """Return a sheet of films, each at most ``side`` pixels long; a share of ``repeats`` is shown twice.

    Raises
    ------
    DataError
        If there is no film, serving would refuse one, or ``out`` would become too large to open.
    """
    pictures: dict[str, bytes] = {}
    chosen = list(films)
    size = 0
    for number, film in enumerate(tqdm(chosen, desc="Drawing films", unit="film"), start=1):
        key = sheet_key(film)
        if key in pictures:
            continue  # copies of a file are one film to a reader
        pictures[key] = jpeg(film, side)
        size += len(pictures[key]) * 4 // 3  # base64
        if size > MAX_BYTES:
            whole = size // number * len(chosen) // 10**6
            raise DataError(
                out,
                f"{len(chosen):,} films of {side} pixels make a sheet of about {whole:,} MB, and at most "
                f"{MAX_BYTES // 10**6} MB open well: take about {number - 1:,} (--films) or smaller ones (--side)",
            )
    if not pictures:
        raise DataError(out, "there is no film to grade")
    keys = sorted(pictures)
    count = round(repeats * len(keys))
    identity = hashlib.sha256("\n".join([str(seed), str(count), *keys]).encode()).hexdigest()[:8]
    return Sheet(f"sheet-{identity}", seed, count, reader, {key: pictures[key] for key in keys})


def choose(films: Sequence[Film], count: int | None, seed: int) -> list[Film]:
    """Return ``count`` films drawn at random, or all of them."""
    if count is None or count >= len(films):
        return list(films)
    picks = np.random.default_rng(seed).choice(len(films), count, replace=False)
    return [films[index] for index in sorted(picks)]


def jpeg(film: Film, side: int) -> bytes:
    """Return a film as readers see it: grey, upright, at most ``side`` pixels long, nothing but pixels in the file.

    Raises
    ------
    DataError
        If serving would refuse it.
    """
    try:
        grey = decode(film.path.read_bytes(), working_side=side).pixels
    except FilmError as error:
        raise film.error(f"the film cannot be read: {error.message}") from error
    image = Image.fromarray(np.round(grey * 255).astype(np.uint8))
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    out = BytesIO()
    image.save(out, format="JPEG", quality=JPEG_QUALITY)
    return out.getvalue()


def _script() -> str:
    """Return the sheet's modules as one script."""
    texts = [(PAGE / f"{name}.js").read_text(encoding="utf-8") for name in MODULES]
    joined = "\n".join(re.sub(r"^(?:import .*\n|export (?=\w))", "", text, flags=re.MULTILINE) for text in texts)
    return f'"use strict";\n{{\n{joined}}}\n'


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
