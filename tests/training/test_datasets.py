"""Data sets: what is read, and how bad data is refused before training starts."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from training.datasets import ADAPTERS, DataError
from training.packing import outlines, read_film
from training.splits import with_folds


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.data
def test_every_prepared_film_is_read_with_its_label_and_fold(fracatlas: Path) -> None:
    dataset = ADAPTERS["fracatlas"](fracatlas).check(folds=True)

    assert Counter(film.severity for film in dataset.films) == {
        "normal": 2579,
        "displaced": 371,
        "hairline": 141,
        "unclear": 38,
    }
    assert {film.fold for film in dataset.films} == {0, 1, 2, 3, 4}
    assert all(film.polygons for film in dataset.films if film.fractured)


def test_an_open_severity_allows_both_fracture_classes(small_fracatlas: Path) -> None:
    edit(small_fracatlas / "manifest.csv", "hairline", "unclear")

    dataset = ADAPTERS["fracatlas"](small_fracatlas)

    assert next(film for film in dataset.films if film.severity == "unclear").target().tolist() == [0, 1, 1]


def test_outlines_land_on_the_letterboxed_fracture(small_fracatlas: Path) -> None:
    dataset = ADAPTERS["fracatlas"](small_fracatlas)
    displaced = next(film for film in dataset.films if film.severity == "displaced")

    (ring,) = outlines(displaced, 96)

    # 144 x 192 in a square of 96: half size, 12 pixels of black at the left.
    assert ring[0] == pytest.approx((12 + 30, 65))
    assert ring[2] == pytest.approx((12 + 42, 77))


def test_the_digest_follows_bytes_labels_and_outlines(small_fracatlas: Path, tmp_path: Path) -> None:
    first = ADAPTERS["fracatlas"](small_fracatlas).digest()
    moved = shutil.copytree(small_fracatlas, tmp_path / "elsewhere")
    assert ADAPTERS["fracatlas"](moved).digest() == first

    edit(moved / "manifest.csv", "hairline", "displaced")
    relabelled = ADAPTERS["fracatlas"](moved).digest()
    edit(moved / "annotations.json", "60, 130", "61, 130")
    redrawn = ADAPTERS["fracatlas"](moved).digest()

    assert len({first, relabelled, redrawn}) == 3


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("hairline", "broken", r"manifest.csv:4: severity 'broken'"),
        ("image_id,file", "image_id,path", r"manifest.csv:2: 'file'"),
        ("images/IMG0000003.png", "images/gone.png", r"gone.png: the film is missing"),
        ("IMG0000003,", "IMG0000002,", r"film 'IMG0000002' is listed 2 times"),
        (",1,0,0,144", ",1,0,1,144", r"group '0' lies in two folds"),
    ],
)
def test_a_bad_manifest_is_refused_by_file_and_line(small_fracatlas: Path, old: str, new: str, message: str) -> None:
    edit(small_fracatlas / "manifest.csv", old, new)

    with pytest.raises(DataError, match=message):
        ADAPTERS["fracatlas"](small_fracatlas).check(folds=True)


def test_an_outline_beyond_the_film_is_refused(small_fracatlas: Path) -> None:
    edit(small_fracatlas / "annotations.json", "84, 130", "840, 130")

    with pytest.raises(DataError, match="an outline leaves the film of 144 x 192 pixels"):
        ADAPTERS["fracatlas"](small_fracatlas)


def test_an_unreadable_film_is_refused_by_name(small_fracatlas: Path) -> None:
    (small_fracatlas / "images" / "IMG0000003.png").write_bytes(b"not a film")
    dataset = ADAPTERS["fracatlas"](small_fracatlas)

    with pytest.raises(DataError, match=r"IMG0000003.png: the film cannot be read"):
        read_film(dataset.films[3])


def test_a_class_with_too_few_patients_is_refused(small_fracatlas: Path) -> None:
    manifest = small_fracatlas / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("hairline", "displaced"))

    with pytest.raises(DataError, match="class 'hairline' has 0 groups"):
        ADAPTERS["fracatlas"](small_fracatlas).check()


def test_a_fold_that_holds_all_normal_films_is_refused(small_fracatlas: Path) -> None:
    manifest = small_fracatlas / "manifest.csv"
    head, *rows = manifest.read_text().splitlines()
    rows = [re.sub(r"\d,144,192$", f"{int('normal' in row)},144,192", row) for row in rows]
    manifest.write_text("\n".join([head, *rows]))

    with pytest.raises(DataError, match="without fold 0 no fractured film is left to train on"):
        ADAPTERS["fracatlas"](small_fracatlas).check(folds=True)


def test_a_folder_per_class_groups_films_by_patient(small_fracatlas: Path, tmp_path: Path) -> None:
    source = small_fracatlas / "images" / "IMG0000000.png"
    for name in ("normal/p1/ap.png", "normal/p1/lateral.png", "normal/p2_ap.png", "displaced/p3_ap.png"):
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, tmp_path / "set" / name)

    dataset = ADAPTERS["folder"](tmp_path / "set")

    assert {film.id: (film.severity, film.group) for film in dataset.films} == {
        "normal/p1/ap.png": ("normal", "p1"),
        "normal/p1/lateral.png": ("normal", "p1"),
        "normal/p2_ap.png": ("normal", "p2"),
        "displaced/p3_ap.png": ("displaced", "p3"),
    }


def test_a_folder_that_is_no_class_is_refused(tmp_path: Path) -> None:
    (tmp_path / "set" / "broken").mkdir(parents=True)

    with pytest.raises(DataError, match="unknown class"):
        ADAPTERS["folder"](tmp_path / "set")


def test_a_table_is_read_with_its_groups(small_fracatlas: Path) -> None:
    table = small_fracatlas / "films.csv"
    table.write_text("file,label,group\nimages/IMG0000000.png,normal,a\nimages/IMG0000003.png,unclear,\n")

    dataset = ADAPTERS["csv"](table)

    assert [(film.severity, film.group) for film in dataset.films] == [
        ("normal", "a"),
        ("unclear", "images/IMG0000003.png"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("file,group\n", r"films.csv:1: column 'label' is missing"),
        ("file,label\nimages/IMG0000000.png,fine\n", r"films.csv:2: unknown label 'fine'"),
        ("file,label\nimages/gone.png,normal\n", r"films.csv:2: the film 'images/gone.png' is missing"),
        ("file,label,fold\nimages/IMG0000000.png,normal,x\n", r"films.csv:2: fold 'x' is not a whole number"),
    ],
)
def test_a_bad_table_is_refused_by_line(small_fracatlas: Path, content: str, message: str) -> None:
    table = small_fracatlas / "films.csv"
    table.write_text(content)

    with pytest.raises(DataError, match=message):
        ADAPTERS["csv"](table)


def test_folds_are_made_where_there_are_none_and_keep_patients_together(small_fracatlas: Path) -> None:
    table = small_fracatlas / "films.csv"
    lines = json.loads((small_fracatlas / "annotations.json").read_text())["images"]
    rows = [
        f"{image['file_name']},{'normal' if image['id'] % 3 else 'displaced'},{image['id'] // 3}" for image in lines
    ]
    table.write_text("\n".join(["file,label,group", *rows]))

    dataset = with_folds(ADAPTERS["csv"](table), folds=4)

    folds_of_group = {
        film.group: {other.fold for other in dataset.films if other.group == film.group} for film in dataset.films
    }
    assert {film.fold for film in dataset.films} == {0, 1, 2, 3}
    assert all(len(found) == 1 for found in folds_of_group.values())


def test_folds_for_some_films_only_are_refused(small_fracatlas: Path) -> None:
    table = small_fracatlas / "films.csv"
    table.write_text("file,label,fold\nimages/IMG0000000.png,normal,1\nimages/IMG0000003.png,displaced,\n")

    with pytest.raises(DataError, match="1 of 2 films have a fold"):
        with_folds(ADAPTERS["csv"](table))
