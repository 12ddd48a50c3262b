"""A checkpoint comes back as it was, or not at all; and then the one before it does."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.training.jobs import said
from training.job.checkpoints import KEPT, Checkpoints
from training.job.places import Folder


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Return a folder of runs with one fold, after its first epoch."""
    write(tmp_path / "runs", "fold-0/stage-0.weights.h5", b"weights of the first stage")
    write(tmp_path / "runs", "fold-0/checkpoint/latest.weights.h5", b"epoch 1")
    return tmp_path / "runs"


@pytest.fixture
def place(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "jobs")


def write(folder: Path, name: str, content: bytes) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def train(checkpoints: Checkpoints, runs: Path, *numbers: int) -> None:
    for number in numbers:
        write(runs, "fold-0/checkpoint/latest.weights.h5", f"epoch {number}".encode())
        checkpoints.save()


def test_a_new_machine_gets_what_was_kept(runs: Path, place: Folder, tmp_path: Path) -> None:
    write(runs, "fold-0/checkpoint/latest.weights.h5.bkp", b"a copy that Keras keeps")
    train(Checkpoints(place, runs), runs, 1, 2)

    number = Checkpoints(place, tmp_path / "elsewhere").restore()

    assert number == 2
    assert contents(tmp_path / "elsewhere") == {
        "fold-0/stage-0.weights.h5": b"weights of the first stage",
        "fold-0/checkpoint/latest.weights.h5": b"epoch 2",
    }


def test_what_was_written_after_the_checkpoint_does_not_mix_with_it(runs: Path, place: Folder) -> None:
    train(Checkpoints(place, runs), runs, 1)
    write(runs, "fold-0/checkpoint/latest.weights.h5", b"half an ep")
    write(runs, "fold-0/history.csv", b"a line too many")

    Checkpoints(place, runs).restore()

    assert contents(runs)["fold-0/checkpoint/latest.weights.h5"] == b"epoch 1"
    assert "fold-0/history.csv" not in contents(runs)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def altered(path: Path) -> None:
    path.write_bytes(b"E" + path.read_bytes()[1:])


@pytest.mark.parametrize(
    ("part", "damage"),
    [("file", truncated), ("file", altered), ("file", Path.unlink), ("list", truncated), ("list", altered)],
)
def test_a_damaged_one_is_told_of_and_the_one_before_is_used(
    runs: Path,
    place: Folder,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    part: str,
    damage: Callable[[Path], None],
) -> None:
    train(Checkpoints(place, runs), runs, 1, 2)
    damaged = {
        "file": next(path for path in (place.root / "files").iterdir() if path.read_bytes() == b"epoch 2"),
        "list": max((place.root / "checkpoints").iterdir()),
    }
    damage(damaged[part])

    number = Checkpoints(place, tmp_path / "elsewhere").restore()

    assert number == 1
    assert contents(tmp_path / "elsewhere")["fold-0/checkpoint/latest.weights.h5"] == b"epoch 1"
    assert [(line["level"], line["checkpoint"]) for line in said(capsys.readouterr().err)] == [
        ("warning", 2),
        ("info", 1),
    ]


def test_after_a_damaged_one_the_next_is_newer_than_it_and_whole(runs: Path, place: Folder, tmp_path: Path) -> None:
    train(Checkpoints(place, runs), runs, 1, 2)
    altered(next(path for path in (place.root / "files").iterdir() if path.read_bytes() == b"epoch 2"))
    resumed = Checkpoints(place, runs)
    resumed.restore()

    train(resumed, runs, 2)

    assert Checkpoints(place, tmp_path / "elsewhere").restore() == 3
    assert contents(tmp_path / "elsewhere")["fold-0/checkpoint/latest.weights.h5"] == b"epoch 2"


def test_without_a_checkpoint_the_folder_stays_as_it_is(runs: Path, place: Folder) -> None:
    before = contents(runs)

    assert Checkpoints(place, runs).restore() is None
    assert contents(runs) == before


def test_a_list_that_names_a_file_elsewhere_is_not_followed(
    runs: Path, place: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = hashlib.sha256(b"mine").hexdigest()
    write(place.root, f"files/{digest}", b"mine")
    content = json.dumps({"files": {"../escaped": {"sha256": digest, "bytes": 4}}}).encode()
    write(place.root, f"checkpoints/000009-{hashlib.sha256(content).hexdigest()}.json", content)

    assert Checkpoints(place, runs).restore() is None
    assert "names a file elsewhere" in capsys.readouterr().err
    assert not (tmp_path / "escaped").exists()


def test_what_has_not_changed_is_not_sent_again_and_old_ones_go(runs: Path, place: Folder) -> None:
    checkpoints = Checkpoints(place, runs)
    train(checkpoints, runs, 1)
    (unchanged,) = (path for path in (place.root / "files").iterdir() if path.read_bytes().startswith(b"weights"))
    sent = unchanged.stat().st_ino

    train(checkpoints, runs, 2, 2, 3, 4, 5)

    assert unchanged.stat().st_ino == sent
    kept = sorted(path.name[:6] for path in (place.root / "checkpoints").iterdir())
    assert kept == ["000003", "000004", "000005"]
    assert len(kept) == KEPT
    assert sorted(path.read_bytes() for path in (place.root / "files").iterdir() if path != unchanged) == [
        b"epoch 3",
        b"epoch 4",
        b"epoch 5",
    ]


def test_a_network_of_an_earlier_fold_stays_as_long_as_a_checkpoint_has_it(
    runs: Path, place: Folder, tmp_path: Path
) -> None:
    checkpoints = Checkpoints(place, runs)
    train(checkpoints, runs, 1, 2, 3, 4, 5, 6)
    shutil.rmtree(runs)

    Checkpoints(place, runs).restore()

    assert contents(runs)["fold-0/stage-0.weights.h5"] == b"weights of the first stage"
