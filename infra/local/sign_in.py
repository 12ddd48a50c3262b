"""Signs a demo user in as the page does, with a code and PKCE: how a program gets a token."""

from __future__ import annotations

import secrets
from urllib.parse import parse_qs, urlsplit

import httpx

from infra.local.pkce import challenge_of


class NoToken(Exception):
    """The sign-in gave no token; the message says why."""


def token_for(url: str, username: str, password: str) -> str:
    """Return an access token of a user.

    Parameters
    ----------
    url : str
        Where the page is served, such as ``http://127.0.0.1:8000``.

    Raises
    ------
    NoToken
    """
    verifier = secrets.token_urlsafe(48)
    redirect = f"{url}/"
    with httpx.Client() as client:
        try:
            auth = client.get(f"{url}/config.json").raise_for_status().json()["auth"]
            query = {
                "response_type": "code",
                "client_id": auth["client_id"],
                "redirect_uri": redirect,
                "scope": auth["scope"],
                "code_challenge": challenge_of(verifier),
                "code_challenge_method": "S256",
            }
            form = client.get(auth["authorize"], params=query, follow_redirects=True).raise_for_status()
            answer = client.post(form.url, data={"username": username, "password": password})
            code = parse_qs(urlsplit(answer.headers.get("location", "")).query).get("code")
            if not code:
                raise NoToken(f"{username} was not signed in: wrong user or password.")
            grant = {
                "grant_type": "authorization_code",
                "client_id": auth["client_id"],
                "code": code[0],
                "redirect_uri": redirect,
                "code_verifier": verifier,
            }
            tokens = client.post(auth["token"], data=grant).raise_for_status().json()
        except (httpx.HTTPError, KeyError) as error:
            raise NoToken(f"No sign-in answers at {url}: {error}. Is `make aws-local` running there?") from error
    return str(tokens["access_token"])
