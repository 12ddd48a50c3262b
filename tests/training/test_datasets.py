"""Data sets: what is read from each layout, and how folds are made."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests import films
from training.datasets import ADAPTERS, DataError
from training.packing import outlines
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


def test_a_table_is_read_with_its_groups(small_fracatlas: Path) -> None:
    table = small_fracatlas / "films.csv"
    table.write_text("file,label,group\nimages/IMG0000000.png,normal,a\nimages/IMG0000003.png,unclear,\n")

    dataset = ADAPTERS["csv"](table)

    assert [(film.severity, film.group) for film in dataset.films] == [
        ("normal", "a"),
        ("unclear", "images/IMG0000003.png"),
    ]


@pytest.mark.parametrize(
    "text", ["file;label;group\r\na.png;normal;7\r\n", "\ufefffile,label,group\na.png, normal ,7\n"]
)
def test_a_table_may_come_from_a_spreadsheet_program(tmp_path: Path, film: bytes, text: str) -> None:
    (tmp_path / "a.png").write_bytes(film)
    (tmp_path / "films.csv").write_bytes(text.encode())

    (read,) = ADAPTERS["csv"](tmp_path / "films.csv").films

    assert (read.severity, read.group) == ("normal", "7")


def test_a_folder_takes_dicom_without_ending_and_nothing_that_is_no_film(tmp_path: Path) -> None:
    place = tmp_path / "set" / "ungraded"
    place.mkdir(parents=True)
    for name in ("IM0001", "1.2.840.7"):
        (place / name).write_bytes(films.dicom(films.bone()))
    for name in ("README", "notes.txt", ".DS_Store", "._IM0001.png"):
        (place / name).write_bytes(b"no film")

    dataset = ADAPTERS["folder"](tmp_path / "set")

    assert [film.path.name for film in dataset.films] == ["1.2.840.7", "IM0001"]


def test_ungraded_films_are_left_out_of_training(tmp_path: Path, film: bytes) -> None:
    (tmp_path / "a.png").write_bytes(film)
    (tmp_path / "films.csv").write_text("file,label,group\na.png,normal,1\n./a.png,ungraded,2\n")

    dataset = ADAPTERS["csv"](tmp_path / "films.csv")

    assert dataset.films[1].target().tolist() == [0, 0, 0]
    assert not dataset.films[1].fractured
    assert [kept.group for kept in dataset.labelled().films] == ["1"]


def test_films_are_chosen_by_what_the_source_says_of_them(small_fracatlas: Path) -> None:
    manifest = small_fracatlas / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("normal,elbow,1,0,", "normal,wrist,1,0,"))
    dataset = ADAPTERS["fracatlas"](small_fracatlas)

    assert [film.id for film in dataset.where(["site=wrist"]).films] == ["IMG0000000", "IMG0000001"]
    assert len(dataset.where(["site=wrist", "site=elbow"])) == len(dataset)
    assert {film.severity for film in dataset.where(["severity=hairline", "site=elbow"]).films} == {"hairline"}


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("elbow", "'elbow' is no condition; write ATTRIBUTE=VALUE"),
        ("region=elbow", "no film has an attribute 'region'; there are: file, fold, "),
        ("site=hip", "no film has site=hip"),
    ],
)
def test_a_choice_that_leaves_nothing_says_why(small_fracatlas: Path, condition: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        ADAPTERS["fracatlas"](small_fracatlas).where([condition])


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
