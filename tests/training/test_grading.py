"""Clinicians' grades: the sheet gives nothing away, grades are checked by line, and agreement is what it is called."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image
from sklearn.metrics import cohen_kappa_score
from typer.testing import CliRunner

from tests import films
from training.datasets import ADAPTERS, DataError, Dataset
from training.grading import command, sheet
from training.grading.agreement import UNSEEN, agreement, krippendorff_alpha
from training.grading.grades import GRADES, Grade, read, sheet_key
from training.grading.labels import majority, with_grades
from training.grading.sheet import PAGE
from training.grading.words import page

HOSTILE = '"><img src=x onerror=alert(1)>_1.png'
HEAD = "image_id,reader,severity,showing,graded_at\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder per class, six films each with its own noise, one of a hostile name."""
    names = ("normal/a_1.png", "normal/b_1.png", "hairline/c_1.png", f"displaced/{HOSTILE}", "ungraded/e_1.png")
    for seed, name in enumerate((*names, "ungraded/f_1.png")):
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).write_bytes(films.encoded(films.bone(96, 64, seed=seed)))
    return tmp_path / "set"


@pytest.fixture
def dataset(folder: Path) -> Dataset:
    return ADAPTERS["folder"](folder)


@pytest.fixture
def invoke() -> Callable[..., str]:
    """Return a function that runs a command of the grading house and returns what it printed."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command("grading-sheet")(command.grading_sheet)
    app.command("agreement")(command.agreement)

    def run(*words: str | Path) -> str:
        done = CliRunner().invoke(app, [str(word) for word in words])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


@pytest.fixture
def graded(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a file of grades from its rows."""

    def write(*rows: str, head: str = HEAD, name: str = "grades.csv") -> Path:
        path = tmp_path / name
        path.write_text(head + "".join(f"{row}\n" for row in rows), encoding="utf-8")
        return path

    return write


def grade(image_id: str, reader: str, severity: str, showing: int = 1) -> Grade:
    return Grade(image_id, reader, severity, showing, None, Path("grades.csv"), 2)


class Parts(HTMLParser):
    """Collects a page's policy, its inline texts, and every address that an element names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.policy = ""
        self.texts: dict[str, str] = {}
        self.addresses: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if named.get("http-equiv") == "Content-Security-Policy":
            self.policy = named["content"] or ""
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "action", "srcset"}]
        assert not [name for name in named if name.startswith("on") or name == "style"]
        self._inside = (named.get("id") or tag) if tag in {"script", "style"} else ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[self._inside] = self.texts.get(self._inside, "") + data

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""


def test_a_sheet_gives_no_label_and_no_name_away(dataset: Dataset, tmp_path: Path) -> None:
    made = sheet.sheet(dataset.films, tmp_path / "sheet.html")

    text = made.html()
    for film in dataset.films:
        assert film.id not in text
        assert film.path.name not in text
    content = json.loads(Parts(text).texts["sheet"])
    assert set(content) == {"id", "seed", "repeats", "reader", "films"}
    assert [set(film) for film in content["films"]] == [{"key", "source"}] * 6
    keys = [film["key"] for film in content["films"]]
    assert keys == sorted(keys), "the order of the films must not follow their labels"
    assert set(keys) == {sheet_key(film) for film in dataset.films}


def test_a_sheet_stands_alone_and_its_policy_names_the_only_code_that_may_run(dataset: Dataset, tmp_path: Path) -> None:
    parts = Parts(sheet.sheet(dataset.films, tmp_path / "sheet.html").html())

    def digest(text: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    rules = dict(rule.split(" ", 1) for rule in parts.policy.split("; "))
    assert rules == {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": digest(parts.texts["style"]),
        "script-src": digest(parts.texts["script"]),
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    assert parts.addresses == []
    assert "import " not in re.sub(r"//.*|/\*.*?\*/", "", parts.texts["script"], flags=re.DOTALL)


def test_a_reader_name_cannot_end_the_script_that_holds_it(dataset: Dataset, tmp_path: Path) -> None:
    name = "</script><script>alert(1)</script><!--"

    text = sheet.sheet(dataset.films, tmp_path / "sheet.html", reader=name).html()

    assert name not in text
    assert json.loads(Parts(text).texts["sheet"])["reader"] == name


def test_readers_see_the_film_upright_in_full_and_nothing_but_its_pixels(tmp_path: Path) -> None:
    source = tmp_path / "ungraded" / "a.jpg"
    source.parent.mkdir()
    source.write_bytes(films.rotated_by_exif(films.bone(900, 700), 6, quality=95))
    (film,) = ADAPTERS["folder"](tmp_path).films

    with Image.open(BytesIO(sheet.jpeg(film, 600))) as shown:
        assert (shown.mode, shown.size) == ("L", (467, 600))
        assert not shown.getexif()
        assert "comment" not in shown.info
        seen = np.asarray(shown, dtype=float) / 255
    wanted = films.as_image(films.bone(900, 700)).resize((467, 600), Image.Resampling.LANCZOS)
    assert np.abs(seen - np.asarray(wanted, dtype=float) / 255).mean() < 0.02


def test_a_sheet_that_would_be_too_large_says_how_many_films_fit(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = len(sheet.jpeg(dataset.films[0], 1024)) * 4 // 3
    monkeypatch.setattr(sheet, "MAX_BYTES", int(one * 3.5))

    with pytest.raises(DataError, match=r"sheet.html: 6 films of 1024 pixels .* take about 3 \(--films\)"):
        sheet.sheet(dataset.films, tmp_path / "sheet.html")


def test_a_film_that_cannot_be_read_is_named(dataset: Dataset, tmp_path: Path) -> None:
    dataset.films[2].path.write_bytes(b"not a film")

    with pytest.raises(DataError, match="the film cannot be read: The file is not a PNG"):
        sheet.sheet(dataset.films, tmp_path / "sheet.html")


def test_the_command_draws_the_films_asked_for(folder: Path, tmp_path: Path, invoke: Callable[..., str]) -> None:
    dataset = ADAPTERS["folder"](folder)

    def keys(*options: str) -> set[str]:
        out = tmp_path / "new" / "sheet.html"
        said = invoke("grading-sheet", "--data", folder, "--layout", "folder", "--out", out, *options)
        found = {film["key"] for film in json.loads(Parts(out.read_text("utf-8")).texts["sheet"])["films"]}
        assert f"({len(found)} films, " in said
        return found

    def of(*severities: str) -> set[str]:
        return {sheet_key(film) for film in dataset.films if film.severity in severities}

    assert keys() == of("normal", "hairline", "displaced", "ungraded")
    assert keys("--only", "fractured") == of("hairline", "displaced")
    assert keys("--only", "ungraded") == of("ungraded")
    drawn = keys("--films", "3", "--seed", "1")
    assert len(drawn) == 3
    assert keys("--films", "3", "--seed", "1") == drawn
    assert any(keys("--films", "3", "--seed", str(seed)) != drawn for seed in (2, 3, 4))


def test_copies_of_a_film_are_shown_once_and_graded_together(
    folder: Path, tmp_path: Path, graded: Callable[..., Path]
) -> None:
    (folder / "ungraded" / "z_1.png").write_bytes((folder / "ungraded" / "e_1.png").read_bytes())
    dataset = ADAPTERS["folder"](folder)
    copies = [film for film in dataset.films if film.path.name in {"e_1.png", "z_1.png"}]

    assert len(sheet.sheet(dataset.films, tmp_path / "sheet.html").films) == 6
    labelled = with_grades(dataset, [graded(f"{sheet_key(copies[0])},a,hairline,1,")])
    assert [film.severity for film in labelled.films if film.path in {copy.path for copy in copies}] == ["hairline"] * 2


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["a,x,hairline,1,", "a,x,broken,1,"], r"grades.csv:3: unknown class 'broken'; classes are normal, hairline"),
        (["a, ,hairline,1,"], r"grades.csv:2: the reader is empty"),
        ([",x,hairline,1,"], r"grades.csv:2: the image_id is empty"),
        (["a,x,hairline,3,"], r"grades.csv:2: showing '3' is neither 1 nor 2"),
        (["a,x,hairline,1,1.3.26 14:05"], r"grades.csv:2: graded_at '1.3.26 14:05' is no time like"),
        (
            ["a,x,hairline,1,", "b,x,normal,1,", "a,x,normal,1,"],
            r"grades.csv:4: reader 'x' calls 'a' normal here and hairline in .*grades.csv:2, and the times do not say",
        ),
        (["a,x,hairline,1,,,,"], r"grades.csv:2: the row has more cells"),
    ],
)
def test_bad_grades_are_named_by_file_and_line(graded: Callable[..., Path], rows: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read([graded(*rows)])


def test_grades_without_a_needed_column_are_refused(graded: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"grades.csv:1: column 'reader' is missing"):
        read([graded("a,hairline", head="image_id,severity\n")])
    with pytest.raises(DataError, match=r"gone.csv: the file is missing"):
        read([tmp_path / "gone.csv"])


def test_of_several_grades_by_one_reader_the_latest_counts(graded: Callable[..., Path]) -> None:
    early = graded("a,x,hairline,1,2026-03-01T10:00:00Z", "b,x,normal,1,", name="early.csv")
    late = graded("a,x,displaced,1,2026-03-01T11:30:00+01:00", "b,x,normal,1,", name="late.csv")

    for files in ([early, late], [late, early]):
        assert {(one.image_id, one.severity) for one in read(files)} == {("a", "displaced"), ("b", "normal")}


def test_a_film_that_a_reader_could_not_judge_is_no_grade(graded: Callable[..., Path]) -> None:
    assert [one.image_id for one in read([graded("a,x,skipped,1,", "b,x,unclear,1,")])] == ["b"]


@pytest.mark.parametrize(
    ("votes", "label"),
    [
        ("h", "hairline"),
        ("hhd", "hairline"),
        ("hd", "unclear"),
        ("hu", "unclear"),
        ("nhd", "unclear"),
        ("nnh", "normal"),
        ("nh", "ungraded"),
        ("nnhd", "ungraded"),
        ("nnhdd", "displaced"),
        ("uu", "unclear"),
    ],
)
def test_most_readers_decide_first_about_a_fracture_then_about_its_severity(votes: str, label: str) -> None:
    words = {name[0]: name for name in GRADES}

    assert majority(words[vote] for vote in votes) == label


def test_grades_become_labels_and_the_origin_says_whose(dataset: Dataset, graded: Callable[..., Path]) -> None:
    key = {film.path.name: sheet_key(film) for film in dataset.films}
    one = graded(
        *(f"{key[name]},one,{severity},1," for name, severity in (("a_1.png", "normal"), ("b_1.png", "hairline"))),
        f"{key['e_1.png']},one,displaced,1,",
        f"{key['e_1.png']},one,hairline,2,",
        name="one.csv",
    )
    two = graded("normal/a_1.png,two,normal,1,", f"{key['b_1.png']},two,normal,1,", "ungraded/e_1.png,two,displaced,1,")

    labelled = with_grades(dataset, [one, two])

    assert {film.path.name: film.severity for film in labelled.films} == {
        "a_1.png": "normal",
        "b_1.png": "ungraded",  # one says fractured, the other not
        "c_1.png": "hairline",
        HOSTILE: "displaced",
        "e_1.png": "displaced",  # the first look counts
        "f_1.png": "ungraded",
    }
    assert labelled.label_origin.startswith(
        "3 of 6 films graded by 2 readers on grading sheets, majority taken, 1 left out for a tie"
    )
    assert "Cohen's kappa .500 [" in labelled.label_origin
    assert labelled.label_origin.endswith("the others: the folders of set")
    assert labelled.digest() != dataset.digest()
    assert len(labelled.labelled()) == 4


def test_one_reader_alone_is_said_to_be_alone(dataset: Dataset, graded: Callable[..., Path]) -> None:
    origin = with_grades(dataset, [graded("normal/a_1.png,x,hairline,1,")]).label_origin

    assert "graded by 1 reader on" in origin
    assert "one reader, so how far readers agree is not known" in origin


def test_a_grade_for_a_film_that_is_not_there_is_named_by_line(dataset: Dataset, graded: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match=r"grades.csv:3: no film of set has the id 'film-0000'"):
        with_grades(dataset, [graded("normal/a_1.png,x,normal,1,", "film-0000,x,normal,1,")])


def test_grades_of_one_film_under_two_names_must_not_contradict(dataset: Dataset, graded: Callable[..., Path]) -> None:
    (film,) = (film for film in dataset.films if film.id == "normal/a_1.png")
    rows = [f"{film.id},x,normal,1,", f"{sheet_key(film)},x,hairline,1,"]

    with pytest.raises(DataError, match=r"grades.csv:3: reader 'x' calls 'normal/a_1.png' hairline here and normal in"):
        with_grades(dataset, [graded(*rows)])


def test_outlines_follow_the_grade(small_fracatlas: Path, graded: Callable[..., Path]) -> None:
    dataset = ADAPTERS["fracatlas"](small_fracatlas)

    regraded = with_grades(
        dataset, [graded("IMG0000000,x,hairline,1,", "IMG0000002,x,normal,1,", "IMG0000003,x,hairline,1,")]
    ).films

    assert regraded[0].polygons is None, "nobody has outlined this fracture"
    assert regraded[2].polygons == ()
    assert regraded[3].polygons == dataset.films[3].polygons
    assert regraded[1] == dataset.films[1]


def test_alpha_is_that_of_the_published_example() -> None:
    # Krippendorff (2011), example C: four observers, twelve units, five values, nominal alpha .743.
    readings = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]
    table = np.array([[UNSEEN if digit == "." else int(digit) - 1 for digit in row] for row in readings]).T

    found = krippendorff_alpha(table, classes=5)

    assert found["value"] == pytest.approx(0.743, abs=0.0005)
    assert found["n"] == 11


def test_kappa_is_that_of_the_published_example() -> None:
    # Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, table 18.1: kappa .68.
    matrix = [[75, 1, 4], [5, 4, 1], [0, 0, 10]]
    names = ("normal", "hairline", "displaced")
    cells = [(a, b) for a in range(3) for b in range(3) for _ in range(matrix[a][b])]
    grades = [
        grade(f"film{row}", reader, names[pair[column]])
        for row, pair in enumerate(cells)
        for column, reader in enumerate(("a", "b"))
    ]

    found = agreement(grades)

    (pair,) = found["pairs"]
    assert pair["kappa"]["value"] == pytest.approx(0.676, abs=0.0005)
    assert pair["kappa"]["low"] < 0.676 < pair["kappa"]["high"]
    assert [row[:3] for row in pair["table"][:3]] == matrix
    assert (pair["agreed"]["hits"], pair["agreed"]["n"]) == (89, 100)
    first, second = zip(*cells, strict=True)
    fractured = cohen_kappa_score([a > 0 for a in first], [b > 0 for b in second])
    assert pair["kappa_any_fracture"]["value"] == pytest.approx(fractured, abs=1e-4)
    severity = [cell for cell in cells if min(cell) > 0]
    assert pair["kappa_severity"]["n"] == len(severity) == 15
    assert pair["kappa_severity"]["value"] == pytest.approx(cohen_kappa_score(*zip(*severity, strict=True)), abs=1e-4)


def test_agreement_takes_readers_of_different_films_and_second_looks(
    graded: Callable[..., Path], invoke: Callable[..., str]
) -> None:
    first = graded(
        *(f"f{i},a,{GRADES[i % 3]},1," for i in range(12)), "f1,a,hairline,2,", "f2,a,hairline,2,", name="a.csv"
    )
    second = graded(*(f"f{i},b,{GRADES[i % 3]},1," for i in range(6, 18)), name="b.csv")
    third = graded("f30,c,normal,1,", name="c.csv")

    found = json.loads(invoke("agreement", first, second, third, "--json"))

    assert found["films"] == 19
    assert found["readers"] == {"a": 12, "b": 12, "c": 1}
    assert found["all"] == {"value": 1.0, "low": 1.0, "high": 1.0, "n": 6}
    pairs = {tuple(pair["readers"]): pair for pair in found["pairs"]}
    assert pairs["a", "b"]["kappa"]["value"] == 1
    assert pairs["a", "c"]["kappa"] == {"value": None, "low": None, "high": None, "n": 0}
    (within,) = found["within"]
    assert (within["reader"], within["agreed"]["n"], within["agreed"]["hits"]) == ("a", 2, 1)

    said = invoke("agreement", first, second, third)
    assert "All readers: Krippendorff's alpha 1.000 [1.000, 1.000] (n = 6)." in said
    assert "a and b: alike on 6 of 6 films" in said
    assert "a and c: no film in common." in said
    assert "a, first look and second look: alike on 1 of 2 films" in said


def test_what_cannot_be_known_is_said_to_be_so() -> None:
    assert "how far readers agree is not known" in page(agreement([grade("f", "a", "normal")]))
    same = agreement([grade(film, reader, "normal") for film in "fg" for reader in "ab"])
    assert same["pairs"][0]["kappa"]["value"] is None, "no kappa where nobody ever saw anything else"


def test_the_order_of_films_is_each_readers_own(root: Path, need_program: Callable[..., Path]) -> None:
    ran = subprocess.run(
        [need_program("node"), "--test", root / "tests" / "training" / "grading_page.test.js"],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_modules_of_the_page_keep_their_types(root: Path, need_program: Callable[..., Path]) -> None:
    checker = root / "node_modules" / "typescript" / "bin" / "tsc"
    if not checker.is_file():
        pytest.skip("node_modules/typescript is not there: npm ci")
    checked = subprocess.run(
        [need_program("node"), checker, "-p", PAGE / "jsconfig.json"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout


def test_every_module_is_part_of_the_sheet_after_what_it_imports() -> None:
    assert {path.stem for path in PAGE.glob("*.js")} == set(sheet.MODULES)
    for place, name in enumerate(sheet.MODULES):
        imported = re.findall(
            r'^import .* from "\./(\w+)\.js";', (PAGE / f"{name}.js").read_text("utf-8"), re.MULTILINE
        )
        assert set(imported) <= set(sheet.MODULES[:place])
