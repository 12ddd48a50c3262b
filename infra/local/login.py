"""Stands in for Cognito's hosted sign-in: authorisation code with PKCE, a form without scripts, tokens from the pool.

Source: *User pool endpoints and managed login reference*, Amazon Cognito developer guide; RFC 6749 and RFC 7636. It is
stricter than Cognito in one thing: without PKCE there is no sign-in at all. And it remembers nobody: where Cognito
keeps a session of an hour, each sign-in here asks for the password.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from string import Template
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from infra.local.grants import Grants
from infra.local.pkce import CHALLENGE
from infra.local.pool import Client, Tokens, UserPool
from infra.local.resources import SCOPE

MAX_FORM_BYTES: Final = 16 * 1024
FOLDER: Final = Path(__file__).resolve().parent
FORM: Final = Template((FOLDER / "login.html").read_text(encoding="utf-8"))
WRONG: Final = "Wrong user or password."
NOT_STORED: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class NotInOrder(Exception):
    """A sign-in asks for something that it cannot have.

    Parameters
    ----------
    answer : Response
        The error back at the client's registered address; or a page, where client or address are not registered:
        then nothing is sent to that address, it could be anybody's.
    """

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


@dataclass(frozen=True, slots=True)
class SignIn:
    """A request for a code that is in order."""

    redirect: str
    challenge: str
    state: str


class Login:
    """The routes of the hosted sign-in."""

    def __init__(self, pool: UserPool, client: Client, grants: Grants) -> None:
        self._pool = pool
        self._client = client
        self._grants = grants

    @property
    def routes(self) -> list[Route]:
        """What to serve, at the paths that a Cognito domain has."""
        return [
            Route("/oauth2/authorize", self.authorise, methods=["GET"]),
            Route("/login", self.form, methods=["GET"]),
            Route("/login", self.sign_in, methods=["POST"]),
            Route("/login/login.css", self.style, methods=["GET"]),
            Route("/oauth2/token", self.token, methods=["POST"]),
            Route("/logout", self.logout, methods=["GET"]),
        ]

    async def authorise(self, request: Request) -> Response:
        """Begin a sign-in: off to the form, if what is asked for is in order."""
        self._asked(request)
        return _redirect(f"/login?{request.url.query}")

    async def form(self, request: Request) -> Response:
        """Show the form."""
        return _form(request, self._asked(request))

    async def sign_in(self, request: Request) -> Response:
        """Check name and password, and go back to the page with a code."""
        asked = self._asked(request)
        form = await _form_of(request)
        username = form.get("username", "")
        tokens = await run_in_threadpool(self._pool.by_password, username, form.get("password", ""))
        if tokens is None:
            return _form(request, asked, username=username, alert=WRONG)
        code = self._grants.issue(tokens, redirect=asked.redirect, challenge=asked.challenge)
        return _redirect(_with_query(asked.redirect, code=code, state=asked.state))

    async def style(self, request: Request) -> Response:
        """Serve the form's style sheet."""
        return FileResponse(FOLDER / "login.css", media_type="text/css; charset=utf-8")

    async def token(self, request: Request) -> Response:
        """Exchange a code, or a refresh token, for tokens."""
        match await _form_of(request):
            case {"client_id": self._client.id, "grant_type": "authorization_code", **rest}:
                tokens = self._redeem(rest)
            case {"client_id": self._client.id, "grant_type": "refresh_token", "refresh_token": refresh_token}:
                tokens = await run_in_threadpool(self._pool.by_refresh_token, refresh_token)
            case {"client_id": self._client.id}:
                return _token_error("unsupported_grant_type")
            case _:
                return _token_error("invalid_client")
        return _token_error("invalid_grant") if tokens is None else JSONResponse(tokens, headers=NOT_STORED)

    def _redeem(self, form: dict[str, str]) -> Tokens | None:
        code, redirect, verifier = (form.get(name, "") for name in ("code", "redirect_uri", "code_verifier"))
        return self._grants.redeem(code, redirect=redirect, verifier=verifier)

    async def logout(self, request: Request) -> Response:
        """Go back to the page. Nobody was remembered, so there is nothing to forget."""
        target = _once(request.query_params, "logout_uri")
        if _once(request.query_params, "client_id") != self._client.id or target not in self._client.redirects:
            return _refused_page("logout_uri or client_id are not registered with the pool's client.")
        return _redirect(target)

    def _asked(self, request: Request) -> SignIn:
        """Read what a sign-in asks for.

        Raises
        ------
        NotInOrder
        """
        query = request.query_params
        redirect, state = _once(query, "redirect_uri"), _once(query, "state")
        if _once(query, "client_id") != self._client.id or redirect not in self._client.redirects:
            raise NotInOrder(_refused_page("redirect_uri or client_id are not registered with the pool's client."))
        challenge = _once(query, "code_challenge")
        if _once(query, "response_type") != "code":
            error = "unsupported_response_type"
        elif _once(query, "code_challenge_method") != "S256" or not CHALLENGE.fullmatch(challenge):
            error = "invalid_request"
        elif not set(_once(query, "scope").split()) <= {SCOPE}:
            error = "invalid_scope"
        else:
            return SignIn(redirect, challenge, state)
        raise NotInOrder(_redirect(_with_query(redirect, error=error, state=state)))


async def not_in_order(request: Request, error: Exception) -> Response:
    """Return the answer to a sign-in that is not in order."""
    assert isinstance(error, NotInOrder)  # noqa: S101 - Starlette types every handler for any exception
    return error.answer


def _form(request: Request, asked: SignIn, *, username: str = "", alert: str = "") -> Response:
    content = FORM.substitute(
        action=html.escape(f"/login?{request.url.query}"), username=html.escape(username), alert=html.escape(alert)
    )
    redirect = urlsplit(asked.redirect)
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        # A browser applies this to where the answer to the form leads, too.
        f"form-action 'self' {redirect.scheme}://{redirect.netloc}"
    )
    headers = {
        **NOT_STORED,
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    return HTMLResponse(content, HTTPStatus.FORBIDDEN if alert else HTTPStatus.OK, headers)


def _once(query: QueryParams, name: str) -> str:
    """Return a parameter's value; one that is missing or comes twice is empty (RFC 6749, section 3.1)."""
    values = query.getlist(name)
    return values[0] if len(values) == 1 else ""


async def _form_of(request: Request) -> dict[str, str]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            return {}
    fields = parse_qs(body.decode("utf-8", errors="replace"))
    return {name: values[0] for name, values in fields.items() if len(values) == 1}


def _redirect(target: str) -> Response:
    return RedirectResponse(target, HTTPStatus.FOUND, NOT_STORED)


def _with_query(address: str, **parameters: str) -> str:
    return f"{address}?{urlencode({name: value for name, value in parameters.items() if value})}"


def _token_error(error: str) -> Response:
    return JSONResponse({"error": error}, HTTPStatus.BAD_REQUEST, NOT_STORED)


def _refused_page(why: str) -> Response:
    return PlainTextResponse(f"Sign-in is refused: {why}", HTTPStatus.BAD_REQUEST, NOT_STORED)
