"""The page in a real browser, against the deployed shape: sign in, have a film read, sign out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from infra.local.resources import PASSWORD
from tests import films
from tests.local.conftest import Local
from tests.web.conftest import NOTHING, Server, Visit, Visitor, browser, need_node_module, visitor
from tests.web.test_access import RULES, axe

__all__ = ["axe", "browser", "need_node_module", "visitor"]  # fixtures

pytestmark = [pytest.mark.aws, pytest.mark.browser]


@pytest.fixture(scope="session")
def server(local: Local) -> Server:
    """Return what the visitor visits."""
    return Server(local.process, f"{local.url}/")


@pytest.fixture
def at_the_form(visitor: Visitor) -> Callable[..., Visit]:
    """Return a function that opens the page and leaves it for the sign-in's form."""

    def go(**options: Any) -> Visit:
        visit = visitor(**options)
        visit.page.click("#sign-in")
        visit.page.wait_for_selector("#username")
        return visit

    return go


def enter(visit: Visit, user: str = "clinician", password: str = PASSWORD) -> None:
    visit.page.fill("#username", user)
    visit.page.fill("#password", password)
    visit.page.press("#password", "Enter")


@pytest.fixture
def signed_in(at_the_form: Callable[..., Visit]) -> Visit:
    """Return the page with a demo user signed in."""
    visit = at_the_form()
    enter(visit)
    visit.page.wait_for_selector("#sign-out:not([hidden])")
    return visit


def test_a_film_is_read_for_a_user_and_the_browser_keeps_nothing(signed_in: Visit) -> None:
    reading = signed_in.sample("displaced")

    assert reading["image"] == {"kind": "jpeg", "width": 373, "height": 454}
    assert signed_in.text("#outcome")
    assert signed_in.page.url == signed_in.url, "no code stays in the address"
    assert signed_in.kept() == NOTHING
    assert signed_in.complaints == [], "neither policy was broken"


def test_a_large_film_goes_by_storage(signed_in: Visit, local: Local) -> None:
    grain = np.random.default_rng(0).random((2400, 2000), np.float32)

    reading = signed_in.choose(films.encoded(grain))

    assert (reading["image"]["width"], reading["image"]["height"]) == (2000, 2400)
    assert f"{local.endpoint}/{local.bucket}" in signed_in.requests
    assert signed_in.complaints == []


def test_signing_out_leads_back_to_the_door(signed_in: Visit) -> None:
    signed_in.page.click("#sign-out")

    signed_in.page.wait_for_selector("#gate:not([hidden])")
    assert signed_in.page.url == signed_in.url
    assert signed_in.kept() == NOTHING


def test_a_wrong_password_is_told_where_it_was_typed(at_the_form: Callable[..., Visit]) -> None:
    visit = at_the_form()

    enter(visit, password="wrong")  # noqa: S106 - that is the point

    visit.page.wait_for_selector("[role=alert]")
    assert visit.text("[role=alert]") == "Wrong user or password."
    assert visit.page.input_value("#username") == "clinician"
    assert visit.page.input_value("#password") == ""


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_form_keeps_the_rules_of_wcag(at_the_form: Callable[..., Visit], axe: str, theme: str) -> None:
    visit = at_the_form(color_scheme=theme, bypass_csp=True)
    enter(visit, password="wrong")  # noqa: S106 - shows the alert, too
    visit.page.wait_for_selector("[role=alert]")

    visit.page.evaluate(axe)
    found: Any = visit.page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)

    assert [(rule["id"], node["target"]) for rule in found["violations"] for node in rule["nodes"]] == []
