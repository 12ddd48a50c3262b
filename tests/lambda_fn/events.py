"""Events as API Gateway makes them of a request, and the answers that it makes of what the function returns.

Source: *Create AWS Lambda proxy integrations for HTTP APIs*, payload format 2.0, API Gateway developer guide.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

Event = dict[str, Any]
Claims = Mapping[str, str]

HOST: Final = "api.execute-api.eu-central-1.amazonaws.com"
JSON: Final = "application/json"
BOUNDARY: Final = "a-boundary-that-no-film-holds"
FORM: Final = f"multipart/form-data; boundary={BOUNDARY}"


def claims(subject: str, *, groups: str | None = "[clinician]") -> dict[str, str]:
    """Return a Cognito access token's claims as the authoriser hands them on: every value a string."""
    return {
        "sub": subject,
        "token_use": "access",
        "iss": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_example",
        "client_id": "example",
        "scope": "openid",
        **({"cognito:groups": groups} if groups is not None else {}),
    }


CLINICIAN: Final = claims("0d6b9f0e-clinician")


def request(
    method: str,
    path: str,
    *,
    query: str = "",
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    caller: Claims | None = CLINICIAN,
) -> Event:
    """Return the event of a request; no caller: a route without authoriser.

    A body of a text type is handed on as it is, any other in base64.
    """
    sent = {name.lower(): value for name, value in (headers or {}).items()}
    is_text = sent.get("content-type", "").startswith((JSON, "text/"))
    jwt = {"claims": dict(caller), "scopes": None} if caller is not None else None
    event: Event = {
        "version": "2.0",
        "routeKey": "ANY /v1/{proxy+}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {
            "host": HOST,
            "x-forwarded-for": "192.0.2.17",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
            "content-length": str(len(body)),
            **sent,
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "domainName": HOST,
            "domainPrefix": "api",
            **({"authorizer": {"jwt": jwt}} if jwt else {}),
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.17",
                "userAgent": sent.get("user-agent", ""),
            },
            "requestId": base64.b64encode(uuid4().bytes[:11]).decode().translate(str.maketrans("+/", "-_")),
            "routeKey": "ANY /v1/{proxy+}",
            "stage": "$default",
            "time": "23/Nov/2026:07:30:00 +0000",
            "timeEpoch": 1795419000000,
        },
        "isBase64Encoded": bool(body) and not is_text,
    }
    if body:
        event["body"] = body.decode() if is_text else base64.b64encode(body).decode()
    return event


def film(data: bytes, *, content_type: str = "image/png", query: str = "", caller: Claims | None = CLINICIAN) -> Event:
    """Return the event of a film sent as the body."""
    headers = {"content-type": content_type}
    return request("POST", "/v1/assessments", query=query, body=data, headers=headers, caller=caller)


def form(data: bytes, *, name: str = "film.png", caller: Claims | None = CLINICIAN) -> Event:
    """Return the event of a film sent as the part ``file`` of a form."""
    body = _opened(name) + data + f"\r\n--{BOUNDARY}--\r\n".encode()
    return request("POST", "/v1/assessments", body=body, headers={"content-type": FORM}, caller=caller)


def unfinished_form(data: bytes) -> Event:
    """Return the event of a form that ends before its last boundary."""
    return request("POST", "/v1/assessments", body=_opened("film.png") + data, headers={"content-type": FORM})


def _opened(name: str) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    return f"{head}Content-Type: application/octet-stream\r\n\r\n".encode()


def asking(path: str, content: object, *, caller: Claims | None = CLINICIAN) -> Event:
    """Return the event of a POST of JSON."""
    return request("POST", path, body=json.dumps(content).encode(), headers={"content-type": JSON}, caller=caller)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as the client gets it."""

    status: int
    headers: dict[str, str]
    content: bytes

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> Answer:
        """Read what the function returned, as strictly as API Gateway does."""
        body = result.get("body", "")
        content = base64.b64decode(body, validate=True) if result["isBase64Encoded"] else body.encode()
        return cls(int(result["statusCode"]), dict(result["headers"]), content)

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def code(self) -> str | None:
        """The code of a problem (RFC 9457); ``None``: this is none."""
        if self.headers.get("content-type") != "application/problem+json":
            return None
        problem = self.json
        assert problem["status"] == self.status
        assert problem["instance"] == f"urn:uuid:{self.headers['x-request-id']}", "it names the line in the log"
        assert problem["detail"]
        code: str = problem["code"]
        return code
