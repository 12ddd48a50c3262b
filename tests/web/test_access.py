"""The page for everyone: by keyboard alone, on a phone, in both themes, by the rules of WCAG 2.2 AA."""

from __future__ import annotations

from typing import Any

import pytest

from tests import films
from tests.web.conftest import Visit, Visitor

pytestmark = pytest.mark.browser

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FOCUSED = """() => {
    const element = document.activeElement;
    const ring = element.matches(".unseen") || element.type === "radio" ? element.nextElementSibling : element;
    return {
        name: element.id || element.value || element.textContent.trim(),
        ring: getComputedStyle(ring).outlineStyle !== "none" && parseFloat(getComputedStyle(ring).outlineWidth) >= 2,
    };
}"""
STATES = ("intake", "reading", "failure")


def bring_into(visit: Visit, state: str) -> None:
    """Bring the page into one of its states."""
    if state == "reading":
        visit.sample("displaced")
    elif state == "failure":
        visit.put(b"no film")
        visit.page.wait_for_selector("#failure:not([hidden])")


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("state", STATES)
def test_keeps_the_rules_of_wcag(visitor: Visitor, axe: str, state: str, theme: str) -> None:
    # Trusted Types would refuse axe's own markup, so the policy is set aside for this test.
    visit = visitor(color_scheme=theme, bypass_csp=True)
    bring_into(visit, state)

    visit.page.evaluate(axe)
    found: Any = visit.page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)

    assert [(rule["id"], node["target"]) for rule in found["violations"] for node in rule["nodes"]] == []


@pytest.mark.parametrize("state", STATES)
def test_never_scrolls_sideways(visit: Visit, state: str) -> None:
    bring_into(visit, state)

    for width in (320, 360, 640, 720, 1080, 1920):
        visit.page.set_viewport_size({"width": width, "height": 740})
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_phone_shows_outcome_and_heat_map_on_the_first_screen(visitor: Visitor) -> None:
    visit = visitor(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    visit.sample("displaced")

    outcome = visit.page.locator("#outcome").bounding_box()
    heat = visit.page.locator("#heat").bounding_box()
    top = visit.page.locator(".frame-top").bounding_box()
    assert outcome
    assert heat
    assert top
    assert top["y"] + top["height"] <= outcome["y"]
    assert heat["y"] + heat["height"] * 0.8 <= 740


def test_works_by_keyboard_alone(visit: Visit) -> None:
    keys = visit.page.keyboard

    def tab_to(name: str) -> None:
        keys.press("Tab")
        focused = visit.page.evaluate(FOCUSED)
        assert focused == {"name": name, "ring": True}

    tab_to("Skip to the content")
    keys.press("Enter")
    tab_to("file")
    tab_to("Elbow, no fracture")
    tab_to("Elbow, displaced fracture")
    keys.press("Enter")
    visit.page.wait_for_selector("#viewer[aria-busy=false]")
    assert visit.page.evaluate("document.activeElement.id") == "outcome"

    shown = visit.page.input_value("input[name=class]:checked")
    tab_to(shown)
    keys.press("ArrowRight")
    assert visit.page.input_value("input[name=class]:checked") != shown
    tab_to("opacity")
    before = visit.page.input_value("#opacity")
    keys.press("ArrowLeft")
    assert visit.page.input_value("#opacity") != before

    visit.page.focus("#another")
    keys.press("Enter")
    assert visit.page.is_visible("#intake")
    assert visit.page.evaluate("document.activeElement.id") == "file"


def test_tells_assistive_technology_the_outcome(visit: Visit) -> None:
    visit.sample("displaced")

    said = visit.page.locator("[role=status]#live").text_content()
    assert said == f"{visit.text('#outcome')}. Fracture probability {visit.text('#fracture-probability')}."


def test_stands_still_for_those_who_ask_for_it(visitor: Visitor) -> None:
    moving = {}
    for wish in ("reduce", "no-preference"):
        visit = visitor(reduced_motion=wish)
        visit.page.route("**/v1/assessments?*", lambda route: None)
        visit.put(films.encoded(films.bone()))
        visit.page.wait_for_selector("#viewer[aria-busy=true]")
        visit.page.wait_for_timeout(400)
        moving[wish] = visit.page.evaluate("document.getAnimations().length")
    assert moving["reduce"] == 0 < moving["no-preference"]
