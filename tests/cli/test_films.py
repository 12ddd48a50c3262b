"""Which films a folder holds, and that nothing but a film's bytes is ever read."""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from fracturelens import errors
from fracturelens.cli import films
from tests import films as synthetic

NOBODY = 65534


@pytest.fixture
def anyone(tmp_path: Path) -> Iterator[Path]:
    """Return a folder that the test sees with the rights of an ordinary user, even where root runs it."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield place
    finally:
        if root:
            os.seteuid(0)
        for path in place.iterdir():
            path.chmod(0o700)
        shutil.rmtree(place)


def names(folder: Path, *given: str | Path) -> list[str]:
    return [str(Path(film.name).relative_to(folder)) for film in films.find([str(name) for name in given or [folder]])]


def test_a_folder_is_searched_below_in_the_order_of_names(folder: Path) -> None:
    for name in ("b.png", "a.JPG", "deep/er/d.tiff", "deep/c.dcm", "notes.txt", "e.webp"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")

    assert names(folder) == ["a.JPG", "b.png", "e.webp", "deep/c.dcm", "deep/er/d.tiff"]


def test_dicom_is_found_without_a_suffix_and_under_a_uid(folder: Path) -> None:
    film = synthetic.dicom(synthetic.bone())
    for name in ("IM0001", "1.2.840.113564.7", "DICOMDIR", "report.doc"):
        (folder / name).write_bytes(film)
    (folder / "README").write_text("no film " * 100)

    assert names(folder) == ["1.2.840.113564.7", "IM0001"]


def test_hidden_files_and_our_own_overlays_are_passed_over(folder: Path) -> None:
    for name in ("._a.png", ".thumbnails/a.png", "a.overlay.png", "a.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x")

    assert names(folder) == ["a.png"]


def test_a_file_named_outright_is_read_whatever_it_is_called(folder: Path) -> None:
    (folder / ".hidden").write_bytes(b"x")

    assert names(folder, folder / ".hidden") == [".hidden"]


def test_links_between_folders_end(folder: Path) -> None:
    (folder / "a.png").write_bytes(b"x")
    (folder / "loop").symlink_to(folder, target_is_directory=True)

    assert names(folder) == ["a.png"]


def test_a_pipe_in_a_folder_does_not_hold_up_the_search(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "a.png").write_bytes(b"x")

    assert names(folder) == ["a.png"]


def test_a_folder_without_films_is_told(folder: Path) -> None:
    (only,) = films.find([str(folder)])

    assert only.name == str(folder)
    assert isinstance(only.error, errors.NoFilms)


def test_a_folder_that_may_not_be_searched_is_told_and_the_rest_found(anyone: Path) -> None:
    os.seteuid(os.getuid())
    (anyone / "a.png").write_bytes(b"x")
    (anyone / "locked").mkdir(mode=0o000)
    os.seteuid(NOBODY if os.getuid() == 0 else os.getuid())

    film, locked = films.find([str(anyone)])

    assert film == films.Found(str(anyone / "a.png"))
    assert locked.name == str(anyone / "locked")
    assert isinstance(locked.error, errors.FileUnreadable)


def test_a_file_without_permission_is_told(anyone: Path) -> None:
    os.seteuid(os.getuid())
    (anyone / "a.png").write_bytes(b"x")
    (anyone / "a.png").chmod(0o000)
    os.seteuid(NOBODY if os.getuid() == 0 else os.getuid())

    with pytest.raises(errors.FileUnreadable, match="Permission denied"):
        films.read(str(anyone / "a.png"), 10)


def test_a_file_is_read_up_to_the_limit_and_no_further(folder: Path) -> None:
    (folder / "a.png").write_bytes(b"12345")

    assert films.read(str(folder / "a.png"), 5) == b"12345"
    with pytest.raises(errors.FileTooLarge, match="5 bytes; at most 4"):
        films.read(str(folder / "a.png"), 4)


def test_a_huge_file_is_refused_by_its_size(folder: Path) -> None:
    with (folder / "huge.png").open("wb") as file:
        file.truncate(2**40)  # holds no blocks on the disk

    with pytest.raises(errors.FileTooLarge):
        films.read(str(folder / "huge.png"), 2**20)


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/null", "pipe", "folder", "gone", "loop", "n" * 300])
def test_what_is_no_regular_file_is_refused_at_once(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    os.mkfifo("pipe")
    Path("folder").mkdir()
    Path("loop").symlink_to("loop")

    with pytest.raises(errors.FileUnreadable):
        films.read(name, 2**20)


def test_standard_input_is_read_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"1234567")))

    with pytest.raises(errors.FileTooLarge, match="more than 4 bytes"):
        films.read("-", 4)
