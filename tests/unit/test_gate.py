"""What is refused at a glance, and what is not."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from fracturelens import gate
from fracturelens.bundle import Gate
from fracturelens.decision import NOTES
from fracturelens.radiograph import Radiograph, decode
from tests import films


def film(pixels: npt.NDArray[np.float32], colourfulness: float = 0.0) -> Radiograph:
    height, width = pixels.shape
    return Radiograph(pixels.astype(np.float32), width, height, "png", colourfulness)


def codes(radiograph: Radiograph) -> list[str]:
    return [reason.code for reason in gate.examine(radiograph, Gate())]


def test_a_film_passes() -> None:
    assert codes(film(films.bone())) == []


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_a_blank_image_is_refused_once(level: float) -> None:
    noise = np.random.default_rng(0).normal(0, 0.01, (300, 200))

    assert codes(film(np.clip(level + noise, 0, 1))) == ["low_contrast"]


def test_a_negative_is_refused() -> None:
    assert codes(film(1 - films.bone())) == ["looks_negative"]


def test_white_page_margins_do_not_make_a_negative() -> None:
    page = np.pad(films.bone(400, 300), 30, constant_values=1.0)

    assert codes(film(page)) == []


def test_scanned_text_is_refused() -> None:
    page = np.ones((400, 300), dtype=np.float32)
    page[20:380:12, 20:280] = 0

    assert "too_few_greys" in codes(film(page))


def test_a_colour_picture_is_refused() -> None:
    assert codes(film(films.bone(), colourfulness=0.2)) == ["colour_picture"]


def test_a_strip_is_refused() -> None:
    assert codes(film(films.bone(500, 40))) == ["extreme_aspect"]


def test_every_reason_is_told_in_plain_words() -> None:
    strange = [film(np.zeros((50, 50), dtype=np.float32)), film(1 - films.bone(), 0.5), film(films.bone(500, 40))]

    for reason in (reason for one in strange for reason in gate.examine(one, Gate())):
        assert reason.message.endswith(".")
        assert "_" not in reason.message


def test_the_thresholds_are_the_manifest_s() -> None:
    bright = film(np.clip(films.bone() + 0.35, 0, 1))
    score = gate.negative_score(bright.pixels[::2, ::2])

    assert gate.examine(bright, Gate(max_negative_score=score + 0.01)) == ()
    assert gate.examine(bright, Gate(max_negative_score=score - 0.01)) != ()


def test_a_film_unlike_the_training_films_is_refused_once_nothing_more_definite_is_wrong() -> None:
    limits = Gate(novelty_limit=2.0)

    def told(picture: Radiograph, novelty: float) -> list[str]:
        return [reason.code for reason in gate.examine(picture, limits, novelty)]

    assert told(film(films.bone()), 2.0) == []
    assert told(film(films.bone()), 2.01) == ["unlike_training_films"]
    assert told(film(films.bone(), colourfulness=0.5), 9.0) == ["colour_picture"]


def test_novelty_counts_only_where_the_bundle_sets_a_limit_and_the_graph_tells() -> None:
    assert gate.examine(film(films.bone()), Gate(), 1e9) == ()
    assert gate.examine(film(films.bone()), Gate(novelty_limit=1.0), None) == ()


def test_several_views_are_remarked_on_from_the_limit_on() -> None:
    limits = Gate(several_views_limit=0.7)

    assert gate.remarks(limits, 0.7) == ("several_views",)
    assert gate.remarks(limits, 0.69) == ()
    assert gate.remarks(limits, None) == ()
    assert gate.remarks(Gate(), 1.0) == ()
    assert set(gate.remarks(limits, 1.0)) <= set(NOTES)


@pytest.mark.parametrize("code", [*gate.REASONS, *NOTES])
def test_every_reason_is_documented_and_has_a_text_on_the_page(root: Path, code: str) -> None:
    page = (root / "web" / "js" / "messages.js").read_text(encoding="utf-8")
    notes = page[page.index("  note: {") : page.index("  progress: {")]

    assert f"- `{code}`: " in (root / "docs" / "errors.md").read_text(encoding="utf-8")
    assert f"    {code}:" in notes


@pytest.mark.data
def test_real_films_pass_and_their_negatives_do_not(fracatlas: Path) -> None:
    with (fracatlas / "manifest.csv").open(newline="") as table:
        sample = [decode((fracatlas / row["file"]).read_bytes()) for row in list(csv.DictReader(table))[::40]]

    assert [codes(one) for one in sample if codes(one)] == []
    caught = ["looks_negative" in codes(film(1 - one.pixels)) for one in sample]
    assert np.mean(caught) > 0.95
