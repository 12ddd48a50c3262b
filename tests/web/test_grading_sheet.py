"""The grading sheet as a reader uses it: opened from disk in a real browser, graded, saved, read back."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

from tests import films
from training.datasets import ADAPTERS, Dataset
from training.grading.grades import read, sheet_key
from training.grading.labels import with_grades
from training.grading.sheet import sheet

pytestmark = pytest.mark.browser

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FILMS = 6
REPEATS = 2
SHOWN = FILMS + REPEATS


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """Return films without labels, each as bright all over as its number says, so that a test can tell them apart."""
    folder = tmp_path / "set" / "ungraded"
    folder.mkdir(parents=True)
    for number in range(FILMS):
        grey = np.full((400, 300), (number + 1) / 10, dtype=np.float32)
        (folder / f"p{number}_1.png").write_bytes(films.encoded(grey))
    return ADAPTERS["folder"](folder.parent)


@pytest.fixture
def address(dataset: Dataset, tmp_path: Path) -> str:
    """Return where the sheet lies."""
    path = tmp_path / "sheet.html"
    path.write_text(sheet(dataset.films, path, repeats=REPEATS / FILMS).html(), encoding="utf-8")
    return path.as_uri()


class Reader:
    """A browser with a sheet open, and what it complained of or asked for."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(address)

    def sign_in(self, name: str) -> None:
        self.page.fill("#reader", name)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector("#work:not([hidden])")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)

    def saved(self, path: Path) -> Path:
        """Save the grades as a user does."""
        with self.page.expect_download() as download:
            self.page.click("#save")
        assert download.value.suggested_filename.startswith("grades-")
        download.value.save_as(path)
        return path

    def brightness(self) -> float:
        """Return the grey at the middle of the film as it is shown, 0 to 1."""
        self.page.wait_for_function("document.getElementById('film').complete")
        with Image.open(io.BytesIO(self.page.locator("#stage").screenshot())) as image:
            grey = np.asarray(image.convert("L"), dtype=float) / 255
        middle = grey[grey.shape[0] // 2 - 5 :][:10, grey.shape[1] // 2 - 5 :][:, :10]
        return float(middle.mean())


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True)
    context.set_default_timeout(60_000)
    yield context
    context.close()


@pytest.fixture
def reader(context: BrowserContext, address: str) -> Reader:
    return Reader(context, address)


def test_grades_given_by_click_and_key_become_labels(reader: Reader, dataset: Dataset, tmp_path: Path) -> None:
    number = {sheet_key(film): int(film.path.name[1]) for film in dataset.films}
    reader.sign_in("dr.a")
    words = ("normal", "hairline", "displaced", "unclear")
    seen: dict[int, str] = {}
    for step in range(SHOWN):
        shown = round(reader.brightness() * 10) - 1
        word = words[shown % 4]
        seen.setdefault(shown, word)
        if step % 2:
            reader.page.click(f"button[data-severity={word}]")
        else:
            reader.press(str(words.index(word) + 1))

    assert reader.text("#progress") == f"{SHOWN} of {SHOWN} graded by dr.a"
    assert reader.page.is_visible("#done")
    grades = read([reader.saved(tmp_path / "saved.csv")])
    assert {number[one.image_id]: one.severity for one in grades if one.showing == 1} == seen
    assert len(seen) == FILMS
    assert sum(one.showing == 2 for one in grades) == REPEATS
    assert {one.reader for one in grades} == {"dr.a"}
    assert all(one.graded_at for one in grades)
    labelled = with_grades(dataset, [tmp_path / "saved.csv"])
    assert {int(film.path.name[1]): film.severity for film in labelled.films} == seen
    assert reader.complaints == []
    assert [url for url in reader.requests if not url.startswith(("file:", "data:", "blob:"))] == []


def test_a_sheet_goes_on_where_it_was_closed(reader: Reader, context: BrowserContext, address: str) -> None:
    reader.sign_in("a")
    reader.press("1", "2", "ArrowRight", "3")
    reader.page.close()

    later = Reader(context, address)
    later.sign_in("a")

    assert later.text("#progress") == f"3 of {SHOWN} graded by a"
    assert later.text("#film-title") == f"Film 3 of {SHOWN}", "the film that was passed over"
    later.press("ArrowLeft")
    assert later.page.get_attribute("[data-severity=hairline]", "aria-pressed") == "true"
    later.press("3", "4", "n")
    assert later.text("#progress") == f"4 of {SHOWN} graded by a"
    assert later.text("#film-title") == f"Film 5 of {SHOWN}"


def test_another_reader_starts_with_nothing_in_another_order(reader: Reader) -> None:
    def order() -> list[float]:
        found = []
        for _ in range(SHOWN):
            found.append(round(reader.brightness(), 1))
            reader.press("ArrowRight")
        return found

    reader.sign_in("a")
    first = order()
    reader.press("1")
    reader.page.click("#leave")
    reader.sign_in("b")

    assert reader.text("#progress") == f"0 of {SHOWN} graded by b"
    assert sorted(set(order())) == sorted(set(first))
    reader.page.click("#leave")
    reader.sign_in("a")
    assert reader.text("#progress") == f"1 of {SHOWN} graded by a"


@pytest.mark.parametrize("name", ["", " ", "=cmd", "a b", "x" * 41, "<b>"])
def test_nobody_grades_without_a_proper_name(reader: Reader, name: str) -> None:
    reader.page.evaluate("document.getElementById('reader').removeAttribute('maxlength')")
    reader.page.fill("#reader", name)
    reader.press("Enter")

    assert reader.text("#reader-error").startswith("Enter a reader")
    assert not reader.page.is_visible("#work")
    assert reader.page.evaluate("document.activeElement.id") == "reader"


def test_a_comment_is_saved_harmless_and_its_letters_are_no_grades(reader: Reader, tmp_path: Path) -> None:
    reader.sign_in("a")
    reader.press("c")
    reader.page.keyboard.type('=1+2, "old" fracture?')
    reader.press("Escape", "4")

    (row,) = [line for line in reader.saved(tmp_path / "a.csv").read_text().splitlines() if "film-" in line]
    assert ",a,unclear,1," in row
    assert row.endswith(',"\'=1+2, ""old"" fracture?"')
    reader.press("0")
    assert [one.severity for one in read([reader.saved(tmp_path / "b.csv")])] == ["unclear"], "skipped is no grade"


def test_window_and_level_show_what_they_say(reader: Reader) -> None:
    reader.sign_in("a")
    grey = round(reader.brightness(), 1)

    def set_to(control: str, value: float) -> None:
        reader.page.fill(f"#{control}", str(value))

    set_to("window", 50)
    set_to("level", 40)
    assert reader.brightness() == pytest.approx(np.clip((grey - 0.4) / 0.5 + 0.5, 0, 1), abs=0.02)
    reader.press("i")
    assert reader.brightness() == pytest.approx(1 - np.clip((grey - 0.4) / 0.5 + 0.5, 0, 1), abs=0.02)
    reader.press("r")
    assert reader.brightness() == pytest.approx(grey, abs=0.02)


def test_a_zoomed_film_can_be_moved_by_drag_and_by_key(reader: Reader) -> None:
    reader.sign_in("a")
    stage = reader.page.locator("#stage")
    box = stage.bounding_box()
    assert box
    place = "[document.getElementById('stage').scrollLeft, document.getElementById('stage').scrollTop]"
    reader.press("+", "+", "+", "+")
    left, top = reader.page.evaluate(place)
    assert left > 0 < top, "the zoom keeps the middle where it is"

    reader.page.mouse.move(box["x"] + 300, box["y"] + 300)
    reader.page.mouse.down()
    reader.page.mouse.move(box["x"] + 240, box["y"] + 260, steps=4)
    reader.page.mouse.up()
    assert reader.page.evaluate(place) == pytest.approx([left + 60, top + 40], abs=3)

    stage.focus()
    reader.press("ArrowRight")
    assert reader.text("#film-title") == f"Film 1 of {SHOWN}", "with the focus on it, arrows move the zoomed film"
    reader.press("r", "ArrowRight")
    assert reader.text("#film-title") == f"Film 2 of {SHOWN}"


def test_the_sheet_can_reach_nothing(reader: Reader) -> None:
    refused = reader.page.evaluate(
        """async () => {
            const told = new Promise((resolve) =>
                document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective)));
            await fetch("http://127.0.0.1:9/").catch(() => null);
            return told;
        }"""
    )
    assert refused == "connect-src"


def test_says_what_it_is_for_on_every_screen(reader: Reader) -> None:
    assert "Research use only, not for diagnosis" in reader.text("header")
    reader.sign_in("a")
    assert "Research use only, not for diagnosis" in reader.text("header")


@pytest.mark.parametrize("state", ["start", "work"])
def test_keeps_the_rules_of_wcag(browser: Browser, address: str, state: str, axe: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, bypass_csp=True)
    reader = Reader(context, address)
    if state == "work":
        reader.sign_in("a")
        reader.press("2", "ArrowLeft")

    reader.page.evaluate(axe)
    found: Any = reader.page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    context.close()

    assert [(rule["id"], node["target"]) for rule in found["violations"] for node in rule["nodes"]] == []


def test_never_scrolls_sideways(reader: Reader) -> None:
    reader.sign_in("a")
    for width in (360, 860, 1280, 1920):
        reader.page.set_viewport_size({"width": width, "height": 740})
        assert reader.page.evaluate("document.documentElement.scrollWidth") <= width
