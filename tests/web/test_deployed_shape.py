"""The page in the deployed system on this machine: hosted sign-in, API Gateway, the Lambda and S3, all stood in for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Page, Request

from infra.local import resources
from tests import films
from tests.local.conftest import Local, running
from tests.web.conftest import NOTHING, Visit, Visitor
from tests.web.test_access import RULES

pytestmark = [pytest.mark.browser, pytest.mark.aws]

LONGER_THAN_A_SIGN_IN = "03:00:00"
OUTSIDER = "outsider"


@pytest.fixture(scope="module")
def system(root: Path, need_emulator: None) -> Iterator[Local]:
    """Run the deployed system, with a user more who is in no group."""
    with running(root) as local:
        resources.make_user(resources.connect("cognito-idp", local.endpoint), local.pool, OUTSIDER, None)
        yield local


@pytest.fixture
def visit(visitor: Visitor, system: Local) -> Visit:
    """Open the page, signed out."""
    return visitor(f"{system.url}/")


@pytest.fixture
def signed_in(visit: Visit) -> Visit:
    """Open the page and sign in as a clinician."""
    return sign_in(visit)


def sign_in(visit: Visit, user: str = "clinician") -> Visit:
    """Go to the hosted sign-in and come back."""
    visit.page.click("#sign-in")
    fill_in(visit.page, user)
    visit.page.wait_for_selector("#sign-out:not([hidden])")
    return visit


def fill_in(page: Page, user: str, password: str = resources.PASSWORD) -> None:
    """Fill in the hosted sign-in, once it is there."""
    page.wait_for_selector("#username:focus")  # it asks for the focus, and complains if something else has it
    page.fill("#username", user)
    page.fill("#password", password)
    page.click("button[type=submit]")


def test_a_clinician_signs_in_reads_a_film_and_signs_out(visit: Visit) -> None:
    asked: list[Request] = []
    visit.page.on("request", lambda request: asked.append(request))

    sign_in(visit)
    reading = visit.sample("displaced")
    assert reading["image"] == {"kind": "jpeg", "width": 373, "height": 454}
    assert visit.page.is_visible("#report")
    assert visit.page.url == visit.url
    assert visit.kept() == NOTHING

    visit.page.click("#sign-out")
    visit.page.wait_for_selector("#gate:not([hidden])")
    assert visit.page.is_hidden("#report")
    assert visit.page.url == visit.url

    with_token = [request.url for request in asked if request.header_value("authorization")]
    assert {urlsplit(url).path.split("/")[1] for url in with_token} == {"v1"}
    assert visit.complaints == []  # of the deployed policy, among others


def test_a_film_too_large_for_the_api_goes_through_the_bucket(signed_in: Visit, system: Local) -> None:
    film = films.encoded(np.random.default_rng(0).random((2100, 2100), dtype=np.float32))
    assert len(film) > 4_000_000
    signed_in.page.evaluate("""() => {
        window.shares = [];
        const note = () => window.shares.push(document.querySelector("#progress").value);
        new MutationObserver(note).observe(document.querySelector("#progress"), {attributeFilter: ["value"]});
    }""")

    with signed_in.page.expect_request(f"{system.endpoint}/**") as sent:
        reading = signed_in.choose(film, "DOE^JANE.png")

    assert reading["image"] == {"kind": "png", "width": 2100, "height": 2100}
    assert sent.value.method == "POST"
    assert "authorization" not in sent.value.all_headers()
    shares = signed_in.page.evaluate("window.shares")
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert signed_in.complaints == []


def test_formats_that_browsers_do_not_show_are_shown(signed_in: Visit) -> None:
    reading = signed_in.choose(films.dicom(films.bone(400, 300)), "film.dcm")

    assert reading["image"]["kind"] == "dicom"
    assert signed_in.page.evaluate("document.querySelector('#film').naturalHeight") == 400
    assert signed_in.complaints == []


def test_a_session_is_renewed_until_it_is_ended_elsewhere_and_the_film_is_not_lost(visit: Visit, system: Local) -> None:
    visit.page.clock.install()
    sign_in(visit)
    visit.page.clock.fast_forward(LONGER_THAN_A_SIGN_IN)
    visit.sample("displaced")
    assert visit.page.is_visible("#report")
    assert sum(url.endswith("/oauth2/token") for url in visit.requests) == 2

    cognito = resources.connect("cognito-idp", system.endpoint)
    cognito.admin_user_global_sign_out(UserPoolId=system.pool, Username="clinician")
    visit.page.clock.fast_forward(LONGER_THAN_A_SIGN_IN)
    visit.page.click("#another")
    visit.put(films.encoded(films.bone(320, 240)))
    assert visit.failure() == "session_expired"

    with visit.page.context.expect_page() as opened:
        visit.page.click("#sign-in")
    fill_in(opened.value, "clinician")
    visit.page.wait_for_selector("#viewer[aria-busy=false]")
    assert "240 × 320" in visit.text("#fact-film")


def test_a_user_in_no_group_is_told_whom_to_ask(visit: Visit) -> None:
    sign_in(visit, OUTSIDER)

    visit.put(films.encoded(films.bone()))

    assert visit.failure() == "not_permitted"
    assert "Ask whoever runs this service" in visit.text("#failure-next")
    assert visit.page.is_visible("#sign-out")


def test_a_wrong_password_is_told_where_it_was_typed(visit: Visit) -> None:
    visit.page.click("#sign-in")

    fill_in(visit.page, "clinician", "wrong")

    visit.page.wait_for_selector("[role=alert]")
    assert visit.text("[role=alert]") == "Wrong user or password."
    assert visit.page.input_value("#username") == "clinician"
    assert visit.page.input_value("#password") == ""


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_form_keeps_the_rules_of_wcag(visitor: Visitor, system: Local, axe: str, theme: str) -> None:
    visit = visitor(f"{system.url}/", color_scheme=theme, bypass_csp=True)
    visit.page.click("#sign-in")
    fill_in(visit.page, "clinician", "wrong")  # shows the alert, too
    visit.page.wait_for_selector("[role=alert]")

    visit.page.evaluate(axe)
    found: Any = visit.page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)

    assert [(rule["id"], node["target"]) for rule in found["violations"] for node in rule["nodes"]] == []
