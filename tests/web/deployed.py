"""The deployed shape in small: the real API behind a gateway that wants tokens, a sign-in page, a storage for films.

Sign-in and storage answer under ``localhost``, the page under ``127.0.0.1``: to a browser these are different origins.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.headers import page_headers

CLIENT: Final = "page"
DIRECT_MAX_BYTES: Final = 50_000
FOREIGN: Final = "localhost"


@dataclass(frozen=True)
class Asked:
    """A request that arrived."""

    method: str
    host: str
    path: str
    authorization: str | None


@dataclass
class Behaviour:
    """How sign-in, gateway and storage treat whoever comes next."""

    lifetime: int = 3600
    """Seconds that an access token is good for, as the page is told."""
    renews: bool = True
    """Whether a refresh token is taken."""
    lets_in: bool = True
    """Whether the sign-in page gives a code, or breaks off."""
    refusal: Response | None = None
    """What the gateway answers to a good token, in place of the API."""
    storage: str | None = None
    """The code of an error of the storage, and after a space its message."""


@dataclass
class Deployed:
    """An ASGI app for HTTP; ``asked`` remembers what reached it."""

    api: ASGIApp
    store: Any
    behaviour: Behaviour = field(default_factory=Behaviour)
    asked: list[Asked] = field(default_factory=list)
    granted: dict[str, dict[str, str]] = field(default_factory=dict)
    refreshing: set[str] = field(default_factory=set)
    accepted: set[str] = field(default_factory=set)
    forms: list[list[tuple[str, str]]] = field(default_factory=list)

    def reset(self) -> None:
        """Forget everybody, and behave."""
        self.behaviour = Behaviour()
        for memory in (self.asked, self.granted, self.refreshing, self.accepted, self.forms):
            memory.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        host, path = str(request.url.hostname), request.url.path
        self.asked.append(Asked(request.method, host, path, request.headers.get("authorization")))
        match host, path:
            case "localhost", "/oauth2/authorize":
                answer = self.authorise(request)
            case "localhost", "/oauth2/token":
                answer = await self.token(request)
            case "localhost", "/logout":
                answer = RedirectResponse(request.query_params["logout_uri"])
            case "localhost", "/films":
                answer = await self.keep(request)
            case _, "/config.json":
                answer = await self.config(request)
            case _, path if path.startswith("/v1/"):
                answer = await self.guarded(request)
            case _:
                answer = await self.forward(request)
        elsewhere = f"http://{FOREIGN}:{request.url.port}"
        answer.headers.update(page_headers(elsewhere))
        await answer(scope, receive, send)

    async def forward(self, request: Request) -> Response:
        """Ask the real API."""
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=self.api)) as client:
            answer = await client.request(
                request.method, str(request.url), headers=request.headers.raw, content=await request.body()
            )
        return Response(answer.content, answer.status_code, dict(answer.headers))

    async def config(self, request: Request) -> Response:
        """Configure the page as the deployment does."""
        values = httpx.Response(200, content=bytes((await self.forward(request)).body)).json()
        elsewhere = f"http://{FOREIGN}:{request.url.port}"
        places = {
            "authorize": f"{elsewhere}/oauth2/authorize",
            "token": f"{elsewhere}/oauth2/token",
            "logout": f"{elsewhere}/logout",
        }
        auth = {**places, "client_id": CLIENT, "scope": "openid"}
        return JSONResponse(values | {"direct_max_bytes": DIRECT_MAX_BYTES, "auth": auth})

    def authorise(self, request: Request) -> Response:
        """Send the user back with a code, as for someone whom the sign-in page still knows."""
        asked = dict(request.query_params)
        home = asked["redirect_uri"]
        if not self.behaviour.lets_in:
            return RedirectResponse(f"{home}?{urlencode({'error': 'access_denied', 'state': asked['state']})}")
        code = secrets.token_urlsafe()
        self.granted[code] = asked
        return RedirectResponse(f"{home}?{urlencode({'code': code, 'state': asked['state']})}")

    async def token(self, request: Request) -> Response:
        """Give tokens for a code and its verifier, or for a refresh token."""
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        if form["grant_type"] == "refresh_token":
            good = self.behaviour.renews and form["refresh_token"] in self.refreshing
        else:
            asked = self.granted.pop(form["code"], {})
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            good = (asked.get("code_challenge"), asked.get("redirect_uri")) == (challenge, form["redirect_uri"])
        cors = {"Access-Control-Allow-Origin": "*"}
        if not good or form["client_id"] != CLIENT:
            return JSONResponse({"error": "invalid_grant"}, 400, cors)
        access, refresh = secrets.token_urlsafe(), secrets.token_urlsafe()
        self.accepted.add(access)
        self.refreshing.add(refresh)
        lifetime = self.behaviour.lifetime
        tokens = {"access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": lifetime}
        return JSONResponse(tokens, headers=cors)

    async def guarded(self, request: Request) -> Response:
        """Let only good tokens through, and send uploads to the storage."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self.accepted:
            return JSONResponse({"message": "Unauthorized"}, 401)
        if self.behaviour.refusal:
            return self.behaviour.refusal
        answer = await self.forward(request)
        if request.url.path != "/v1/uploads" or answer.status_code != 201:
            return answer
        asked = await request.json()
        upload = httpx.Response(200, content=bytes(answer.body)).json()
        place = {"method": "POST", "url": f"http://{FOREIGN}:{request.url.port}/films", "headers": {}}
        fields = {
            "key": upload["upload_id"],
            "Content-Type": asked["content_type"],
            "policy": f"{asked['size']} bytes",
        }
        return JSONResponse(upload | place | {"fields": fields}, 201)

    async def keep(self, request: Request) -> Response:
        """Take a form with a film as S3 does, for the API to read."""
        cors = {"Access-Control-Allow-Origin": request.headers["origin"], "Access-Control-Allow-Methods": "POST"}
        if request.method == "OPTIONS":
            return Response(status_code=200, headers=cors)
        if self.behaviour.storage:
            code, _, message = self.behaviour.storage.partition(" ")
            xml = f"<?xml version='1.0'?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
            return Response(xml, 400 if code == "EntityTooLarge" else 403, cors, "application/xml")
        async with request.form() as form:
            film = form["file"]
            assert isinstance(film, UploadFile)
            content = await film.read()
            self.forms.append([(name, part if isinstance(part, str) else "film") for name, part in form.multi_items()])
            if form["policy"] == f"{len(content)} bytes":
                self.store.write_upload(form["key"], content)
        return Response(status_code=204, headers=cors)

    def authorised(self) -> set[tuple[str, str]]:
        """Return the places, host and first part of the path, that were sent a token."""
        return {(asked.host, asked.path.split("/")[1]) for asked in self.asked if asked.authorization}

    def was_asked(self, method: str, path: str) -> int:
        """Return how often something was asked for."""
        return sum((asked.method, asked.path) == (method, path) for asked in self.asked)


def foreign(url: str) -> str:
    """Return where sign-in and storage of a page are."""
    return f"http://{FOREIGN}:{urlsplit(url).port}"
