"""The stand-in of the hosted sign-in: tokens for who knows the password and comes from the page with its verifier."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from infra.local.grants import LIFETIME_SECONDS, Grants
from infra.local.pkce import challenge_of
from infra.local.resources import PASSWORD
from tests.local.conftest import Local

pytestmark = pytest.mark.aws

# RFC 7636, appendix B
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


class Browser:
    """What a browser does at the sign-in, step by step."""

    def __init__(self, local: Local) -> None:
        self.local = local
        self.redirect = f"{local.url}/"
        self.http = httpx.Client(base_url=local.url)

    def query(self, **changed: Any) -> dict[str, Any]:
        asked = {
            "response_type": "code",
            "client_id": self.local.client,
            "redirect_uri": self.redirect,
            "scope": "openid",
            "state": "abc",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changed,
        }
        return {name: value for name, value in asked.items() if value is not None}

    def sign_in(self, user: str = "clinician", password: str = PASSWORD, **changed: Any) -> httpx.Response:
        return self.http.post("/login", params=self.query(**changed), data={"username": user, "password": password})

    def code(self) -> str:
        return parse_qs(urlsplit(self.sign_in().headers["location"]).query)["code"][0]

    def exchange(self, code: str, **changed: str) -> httpx.Response:
        grant = {
            "grant_type": "authorization_code",
            "client_id": self.local.client,
            "code": code,
            "redirect_uri": self.redirect,
            "code_verifier": VERIFIER,
            **changed,
        }
        return self.http.post("/oauth2/token", data=grant)


@pytest.fixture(scope="module")
def browser(local: Local) -> Iterator[Browser]:
    """Return a browser at the sign-in."""
    browser = Browser(local)
    with browser.http:
        yield browser


def test_the_whole_way_ends_in_tokens(browser: Browser) -> None:
    begun = browser.http.get("/oauth2/authorize", params=browser.query())
    form = browser.http.get(begun.headers["location"])
    answered = browser.sign_in()
    back = urlsplit(answered.headers["location"])
    tokens = browser.exchange(parse_qs(back.query)["code"][0])

    assert begun.status_code == 302
    assert form.status_code == 200
    assert f"{back.scheme}://{back.netloc}{back.path}" == browser.redirect
    assert parse_qs(back.query)["state"] == ["abc"]
    assert tokens.status_code == 200
    assert tokens.headers["cache-control"] == "no-store"
    assert tokens.json().keys() == {"access_token", "id_token", "refresh_token", "token_type", "expires_in"}


def test_the_form_has_no_script_and_forbids_any(browser: Browser) -> None:
    form = browser.http.get("/login", params=browser.query())

    policy = form.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "<script" not in form.text
    assert "style=" not in form.text
    assert not re.search(r"\son\w+=", form.text)
    assert form.headers["cache-control"] == "no-store"


def test_the_form_is_labelled_and_says_what_this_is(browser: Browser) -> None:
    form = browser.http.get("/login", params=browser.query()).text

    assert '<html lang="en">' in form
    for name in ("username", "password"):
        assert f'<label for="{name}">' in form
        assert f'id="{name}"' in form
    assert "Research use only, not for diagnosis" in form
    assert "stands in for Cognito" in form


@pytest.mark.parametrize(("user", "password"), [("clinician", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_name_or_password_gives_the_form_again_and_says_not_which(
    browser: Browser, user: str, password: str
) -> None:
    answer = browser.sign_in(user, password)

    assert answer.status_code == 403
    assert "location" not in answer.headers
    assert '<p class="alert" role="alert">Wrong user or password.</p>' in answer.text


def test_what_was_typed_is_shown_as_text(browser: Browser) -> None:
    answer = browser.sign_in('"><script>alert(1)</script>', "wrong")

    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text


@pytest.mark.parametrize(
    "redirect",
    [
        "https://evil.example/",
        "http://127.0.0.1:1/",
        "{redirect}elsewhere",
        "{redirect}?next=https://evil.example/",
        "{redirect}#x",
        "{bare}",
        "{bare}@evil.example/",
        "{bare}.evil.example/",
        "//evil.example/",
        "javascript:alert(1)",
        "",
        None,
    ],
)
@pytest.mark.parametrize("path", ["/oauth2/authorize", "/login"])
def test_nobody_is_sent_to_an_address_that_is_not_registered(browser: Browser, redirect: str | None, path: str) -> None:
    changed = redirect and redirect.format(redirect=browser.redirect, bare=browser.redirect.rstrip("/"))

    shown = browser.http.get(path, params=browser.query(redirect_uri=changed))
    sent = browser.sign_in(redirect_uri=changed)

    for answer in (shown, sent):
        assert answer.status_code == 400
        assert "location" not in answer.headers


def test_an_address_given_twice_is_none(browser: Browser) -> None:
    answer = browser.sign_in(redirect_uri=[browser.redirect, "https://evil.example/"])

    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_another_client_is_refused_where_it_stands(browser: Browser) -> None:
    answer = browser.sign_in(client_id="another")

    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain", "code_challenge": VERIFIER}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"scope": "openid aws.cognito.signin.user.admin"}, "invalid_scope"),
    ],
)
def test_what_the_page_may_not_ask_for_is_told_to_the_page(
    browser: Browser, changed: dict[str, Any], error: str
) -> None:
    answer = browser.sign_in(**changed)

    back = urlsplit(answer.headers["location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == browser.redirect
    assert parse_qs(back.query) == {"error": [error], "state": ["abc"]}


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": VERIFIER[:-1] + "A"},
        {"code_verifier": CHALLENGE},
        {"code_verifier": ""},
        {"redirect_uri": "http://localhost/"},
        {"code": "another"},
    ],
)
def test_a_code_is_worth_nothing_without_all_that_it_was_made_for(browser: Browser, changed: dict[str, str]) -> None:
    answer = browser.exchange(**{"code": browser.code(), **changed})

    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_grant"}


def test_a_code_is_good_once(browser: Browser) -> None:
    code = browser.code()

    first, second = browser.exchange(code), browser.exchange(code)

    assert first.status_code == 200
    assert (second.status_code, second.json()) == (400, {"error": "invalid_grant"})


def test_a_code_is_used_up_by_a_wrong_verifier(browser: Browser) -> None:
    code = browser.code()

    wrong, right = browser.exchange(code, code_verifier="x" * 43), browser.exchange(code)

    assert wrong.status_code == right.status_code == 400


def test_a_code_is_good_for_a_minute() -> None:
    now = 0.0
    grants = Grants(clock=lambda: now)
    codes = [grants.issue({"access_token": "t"}, redirect="r", challenge=CHALLENGE) for _ in range(2)]

    now = LIFETIME_SECONDS - 1
    early = grants.redeem(codes[0], redirect="r", verifier=VERIFIER)
    now = LIFETIME_SECONDS
    late = grants.redeem(codes[1], redirect="r", verifier=VERIFIER)

    assert early == {"access_token": "t"}
    assert late is None


def test_the_challenge_is_that_of_the_rfc() -> None:
    assert challenge_of(VERIFIER) == CHALLENGE


def test_a_refresh_token_gives_new_tokens(browser: Browser) -> None:
    old = browser.exchange(browser.code()).json()

    grant = {"grant_type": "refresh_token", "client_id": browser.local.client, "refresh_token": old["refresh_token"]}
    new = browser.http.post("/oauth2/token", data=grant)

    assert new.status_code == 200
    assert new.json()["access_token"] != old["access_token"]


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"refresh_token": "another"}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_id": "another"}, "invalid_client"),
    ],
)
def test_other_ways_to_a_token_are_refused(browser: Browser, changed: dict[str, str], error: str) -> None:
    grant = {"grant_type": "refresh_token", "client_id": browser.local.client, "refresh_token": "x", **changed}

    answer = browser.http.post("/oauth2/token", data=grant)

    assert (answer.status_code, answer.json()) == (400, {"error": error})


def test_signing_out_leads_back_to_the_page(browser: Browser) -> None:
    query = {"client_id": browser.local.client, "logout_uri": browser.redirect}

    answer = browser.http.get("/logout", params=query)

    assert (answer.status_code, answer.headers["location"]) == (302, browser.redirect)


@pytest.mark.parametrize("changed", [{"logout_uri": "https://evil.example/"}, {"client_id": "another"}])
def test_signing_out_leads_nowhere_else(browser: Browser, changed: dict[str, str]) -> None:
    query = {"client_id": browser.local.client, "logout_uri": browser.redirect, **changed}

    answer = browser.http.get("/logout", params=query)

    assert answer.status_code == 400
    assert "location" not in answer.headers
