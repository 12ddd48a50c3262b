"""MURA's layout, on a tiny tree drawn after it: what its labels say, and what they do not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from training.datasets import ADAPTERS, DataError
from training.splits import with_folds

ROOT_NAME = "MURA-v1.1"
STUDIES = {
    "train/XR_ELBOW/patient00011/study1_negative": 3,
    "train/XR_ELBOW/patient00012/study1_positive": 2,
    "train/XR_WRIST/patient00011/study1_positive": 1,
    "train/XR_WRIST/patient00013/study1_negative": 1,
    "valid/XR_ELBOW/patient11204/study1_negative": 1,
}


@pytest.fixture
def mura(tmp_path: Path, film: bytes) -> Path:
    """Return a tree like MURA's, with its four lists, and a stray file as its archive holds one."""
    root = tmp_path / ROOT_NAME
    for study, count in STUDIES.items():
        (root / study).mkdir(parents=True)
        for number in range(1, count + 1):
            (root / study / f"image{number}.png").write_bytes(film)
    (root / "train/XR_ELBOW/patient00012/study1_positive/._image1.png").write_bytes(b"left by macOS")
    for split in ("train", "valid"):
        own = [(study, count) for study, count in STUDIES.items() if study.startswith(split)]
        (root / f"{split}_image_paths.csv").write_text(
            "".join(f"{ROOT_NAME}/{study}/image{n + 1}.png\n" for study, count in own for n in range(count))
        )
        (root / f"{split}_labeled_studies.csv").write_text(
            "".join(f"{ROOT_NAME}/{study}/,{int(study.endswith('positive'))}\n" for study, _ in own)
        )
    return root


def test_normal_studies_are_normal_and_abnormal_ones_carry_no_label(mura: Path) -> None:
    dataset = ADAPTERS["mura"](mura)

    assert Counter(film.severity for film in dataset.films) == {"normal": 5, "ungraded": 3}
    assert "abnormal is not the same as fractured" in dataset.label_origin
    first = dataset.films[0]
    assert first.id == "train/XR_ELBOW/patient00011/study1_negative/image1.png"
    assert first.attributes == {"split": "train", "region": "elbow", "site": "elbow", "hand": "1", "study": "study1"}


def test_abnormal_counts_as_fractured_only_where_that_is_asked_for_and_says_so(mura: Path) -> None:
    dataset = ADAPTERS["mura-abnormal"](mura)

    assert Counter(film.severity for film in dataset.films) == {"normal": 5, "unclear": 3}
    assert "were taken as fractured" in dataset.label_origin


def test_films_of_a_patient_stay_together_across_regions(mura: Path) -> None:
    dataset = with_folds(ADAPTERS["mura"](mura).labelled(), folds=2)

    assert {film.group for film in dataset.films} == {"patient00011", "patient00013", "patient11204"}
    assert len({film.fold for film in dataset.films if film.group == "patient00011"}) == 1


def test_the_validation_split_and_regions_can_be_kept_apart(mura: Path) -> None:
    dataset = ADAPTERS["mura"](mura)

    assert {film.group for film in dataset.where(["split=valid"]).films} == {"patient11204"}
    assert {film.group for film in dataset.where(["split=train", "region=wrist"]).films} == {
        "patient00011",
        "patient00013",
    }


def test_a_folder_inside_is_read_alike(mura: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {film.id for film in ADAPTERS["mura"](mura).films}
    monkeypatch.chdir(mura / "train")

    inside = ADAPTERS["mura"](Path("XR_ELBOW"))

    assert {film.id for film in inside.films} == {name for name in whole if name.startswith("train/XR_ELBOW/")}


def test_regions_that_were_not_unpacked_are_no_mistake(mura: Path) -> None:
    (mura / "train" / "XR_WRIST").rename(mura.parent / "elsewhere")

    assert {film.attributes["region"] for film in ADAPTERS["mura"](mura).films} == {"elbow"}


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (
            lambda root: (root / "train/XR_ELBOW/patient00012/study1_positive/image2.png").unlink(),
            r"train_image_paths.csv:5: train/XR_ELBOW/patient00012/study1_positive/image2.png: the film is missing",
        ),
        (
            lambda root: (root / "train/XR_ELBOW/patient00012/study1_positive").rename(
                root / "train/XR_ELBOW/patient00012/study1"
            ),
            r"patient00012/study1/image1.png: the film does not lie in MURA's layout",
        ),
        (
            lambda root: (root / "valid_labeled_studies.csv").write_text(
                f"{ROOT_NAME}/valid/XR_ELBOW/patient11204/study1_negative/,1\n"
            ),
            r"valid_labeled_studies.csv:1: the study's folder says otherwise than its label 1",
        ),
        (
            lambda root: (root / "valid_labeled_studies.csv").write_text("\nsomething else\n"),
            r"valid_labeled_studies.csv:2: 'something else' is not a study and 0 or 1",
        ),
        (
            lambda root: (root / "valid_image_paths.csv").write_text("something else\n"),
            r"valid_image_paths.csv:1: 'something else' is no film in MURA's layout",
        ),
    ],
)
def test_a_broken_tree_is_refused_by_path_or_line(mura: Path, break_it, message: str) -> None:  # type: ignore[no-untyped-def]
    break_it(mura)

    with pytest.raises(DataError, match=message):
        ADAPTERS["mura"](mura)


@pytest.mark.parametrize(("name", "message"), [("gone", "the folder is missing"), ("empty", "no film found")])
def test_a_place_without_films_is_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(DataError, match=f"{name}: {message}"):
        ADAPTERS["mura"](tmp_path / name)
