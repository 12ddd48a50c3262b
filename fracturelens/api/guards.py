"""Keeps other web sites out: a page elsewhere must not reach this server through its reader's browser.

Two ways in are closed. *DNS rebinding*: a hostile name that resolves to this machine shows in the Host header.
*Cross-site requests*: browsers say where an unsafe request comes from (``Sec-Fetch-Site``, W3C Fetch Metadata;
``Origin``, RFC 6454). There are no CORS headers, so no other origin can read an answer either. Programs (curl, scripts)
send neither header and are not concerned.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from fracturelens import errors

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
ANY_HOST: Final = "*"
WILDCARD_ADDRESSES: Final = frozenset({"0.0.0.0", "::", "[::]"})  # noqa: S104 - recognised here, not listened on


class HostGuard:
    """Refuses requests for a host name that is not ours."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and ANY_HOST not in self._hosts:
            host = host_name(Headers(scope=scope).get("host", ""))
            if host not in self._hosts:
                raise errors.UnknownHost(
                    "The Host header is none of those that this server answers for; "
                    "name the host in FRACTURELENS_HOSTS if it is yours."
                )
        await self._app(scope, receive, send)


class OriginGuard:
    """Refuses unsafe requests that a browser makes for a page of another origin."""

    def __init__(self, app: ASGIApp, origins: Iterable[str]) -> None:
        self._app = app
        self._origins = frozenset(origin.lower().rstrip("/") for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS and not self._own(Headers(scope=scope)):
            raise errors.CrossOrigin(
                "A page of another web site tried to use this server; "
                "name its origin in FRACTURELENS_ORIGINS if it is yours."
            )
        await self._app(scope, receive, send)

    def _own(self, headers: Headers) -> bool:
        origin = headers.get("origin", "").lower()
        if origin in self._origins:
            return True
        if site := headers.get("sec-fetch-site"):
            return site in {"same-origin", "none"}
        return not origin or urlsplit(origin).netloc == headers.get("host", "").lower()


def host_name(host: str) -> str:
    """Return a Host header's name without its port, in lower case; an IPv6 address keeps its brackets."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdecimal() else host.lower()


def own_hosts(listening_on: str, hosts: Iterable[str]) -> frozenset[str]:
    """Return the names to answer for: those given, and the address listened on unless it is "every address"."""
    own = f"[{listening_on}]" if ":" in listening_on and not listening_on.startswith("[") else listening_on
    return frozenset({*hosts} if own in WILDCARD_ADDRESSES or not own else {*hosts, own})
