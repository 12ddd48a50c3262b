"""What goes wrong is said in plain language, with what to do next; and trying again works."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Route, expect

from fracturelens import errors
from tests import films
from tests.web.conftest import PATIENCE_MS, Visit, Visitor, is_reading, serving
from tests.web.transfer import drop, paste

pytestmark = pytest.mark.browser

# Errors of the command line and of starting up: no answer over HTTP carries them.
NEVER_SENT = {
    *("no_films", "invalid_setting", "address_unavailable"),
    *("registry_unavailable", "unknown_version", "version_exists", "not_compared"),
}


def codes() -> set[str]:
    """Return the code of every error that is raised on purpose."""

    def family(error: type[errors.FracturelensError]) -> Iterator[type[errors.FracturelensError]]:
        yield error
        for child in error.__subclasses__():
            yield from family(child)

    return {error.code for error in family(errors.FracturelensError) if error.__module__ == errors.__name__}


def test_every_error_that_the_server_sends_has_its_words(visit: Visit) -> None:
    messages = visit.page.evaluate("async () => (await import(new URL('js/messages.js', document.baseURI))).MESSAGES")

    texts = messages["error"]
    assert codes() - NEVER_SENT - set(texts) == set()
    assert [code for code, text in texts.items() if not (text["title"].strip() and text["next"].strip())] == []


@pytest.mark.parametrize("way", ["choose", "drop", "paste"])
def test_a_text_file_is_refused_in_plain_words_and_never_sent(visit: Visit, way: str) -> None:
    letter = b"Dear colleague, please find attached"
    match way:
        case "choose":
            visit.put(letter, "letter.png")
        case "drop":
            drop(visit, {"letter.png": letter})
        case _:
            paste(visit, {"letter.png": letter})

    visit.page.wait_for_selector("#failure:not([hidden])")
    assert visit.text("#failure-title") == "This is not a film that can be read"
    assert "PNG, JPEG, TIFF, WebP and DICOM" in visit.text("#failure-next")
    assert visit.sent_films == []
    assert visit.page.is_hidden("#retry")  # the same file would fail again
    assert visit.page.is_visible("#intake")


@pytest.mark.parametrize(
    ("film", "title", "code"),
    [
        (b"", "The file is empty", "empty_file"),
        (films.truncated(films.encoded(films.bone())), "The file is damaged or incomplete", "damaged_image"),
        (films.png_claiming(60_000, 60_000), "The picture has too many pixels", "too_many_pixels"),
        (films.encoded(films.bone(20, 20)), "The picture is too small to be a film", "image_too_small"),
        (films.animation(films.bone(), "WEBP"), "This is an animation, not a film", "animated_image"),
        (films.dicom_without_pixels(), "This DICOM file holds no picture", "dicom_without_pixels"),
    ],
    ids=lambda value: value if isinstance(value, str) and "_" in value else "film",
)
def test_a_film_that_cannot_be_read_gets_plain_words(visit: Visit, film: bytes, title: str, code: str) -> None:
    visit.put(film)

    visit.page.wait_for_selector("#failure:not([hidden])")
    assert visit.text("#failure-title") == title
    assert visit.text("#failure-next")
    assert code in visit.text("#failure-code")
    assert visit.page.evaluate("document.activeElement.id") == "failure"


def test_a_film_over_the_limit_is_refused_before_it_is_sent(root: Path, tmp_path: Path, visitor: Visitor) -> None:
    noise = np.random.default_rng(0).random((1200, 1200), dtype=np.float32)
    with serving(root, tmp_path, max_file_mb="1") as small:
        visit = visitor(small.url)
        visit.put(films.encoded(noise))

        visit.page.wait_for_selector("#failure:not([hidden])")
        assert visit.text("#failure-title") == "The file is too large"
        assert "at most 1 MB" in visit.text("#failure-next")
        assert visit.sent_films == []


def test_nothing_dropped_is_explained_without_losing_the_reading(visit: Visit) -> None:
    visit.sample("displaced")

    drop(visit, {})

    visit.page.wait_for_selector("#failure:not([hidden])")
    assert visit.text("#failure-title") == "There was no film in that"
    assert visit.page.is_visible("#report")


def test_a_film_that_fails_takes_the_earlier_reading_off_the_screen(visit: Visit) -> None:
    visit.sample("displaced")

    drop(visit, {"film.png": b"no film"})

    visit.page.wait_for_selector("#failure:not([hidden])")
    assert visit.page.is_hidden("#reading")
    assert visit.page.evaluate("document.querySelector('#film').hasAttribute('src')") is False


def test_a_server_that_has_gone_is_named_and_trying_again_reads_the_film(
    root: Path, tmp_path: Path, visitor: Visitor
) -> None:
    with serving(root, tmp_path / "before") as first:
        visit = visitor(first.url)
        port = first.port
        first.stop()

    visit.put(films.encoded(films.bone(320, 240)))
    visit.page.wait_for_selector("#failure:not([hidden])")
    assert visit.text("#failure-title") == "The server cannot be reached"
    assert visit.page.is_visible("#intake")

    with serving(root, tmp_path / "after", port=port):
        with visit.page.expect_response(is_reading) as answer:
            visit.page.click("#retry")
        assert visit.shown(answer.value)["image"]["height"] == 320
    assert visit.page.is_hidden("#failure")


def test_a_busy_server_is_asked_again_when_it_said(visit: Visit) -> None:
    asked: list[str] = []

    def busy_once(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.fulfill(status=503, headers={"Retry-After": "3"}, json={"code": "busy"})
        else:
            route.continue_()

    visit.page.route("**/v1/assessments?*", busy_once)
    visit.put(films.encoded(films.bone()))

    expect(visit.page.locator("#outcome-meaning")).to_contain_text("Trying again in", timeout=PATIENCE_MS)
    visit.page.wait_for_selector("#viewer[aria-busy=false]")
    assert len(asked) == 2
    assert visit.page.is_visible("#report")


def test_an_answer_that_is_no_problem_document_still_gives_words(visit: Visit) -> None:
    visit.page.route("**/v1/assessments?*", lambda route: route.fulfill(status=500, body="<h1>Bad gateway</h1>"))

    visit.put(films.encoded(films.bone()))

    visit.page.wait_for_selector("#failure:not([hidden])")
    assert visit.text("#failure-title") == "The server gave an answer that this page does not understand"
    assert visit.page.is_visible("#retry")


def test_a_server_without_storage_still_reads(root: Path, tmp_path: Path, visitor: Visitor) -> None:
    with serving(root, tmp_path, retention_hours="0") as forgetful:
        visit = visitor(forgetful.url)
        assert "does not keep it" in visit.text("footer")

        visit.choose(films.dicom(films.bone()), "film.dcm")

        assert visit.page.is_visible("#report")
        assert visit.text("#failure-title") == "The film was read, but its picture could not be loaded"
