"""The page as files: no build step, no inline code, nothing from elsewhere, and modules that check by themselves."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from fracturelens.colormap import HEAT

IMPORT = r'(?:from |await import\()"\./([\w.]+)"'
LOADING = {("link", "href"), ("script", "src"), ("img", "src")}


class Page(HTMLParser):
    """Collects what index.html loads, and whatever a strict policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.inline += [f"<{tag} {name}>" for name in named if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in named):
            self.inline.append(f"<{tag}>")
        for name, value in attrs:
            if (tag, name) in LOADING or name == "data-film":
                self.loaded.append(value or "")


@pytest.fixture(scope="module")
def web(root: Path) -> Path:
    """Return the folder of the page."""
    return root / "web"


@pytest.fixture(scope="module")
def page(web: Path) -> Page:
    """Return what index.html holds."""
    parser = Page()
    parser.feed((web / "index.html").read_text(encoding="utf-8"))
    return parser


def test_index_holds_no_inline_code(page: Page) -> None:
    assert page.inline == []


def test_everything_loaded_is_a_file_beside_the_page(web: Path, page: Page) -> None:
    assert [place for place in page.loaded if place.startswith("/") or ":" in place] == []  # any folder can host it
    assert [place for place in page.loaded if not (web / place).is_file()] == []


def test_no_file_fetches_from_elsewhere(web: Path) -> None:
    fetching = re.compile(r"""(?:url\(|import\s|from\s|fetch\(|src=)\s*["'(]?(?:https?:)?//""")
    texts = {
        file: file.read_text("utf-8") for file in web.rglob("*") if file.suffix in {".html", ".css", ".js", ".svg"}
    }
    assert texts
    assert [(file.name, found[0]) for file, text in texts.items() if (found := fetching.search(text))] == []


def test_every_style_sheet_and_module_is_in_use(web: Path, page: Page) -> None:
    used = {web / place for place in page.loaded}
    for module in (web / "js").glob("*.js"):
        used |= {module.parent / name for name in re.findall(IMPORT, module.read_text(encoding="utf-8"))}
    assert {*(web / "css").iterdir(), *(web / "js").iterdir()} - used == set()


def test_every_module_says_first_what_it_is_for(web: Path) -> None:
    first_words = re.compile(r"(?://|/\*) \w.{20,}")
    modules = [*(web / "js").iterdir(), *(web / "css").iterdir()]
    assert [file.name for file in modules if not first_words.match(file.read_text("utf-8"))] == []


def test_every_text_that_is_asked_for_by_name_exists(web: Path) -> None:
    code = "".join(file.read_text("utf-8") for file in (web / "js").glob("*.js"))
    texts = (web / "js" / "messages.js").read_text("utf-8")
    asked = set(re.findall(r'say\(\s*"([\w.]+)"', code))
    assert asked
    assert [key for key in asked if not re.search(rf"\b{key.rpartition('.')[2]}:", texts)] == []


def test_scale_shows_the_colours_of_the_heat_map(web: Path) -> None:
    scale = ET.parse(web / "icons" / "heat-scale.svg")  # noqa: S314 - our own file
    stops = list(scale.iter("{http://www.w3.org/2000/svg}stop"))

    assert len(stops) > 8
    for stop in stops:
        at = float(stop.attrib["offset"])
        assert tuple(bytes.fromhex(stop.attrib["stop-color"][1:])) == tuple(HEAT[round(at * 255)])
        assert float(stop.attrib["stop-opacity"]) == at


def test_samples_are_small_grey_films_with_credits(web: Path) -> None:
    credits_ = (web / "samples" / "CREDITS.md").read_text(encoding="utf-8")
    films = sorted((web / "samples").glob("*.jpg"))

    assert len(films) == 3
    for film in films:
        assert film.name in credits_
        assert film.stat().st_size < 50_000
        with Image.open(film) as image:
            assert image.mode == "L"
            assert not image.getexif()
    for owed in ("Abedeen", "CC BY 4.0", "10.1038/s41597-023-02432-4", "What was changed"):
        assert owed in credits_


def test_picture_of_the_page_loads_fast(root: Path) -> None:
    assert (root / "docs" / "images" / "page.png").stat().st_size < 300_000


def test_modules_keep_their_types(
    root: Path, need_program: Callable[..., Path], need_node_module: Callable[[str], Path]
) -> None:
    command: list[str | Path] = [
        need_program("node"),
        need_node_module("typescript/bin/tsc"),
        "-p",
        root / "jsconfig.json",
    ]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_modules_do_what_their_own_tests_say(root: Path, need_program: Callable[..., Path]) -> None:
    tests = sorted((root / "tests" / "web" / "unit").glob("*.test.js"))
    ran = subprocess.run(
        [need_program("node"), "--test", *tests], cwd=root, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert tests
