"""``fracturelens assess``: every film gets its line, whatever the others are."""

from __future__ import annotations

import base64
import io
import json
import os
import pty
import select
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from fracturelens import DISCLAIMER, errors
from fracturelens.assess import open_assessor
from fracturelens.assessment import Assessment
from fracturelens.bundle import default_bundle_path
from fracturelens.cli.overlays import OverlayFolder
from fracturelens.cli.reader import Outcome
from fracturelens.decision import more_likely_fracture
from tests import films
from tests.cli.conftest import COMMAND, PATIENCE_S, Cli, Program


def lines(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


@pytest.fixture
def three(folder: Path) -> list[Path]:
    """Return three films of different content, in the order of their names."""
    paths = [folder / f"{name}.png" for name in "abc"]
    for seed, path in enumerate(paths):
        path.write_bytes(films.encoded(films.bone(256, 192 + 32 * seed, seed=seed)))
    return paths


def test_json_is_the_assessment_after_the_file(cli: Cli, three: list[Path]) -> None:
    result = cli("assess", "--json", three[0])

    assert result.exit_code == 0
    assert result.stderr == ""
    (line,) = lines(result.stdout)
    assert next(iter(line)) == "file"
    assert line.pop("file") == str(three[0])
    assessment = Assessment.model_validate(line)
    assert assessment.image.width == 192
    assert assessment.heatmaps == {}
    assert assessment.disclaimer == DISCLAIMER


def test_the_reading_is_that_of_the_library(cli: Cli, three: list[Path]) -> None:
    expected = open_assessor().assess(three[1].read_bytes())

    (line,) = lines(cli("assess", "--json", three[1]).stdout)

    assert line["outcome"] == expected.outcome
    assert line["probabilities"] == pytest.approx(expected.probabilities.model_dump(), abs=1e-6)


@pytest.mark.parametrize(("choice", "count"), [("none", 0), ("predicted", 1), ("all", 3)])
def test_heatmaps_come_as_asked(choice: str, count: int, cli: Cli, three: list[Path]) -> None:
    (line,) = lines(cli("assess", "--json", "--heatmaps", choice, three[0]).stdout)

    assert len(line["heatmaps"]) == count
    for url in line["heatmaps"].values():
        image = Image.open(io.BytesIO(base64.b64decode(url.removeprefix("data:image/png;base64,"))))
        assert image.width / image.height == pytest.approx(192 / 256, rel=0.02)


def test_a_folder_is_read_in_order_by_several_threads(cli: Cli, three: list[Path]) -> None:
    result = cli("assess", "--json", "--jobs", "3", three[0].parent)

    assert [(line["file"], line["image"]["width"]) for line in lines(result.stdout)] == [
        (str(path), 192 + 32 * at) for at, path in enumerate(three)
    ]


def test_bad_files_get_their_line_and_the_run_goes_on(cli: Cli, three: list[Path], folder: Path) -> None:
    bad = {
        "text.png": (b"not a film", "unsupported_format"),
        "empty.png": (b"", "empty_file"),
        "torn.jpg": (films.truncated(films.encoded(films.bone(), "JPEG")), "damaged_image"),
        "bomb.png": (films.png_claiming(60_000, 60_000), "too_many_pixels"),
        "report.dcm": (films.dicom_without_pixels(), "dicom_without_pixels"),
    }
    for name, (content, _) in bad.items():
        (folder / name).write_bytes(content)
    os.mkfifo(folder / "pipe.png")
    (folder / "none").mkdir()
    codes = {name: code for name, (_, code) in bad.items()}
    codes |= {"pipe.png": "file_unreadable", "gone.png": "file_unreadable", "none": "no_films"}

    result = cli("assess", "--json", three[0], *(folder / name for name in codes), "/dev/zero", three[1])

    assert result.exit_code == 1
    first, *middle, last = lines(result.stdout)
    assert "outcome" in first
    assert "outcome" in last
    assert {Path(line["file"]).name: line["error"]["code"] for line in middle} == codes | {"zero": "file_unreadable"}
    assert all(set(line) == {"file", "error"} and set(line["error"]) == {"code", "message"} for line in middle)


def test_a_film_on_standard_input_is_read(cli: Cli, film: bytes) -> None:
    (line,) = lines(cli("assess", "--json", "-", input=film).stdout)

    assert line["file"] == "-"
    assert line["image"] == {"kind": "png", "width": 192, "height": 256}


def test_endless_standard_input_is_refused(program: Program) -> None:
    with Path("/dev/zero").open("rb") as zero:
        run = program("assess", "--json", "-", stdin=zero, env=os.environ | {"FRACTURELENS_MAX_FILE_MB": "1"})

    assert run.returncode == 1
    assert json.loads(run.stdout)["error"]["code"] == "file_too_large"


def test_the_table_says_it_in_words(cli: Cli, three: list[Path], folder: Path) -> None:
    three[0].write_bytes(films.encoded(films.sample("displaced-elbow")))
    three[1].write_bytes(films.encoded(films.clouds()))
    three[2].write_bytes(films.encoded(films.sheet("displaced-elbow", "normal-elbow")))
    (folder / "blank.png").write_bytes(films.encoded(0 * films.bone()))
    (folder / "text.png").write_bytes(b"not a film")
    expected = open_assessor().assess(three[0].read_bytes())

    result = cli("assess", folder)

    first, columns, film, *rest, count = result.stdout.splitlines()
    assert result.exit_code == 1
    assert first.startswith(DISCLAIMER)
    assert columns.split() == ["FILM", "OUTCOME", "FRACTURE", "NORMAL", "HAIRLINE", "DISPLACED", "SEVERITY"]
    assert expected.outcome.replace("_", " ") in film
    assert f"{100 * expected.fracture_probability:.0f} %" in film
    assert film.endswith(expected.severity or "%")
    for name, words in (("blank.png", "too little contrast"), ("b.png", "unlike every kind of film")):
        place = next(number for number, line in enumerate(rest) if f"{os.sep}{name} " in line)
        assert rest[place].endswith("cannot assess")
        assert words in rest[place + 1]
    assert any("several films on this sheet" in line for line in rest)
    assert any(line.startswith("  error [unsupported_format]: ") for line in rest)
    assert count == "4 read, 1 not read."


def test_names_cannot_command_the_terminal(cli: Cli, folder: Path, film: bytes) -> None:
    (folder / "\x1b[2J\n.png").write_bytes(film)

    result = cli("assess", folder)

    assert "\x1b" not in result.stdout
    assert r"\x1b[2J\n.png" in result.stdout


def test_a_name_of_any_bytes_survives_json(program: Program, folder: Path, film: bytes) -> None:
    name = os.fsencode(folder) + b"/\xff.png"
    Path(os.fsdecode(name)).write_bytes(film)

    run = program("assess", "--json", name)

    assert run.returncode == 0
    assert os.fsencode(json.loads(run.stdout)["file"]) == name


def test_an_overlay_shows_the_film_with_its_more_probable_fracture(cli: Cli, three: list[Path], tmp_path: Path) -> None:
    assessor = open_assessor()
    reading = assessor.read(three[0].read_bytes())
    shown = more_likely_fracture(reading.assessment.probabilities)

    result = cli("assess", "--json", "--overlay", tmp_path / "new" / "seen", three[0])

    (line,) = lines(result.stdout)
    assert line["overlay"] == str(tmp_path / "new" / "seen" / "a.overlay.png")
    expected = assessor.overlay(three[0].read_bytes(), reading.class_maps, shown)
    assert Path(line["overlay"]).read_bytes() == expected


def test_equal_names_get_overlays_of_their_own(cli: Cli, three: list[Path], tmp_path: Path) -> None:
    for at, name in enumerate(("x/elbow.png", "y/elbow.png", "y/elbow.tif")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(three[at].read_bytes())
    (tmp_path / "seen").mkdir()
    (tmp_path / "seen" / "elbow.overlay.png").symlink_to(tmp_path / "elsewhere")

    result = cli("assess", "--json", "--jobs", "3", "--overlay", tmp_path / "seen", tmp_path / "x", tmp_path / "y")

    written = [Path(line["overlay"]) for line in lines(result.stdout)]
    assert [path.name for path in written] == [f"elbow-{number}.overlay.png" for number in (2, 3, 4)]
    assert [Image.open(io.BytesIO(path.read_bytes())).width for path in written] == [192, 224, 256]
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("name", ["..\\evil.png", "n" * 250 + ".png", "é" * 120 + ".png", "\x1b.png", "...png"])
def test_overlays_stay_in_their_folder_whatever_a_film_is_called(
    name: str, cli: Cli, folder: Path, film: bytes, tmp_path: Path
) -> None:
    (folder / name).write_bytes(film)

    result = cli("assess", "--json", "--overlay", tmp_path / "seen", folder / name)

    (line,) = lines(result.stdout)
    assert [str(path) for path in (tmp_path / "seen").iterdir()] == [line["overlay"]]


def test_overlays_among_the_films_are_not_read_as_films(cli: Cli, three: list[Path], folder: Path) -> None:
    cli("assess", "--overlay", folder, folder)

    again = cli("assess", "--json", "--overlay", folder, folder)

    assert [line["file"] for line in lines(again.stdout)] == [str(path) for path in three]
    assert len(list(folder.glob("*.overlay.png"))) == 6


def test_an_overlay_folder_that_cannot_be_is_told_before_reading(cli: Cli, three: list[Path]) -> None:
    result = cli("assess", "--overlay", three[0], three[1])

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("error [store_unavailable]: ")


@pytest.mark.parametrize("arguments", [["--heatmaps", "some"], ["--heatmaps", "all"], ["--jobs", "0"], ["--jsn"]])
def test_wrong_options_end_with_2(arguments: list[str], cli: Cli, three: list[Path]) -> None:
    assert cli("assess", *arguments, three[0]).exit_code == 2


@pytest.mark.parametrize("arguments", [["--model", "BUNDLE", "assess"], ["assess", "--model", "BUNDLE"]])
def test_a_model_that_is_not_there_is_one_line(arguments: list[str], cli: Cli, three: list[Path]) -> None:
    result = cli(*(argument.replace("BUNDLE", str(three[0].parent)) for argument in arguments), three[0])

    assert result.exit_code == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("error [bundle_not_found]: ")


def test_the_model_option_wins_over_the_variable(
    cli: Cli, three: list[Path], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRACTURELENS_MODEL", str(folder))

    assert cli("assess", three[0]).exit_code == 1
    assert cli("assess", "--model", default_bundle_path(), three[0]).exit_code == 0


def test_a_reader_that_goes_away_ends_the_run_quietly(root: Path, three: list[Path]) -> None:
    with subprocess.Popen(
        [*COMMAND, "assess", "--json", *three * 200], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root
    ) as process:
        assert process.stdout
        assert process.stderr
        assert json.loads(process.stdout.readline())
        process.stdout.close()

        assert process.stderr.read() == b""
        assert process.wait(PATIENCE_S) == 141


def test_a_full_disk_behind_standard_output_is_one_line(three: list[Path]) -> None:
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run(
            [*COMMAND, "assess", *three], stdout=full, stderr=subprocess.PIPE, timeout=PATIENCE_S, check=False
        )

    assert run.returncode == 1
    (line,) = run.stderr.decode().splitlines()
    assert line.startswith("error [store_unavailable]: Standard output cannot be written: No space left")


def _heed_interrupts() -> None:
    """Heed interrupts, which what a shell runs in the background ignores, and what that starts as well."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interrupt_ends_the_run_quietly(root: Path, three: list[Path]) -> None:
    with subprocess.Popen(
        [*COMMAND, "assess", "--json", *three * 500],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=root,
        preexec_fn=_heed_interrupts,
    ) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        output, stderr = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 130
    assert stderr == b""
    assert all(json.loads(line) for line in output.splitlines())


def test_a_terminal_without_unicode_gets_the_names_escaped(program: Program, folder: Path, film: bytes) -> None:
    (folder / "coudé.png").write_bytes(film)

    run = program("assess", folder, env=os.environ | {"PYTHONIOENCODING": "ascii"})

    assert run.returncode == 0
    assert rb"coud\xe9.png" in run.stdout


def test_a_disk_that_fails_costs_the_film_its_line_only(folder: Path) -> None:
    overlays = OverlayFolder(folder / "seen")
    (folder / "seen").rmdir()

    kept = overlays.keep(Outcome("a.png", overlay=b"png"))

    assert kept.name == "a.png"
    assert isinstance(kept.error, errors.StoreError)


def test_a_bar_shows_on_a_terminal_and_standard_output_stays_clean(root: Path, three: list[Path]) -> None:
    terminal, screen = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "assess", "--json", *three], stdout=subprocess.PIPE, stderr=screen, cwd=root
    ) as process:
        os.close(screen)
        shown = b""
        while select.select([terminal], [], [], PATIENCE_S)[0]:
            try:
                shown += os.read(terminal, 4096)
            except OSError:  # Linux's way to say that the other end is closed
                break
        output, _ = process.communicate(timeout=PATIENCE_S)
    os.close(terminal)

    assert len(lines(output.decode())) == 3
    assert b"0 of 3" in shown
    assert shown.endswith(b"\r\x1b[K"), "the bar is wiped at the end"


def test_no_bar_where_no_terminal_is(program: Program, three: list[Path]) -> None:
    run = program("assess", *three)

    assert run.returncode == 0
    assert run.stderr == b""
