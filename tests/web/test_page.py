"""What the page promises before and after a film: quiet, on its own, and with nothing left behind."""

from __future__ import annotations

import pytest

from tests.web.conftest import NOTHING, Visit, Visitor

pytestmark = pytest.mark.browser


def test_loads_and_reads_without_a_complaint_or_a_foreign_request(visit: Visit) -> None:
    visit.sample("displaced")

    assert visit.complaints == []
    assert [url for url in visit.requests if not url.startswith((visit.url, "data:", "blob:"))] == []


def test_leaves_nothing_in_the_browser(visit: Visit) -> None:
    visit.sample("displaced")

    assert visit.kept() == NOTHING


def test_shows_and_loads_nothing_of_signing_in_where_no_one_needs_to(visit: Visit) -> None:
    visit.sample("displaced")
    visit.page.click("#another")

    for element in ("#gate", "#sign-in", "#sign-out"):
        assert visit.page.is_hidden(element)
    assert visit.page.is_visible("#drop")
    assert [url for url in visit.requests if url.endswith(("account.js", "session.js", "signin.js", "tokens.js"))] == []


def test_says_before_a_film_is_sent_what_is_taken_and_how_long_it_is_kept(visit: Visit) -> None:
    assert "up to 32 MB" in visit.text("#file-hint")
    assert "deletes it after 24 hours" in visit.text("footer")


@pytest.mark.parametrize("width", [1280, 360])
def test_shows_the_disclaimer_wherever_a_reading_is_scrolled_to(visitor: Visitor, width: int) -> None:
    visit = visitor(viewport={"width": width, "height": 740})
    visit.sample("displaced")

    visit.page.mouse.wheel(0, 5000)
    visit.page.wait_for_timeout(200)

    seen = visit.page.evaluate("""() => {
        const {left, top, width, height} = document.querySelector(".disclaimer").getBoundingClientRect();
        return document.elementFromPoint(left + width / 2, top + height / 2)?.closest(".disclaimer")?.textContent;
    }""")
    assert seen == "Research use only, not for diagnosis"


def test_html_cannot_be_slipped_in_by_a_script(visit: Visit) -> None:
    refused = visit.page.evaluate("""() => {
        try { document.body.innerHTML = "<p>"; return false } catch (error) { return error instanceof TypeError }
    }""")
    assert refused
