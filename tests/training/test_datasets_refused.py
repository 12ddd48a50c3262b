"""Bad data ends ``python -m training crossval`` in one line that names file and line, before anything is trained."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from training.__main__ import main
from training.datasets import ADAPTERS, DataError
from training.datasets.rows import rows

TINY = {"stages": [{"input_size": 64, "epochs": 1, "rate": 1e-3}], "alpha": 0.35, "batch_size": 8, "epoch_films": 8}


class Refusal:
    """Runs cross-validation as the command line does, in this process, and keeps what it said."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.runs = folder / "runs" / "elbow"
        self.recipe = folder / "recipe.json"
        self.recipe.write_text(json.dumps(TINY))
        self.capsys = capsys
        self.monkeypatch = monkeypatch

    def of(self, data: Path, layout: str = "fracatlas") -> str:
        """Return the one line that training ended with."""
        words = ["crossval", "--data", data, "--layout", layout, "--runs", self.runs, "--recipe", self.recipe]
        self.monkeypatch.setattr(sys, "argv", ["training", *map(str, words), "--start", "none"])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 1
        assert not list(self.runs.rglob("*.weights.h5")), "training had started"
        assert not list(self.runs.rglob("history.csv")), "training had started"
        said = self.capsys.readouterr().err.strip().splitlines()[-1]
        assert said.startswith("error [bad_data]: ")
        return said


@pytest.fixture
def refusal(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Refusal:
    return Refusal(tmp_path, capsys, monkeypatch)


def edit(path: Path, old: str, new: str, count: int = 1) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, count))


@pytest.mark.training
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("images/IMG0000003.png", "images/gone.png", r"manifest.csv:5: images/gone.png: the film is missing"),
        ("hairline", "broken", r"manifest.csv:4: unknown severity 'broken'; severities are normal, hairline, "),
        ("image_id,file", "image_id,path", r"manifest.csv:1: column 'file' is missing"),
        ("IMG0000003,", "IMG0000002,", r"manifest.csv:5: images/IMG0000003.png: film 'IMG0000002' is listed twice"),
        (",1,0,0,144", ",1,0,1,144", r"manifest.csv:3: .* lies in two folds, 1 \(IMG0000000\) and 0 \(IMG0000001\)"),
        (",1,0,0,144", ",1,0,first,144", r"manifest.csv:2: fold 'first' is not a whole number"),
        ("elbow,1,0,0,144,192", "elbow,1,0,0,144,192,7", r"manifest.csv:2: the row has more cells than the 9"),
        ("normal,elbow", 'nor"mal,"elbow', r"manifest.csv:\d+: "),
    ],
)
def test_a_bad_row_is_named_by_file_and_line(
    small_fracatlas: Path, refusal: Refusal, old: str, new: str, message: str
) -> None:
    edit(small_fracatlas / "manifest.csv", old, new)

    assert re.search(message, refusal.of(small_fracatlas))


@pytest.mark.training
def test_an_unreadable_film_is_named_with_the_reason(small_fracatlas: Path, refusal: Refusal) -> None:
    (small_fracatlas / "images" / "IMG0000003.png").write_bytes(b"not a film")

    said = refusal.of(small_fracatlas)

    assert re.search(r"IMG0000003\.png: the film cannot be read: The file is not a PNG", said)


@pytest.mark.training
def test_an_outline_beyond_its_film_is_named_by_line_and_annotation(small_fracatlas: Path, refusal: Refusal) -> None:
    path = small_fracatlas / "annotations.json"
    path.write_text(json.dumps(json.loads(path.read_text()), indent=1))
    lines = path.read_text().splitlines()
    outline = [number for number, line in enumerate(lines) if '"segmentation"' in line][1]
    lines[outline + 2] = lines[outline + 2].replace("60", "600")  # the key, a bracket, the first point
    path.write_text("\n".join(lines))

    said = refusal.of(small_fracatlas)

    message = (
        rf"annotations.json:{outline + 1}: annotation 3 of image 3: an outline leaves the film of 144 x 192 pixels"
    )
    assert re.search(message, said)


@pytest.mark.training
def test_a_class_with_too_few_patients_is_counted(small_fracatlas: Path, refusal: Refusal) -> None:
    edit(small_fracatlas / "manifest.csv", "hairline", "displaced", count=-1)

    said = refusal.of(small_fracatlas)

    assert "manifest.csv: class 'hairline' has 0 groups (patients); at least 5 are needed" in said


@pytest.mark.training
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("file,group\n", r"films.csv:1: column 'label' is missing"),
        ("file,label\n", r"films.csv: the table lists no film"),
        ("file,label\nimages/IMG0000000.png,fine\n", r"films.csv:2: unknown label 'fine'; labels are normal, "),
        ("file,label\n,normal\n", r"films.csv:2: no file is named"),
        ("file,label\nimages/gone.png,normal\n", r"films.csv:2: images/gone.png: the film is missing"),
        ("file,label,fold\nimages/IMG0000000.png,normal,x\n", r"films.csv:2: fold 'x' is not a whole number"),
    ],
)
def test_a_bad_table_is_named_by_line(small_fracatlas: Path, refusal: Refusal, content: str, message: str) -> None:
    table = small_fracatlas / "films.csv"
    table.write_text(content)

    assert re.search(message, refusal.of(table, "csv"))


@pytest.mark.training
def test_a_folder_that_is_no_class_is_named(tmp_path: Path, refusal: Refusal) -> None:
    (tmp_path / "set" / "broken").mkdir(parents=True)

    assert "set/broken: unknown class; folders are named normal, hairline" in refusal.of(tmp_path / "set", "folder")


def test_films_without_a_label_are_refused_unless_they_are_left_out(small_fracatlas: Path) -> None:
    edit(small_fracatlas / "manifest.csv", "hairline", "ungraded")
    dataset = ADAPTERS["fracatlas"](small_fracatlas)

    with pytest.raises(DataError, match=r"manifest.csv:4: images/IMG0000002.png: the film has no label"):
        dataset.check()
    assert len(dataset.labelled().check(folds=True)) == 47


def test_a_fold_that_holds_all_normal_films_is_refused(small_fracatlas: Path) -> None:
    manifest = small_fracatlas / "manifest.csv"
    head, *listed = manifest.read_text().splitlines()
    listed = [
        re.sub(r"\d+,\d,144,192$", f"g{row},{int('normal' in text)},144,192", text) for row, text in enumerate(listed)
    ]
    manifest.write_text("\n".join([head, *listed]))

    with pytest.raises(DataError, match="without fold 0 no fractured film is left to train on"):
        ADAPTERS["fracatlas"](small_fracatlas).check(folds=True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"images"', r"annotations.json:2: this is no JSON"),
        ("[1, 2]", r"annotations.json: these are no COCO annotations"),
        ('{"images": [], "annotations": [{"id": 7, "image_id": 9}]}', r"annotation 7 of image 9: 9 is missing"),
    ],
)
def test_annotations_that_are_none_are_refused(small_fracatlas: Path, content: str, message: str) -> None:
    (small_fracatlas / "annotations.json").write_text(f"\n{content}")

    with pytest.raises(DataError, match=message):
        ADAPTERS["fracatlas"](small_fracatlas)


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        ('{"counts": []}', "the segmentation is no list of polygons"),
        ("[[1, 1, 2, 2]]", "an outline needs at least three points, not 2"),
        ("[[1, 1, 2, 2, 3]]", "cannot reshape array of size 5"),
        ("[[1, 1, 2, NaN, 3, 3]]", "an outline leaves the film of 4 x 4 pixels"),
    ],
)
def test_a_broken_outline_is_named_by_line(small_fracatlas: Path, segmentation: str, message: str) -> None:
    (small_fracatlas / "annotations.json").write_text(
        '{"images": [{"id": 9, "file_name": "a.png", "width": 4, "height": 4}],\n'
        f'"annotations": [\n{{"id": 7, "image_id": 9, "segmentation": {segmentation}}}]}}'
    )

    with pytest.raises(DataError, match=f"annotations.json:3: annotation 7 of image 9: {message}"):
        ADAPTERS["fracatlas"](small_fracatlas)


def test_text_that_is_no_utf_8_is_named_by_line(tmp_path: Path) -> None:
    table = tmp_path / "films.csv"
    table.write_bytes("file,label\na.png,normal\nellböge.png,normal\n".encode("latin-1"))

    with pytest.raises(DataError, match=r"films.csv:3: the text is not UTF-8"):
        list(rows(table, ("file", "label")))
