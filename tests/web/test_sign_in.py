"""Where users sign in: a code with PKCE, tokens in memory and for the API alone, no film lost on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount

from fracturelens.api import create_app
from fracturelens.settings import Settings
from tests import films
from tests.api.conftest import served
from tests.web.conftest import KEPT, NOTHING, PATIENCE_MS, Visit, Visitor
from tests.web.deployed import Deployed, foreign
from tests.web.test_access import RULES
from tests.web.transfer import drop

pytestmark = pytest.mark.browser

LARGE = films.encoded(np.random.default_rng(0).random((400, 300), dtype=np.float32))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Deployed, str]]:
    """Serve the deployed shape."""
    api = create_app(Settings(store=tmp_path_factory.mktemp("store")))
    deployed = Deployed(api, api.state.service.store)
    with served(Starlette(routes=[Mount("/", deployed)])) as url:
        yield deployed, f"{url}/"


@pytest.fixture
def deployed(running: tuple[Deployed, str]) -> Deployed:
    """Return the deployed shape as it is at first."""
    running[0].reset()
    return running[0]


@pytest.fixture
def at(running: tuple[Deployed, str], deployed: Deployed, visitor: Visitor) -> Callable[..., Visit]:
    """Return a function that opens the page: ``at("?code=1", color_scheme="light")``."""
    return lambda query="", **options: visitor(f"{running[1]}{query}", **options)


@pytest.fixture
def signed_in(at: Callable[..., Visit]) -> Visit:
    """Open the page and sign in."""
    return sign_in(at())


def sign_in(visit: Visit) -> Visit:
    """Press the button, and wait for the page to come back."""
    visit.page.click("#sign-in")
    visit.page.wait_for_selector("#sign-out:not([hidden])")
    return visit


def test_first_shows_who_may_use_it_and_asks_no_one_anything(at: Callable[..., Visit], deployed: Deployed) -> None:
    visit = at()

    assert visit.text("#gate-title") == "Sign in to read films"
    assert "clinicians" in visit.text("#gate")
    assert "Research use only, not for diagnosis" in visit.text("header")
    for way_in in ("#drop", "#samples", "#sign-out"):
        assert visit.page.is_hidden(way_in)
    assert visit.complaints == []
    assert {asked.host for asked in deployed.asked} == {"127.0.0.1"}
    assert visit.kept() == NOTHING


def test_signing_in_leads_to_a_reading_and_leaves_nothing_behind(signed_in: Visit, deployed: Deployed) -> None:
    reading = signed_in.sample("displaced")

    assert signed_in.text("#outcome")
    assert reading["image"] == {"kind": "jpeg", "width": 373, "height": 454}
    assert signed_in.page.url == signed_in.url
    assert signed_in.kept() == NOTHING
    assert deployed.authorised() == {("127.0.0.1", "v1")}
    assert signed_in.complaints == []


def test_the_code_is_not_in_the_history(signed_in: Visit) -> None:
    signed_in.page.reload()

    signed_in.until_ready()
    assert signed_in.page.url == signed_in.url
    assert signed_in.page.is_visible("#gate")  # tokens end with the page
    assert signed_in.page.is_hidden("#failure")


def test_an_answer_that_no_one_asked_for_is_not_redeemed(at: Callable[..., Visit], deployed: Deployed) -> None:
    visit = at("?code=of-someone-else&state=unknown")

    assert visit.failure() == "sign_in_failed"
    assert visit.page.is_visible("#sign-in")
    assert visit.page.url == visit.url.partition("?")[0]
    assert deployed.was_asked("POST", "/oauth2/token") == 0


def test_an_attempt_is_good_for_one_answer(at: Callable[..., Visit], deployed: Deployed) -> None:
    visit = at()
    deployed.behaviour.lets_in = False
    visit.page.click("#sign-in")
    assert visit.failure() == "sign_in_failed"
    assert visit.kept() == NOTHING

    deployed.behaviour.lets_in = True
    sign_in(visit)

    assert visit.page.is_hidden("#failure")


def test_a_token_that_ran_out_is_renewed_unseen(at: Callable[..., Visit], deployed: Deployed) -> None:
    deployed.behaviour.lifetime = 1
    visit = sign_in(at())

    visit.sample("displaced")

    assert visit.page.is_visible("#report")
    assert deployed.was_asked("POST", "/oauth2/token") == 2
    assert visit.complaints == []


def test_a_token_that_the_gateway_turns_down_is_renewed_unseen(signed_in: Visit, deployed: Deployed) -> None:
    deployed.accepted.clear()

    signed_in.put(films.encoded(films.bone()))

    signed_in.page.wait_for_selector("#viewer[aria-busy=false]")
    assert signed_in.page.is_visible("#report")


@pytest.mark.parametrize("ended", [True, False], ids=["ended", "never signed in"])
def test_a_film_waits_in_its_tab_while_another_signs_in(
    at: Callable[..., Visit], deployed: Deployed, ended: bool
) -> None:
    visit = at()
    if ended:
        sign_in(visit)
        deployed.accepted.clear()
        deployed.refreshing.clear()
    drop(visit, {"film.png": films.encoded(films.bone(320, 240))})
    assert visit.failure() == ("session_expired" if ended else "unauthenticated")

    with visit.page.context.expect_page() as opened:
        visit.page.click("#sign-in")

    visit.page.wait_for_selector("#viewer[aria-busy=false]")
    assert "240 × 320" in visit.text("#fact-film")
    assert visit.page.is_visible("#sign-out")
    expect(opened.value.locator("#gate-words")).to_contain_text("This one can be closed", timeout=PATIENCE_MS)
    assert opened.value.url == visit.url
    assert visit.kept() == NOTHING
    assert opened.value.evaluate(KEPT) == NOTHING


def test_whoever_is_not_permitted_is_told_whom_to_ask(signed_in: Visit, deployed: Deployed) -> None:
    problem = {"code": "not_permitted", "status": 403, "title": "Not permitted"}
    deployed.behaviour.refusal = JSONResponse(problem, 403, media_type="application/problem+json")

    signed_in.put(films.encoded(films.bone()))

    assert signed_in.failure() == "not_permitted"
    assert "Ask whoever runs this service" in signed_in.text("#failure-next")
    assert signed_in.page.is_visible("#sign-out")  # to come back as someone else


def test_a_firewall_is_named(signed_in: Visit, deployed: Deployed) -> None:
    deployed.behaviour.refusal = Response("<html>Request blocked.</html>", 403, media_type="text/html")

    signed_in.put(films.encoded(films.bone()))

    assert signed_in.failure() == "request_blocked"


def test_signing_out_forgets_the_film_and_the_session(signed_in: Visit, deployed: Deployed) -> None:
    signed_in.sample("displaced")

    with signed_in.page.expect_request("**/logout?*") as asked:
        signed_in.page.click("#sign-out")

    assert asked.value.url == f"{foreign(signed_in.url)}/logout?client_id=page&logout_uri={_escaped(signed_in.url)}"
    signed_in.page.wait_for_selector("#gate:not([hidden])")
    signed_in.page.go_back()  # to what was there before: the page as it was is not
    assert signed_in.page.locator("#report").is_hidden()
    assert signed_in.kept() == NOTHING


def test_signing_out_is_for_all_tabs(signed_in: Visit) -> None:
    signed_in.sample("displaced")
    other = signed_in.page.context.new_page()
    other.goto(signed_in.url)
    other.click("#sign-in")

    other.click("#sign-out")

    signed_in.page.wait_for_selector("#gate:not([hidden])")
    assert signed_in.page.is_hidden("#report")
    assert signed_in.page.evaluate("document.querySelector('#film').hasAttribute('src')") is False


def test_a_large_film_goes_to_the_storage_without_a_token(signed_in: Visit, deployed: Deployed) -> None:
    assert len(LARGE) > 50_000
    shares = _progress(signed_in)

    reading = signed_in.choose(LARGE, "DOE^JANE.dat")

    assert reading["image"] == {"kind": "png", "width": 300, "height": 400}
    (form,) = deployed.forms
    assert [name for name, _ in form] == ["key", "Content-Type", "policy", "file"]
    assert dict(form)["Content-Type"] == "image/png"  # as its bytes say, not as its name does
    assert dict(form)["policy"] == f"{len(LARGE)} bytes"
    assert deployed.was_asked("POST", "/films") == 1
    assert deployed.authorised() == {("127.0.0.1", "v1")}
    assert shares()[-1] == 1
    assert signed_in.complaints == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("EntityTooLarge Your proposed upload exceeds the maximum allowed size", "file_too_large"),
        ("AccessDenied Invalid according to Policy: Policy expired.", "upload_expired"),
        ("AccessDenied Invalid according to Policy: Policy Condition failed", "upload_refused"),
    ],
    ids=["too large", "expired", "refused"],
)
def test_what_the_storage_refuses_is_put_in_plain_words(
    signed_in: Visit, deployed: Deployed, answer: str, code: str
) -> None:
    deployed.behaviour.storage = answer

    signed_in.put(LARGE)

    assert signed_in.failure() == code
    assert signed_in.page.is_visible("#retry") == (code == "upload_expired")


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("state", ["signed out", "film waits", "signed in"])
def test_keeps_the_rules_of_wcag(at: Callable[..., Visit], axe: str, state: str, theme: str) -> None:
    # Trusted Types would refuse axe's own markup, so the policy is set aside for this test.
    visit = at(color_scheme=theme, bypass_csp=True)
    if state == "signed in":
        sign_in(visit).sample("displaced")
    elif state == "film waits":
        drop(visit, {"film.png": films.encoded(films.bone())})
        visit.failure()

    visit.page.evaluate(axe)
    found: Any = visit.page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)

    assert [(rule["id"], node["target"]) for rule in found["violations"] for node in rule["nodes"]] == []


def test_signs_in_by_keyboard_and_fits_a_phone(at: Callable[..., Visit]) -> None:
    visit = at()
    for key in ("Tab", "Enter", "Tab", "Enter"):  # skip to the content; the one button there
        visit.page.keyboard.press(key)
    visit.page.wait_for_selector("#sign-out:not([hidden])")
    visit.sample("displaced")

    for width in (320, 360, 640, 1280):
        visit.page.set_viewport_size({"width": width, "height": 740})
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width


def _progress(visit: Visit) -> Callable[[], list[float]]:
    """Watch how far the page says that it has sent a film."""
    visit.page.evaluate("""() => {
        window.shares = [];
        new MutationObserver(() => window.shares.push(document.querySelector("#progress").value))
            .observe(document.querySelector("#progress"), {attributeFilter: ["value"]});
    }""")
    return lambda: list(visit.page.evaluate("window.shares"))


def _escaped(url: str) -> str:
    return url.replace(":", "%3A").replace("/", "%2F")
