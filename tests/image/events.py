"""What API Gateway's HTTP API gives the Lambda for a request, and what it makes of the answer (payload format 2.0)."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

Event = dict[str, Any]

CALLER = {"sub": "8f0c", "token_use": "access", "client_id": "page", "cognito:groups": "[clinician]"}
"""Claims of a clinician's access token."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)


def event(method: str, path: str, *, body: bytes = b"", content_type: str = "", query: str = "") -> Event:
    """Return a clinician's request as an event."""
    headers = {"host": "example.execute-api.eu-central-1.amazonaws.com", "content-length": str(len(body))}
    if content_type:
        headers["content-type"] = content_type
    return {
        "version": "2.0",
        "routeKey": "ANY /v1/{proxy+}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "example",
            "authorizer": {"jwt": {"claims": CALLER, "scopes": None}},
            "domainName": headers["host"],
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "test",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "ANY /v1/{proxy+}",
            "stage": "$default",
            "time": "01/Jan/2030:00:00:00 +0000",
            "timeEpoch": 1893456000000,
        },
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def answer(result: Event) -> Answer:
    """Return the HTTP answer that a Lambda's result stands for."""
    body = result.get("body") or ""
    content = base64.b64decode(body) if result.get("isBase64Encoded") else body.encode()
    return Answer(result["statusCode"], result.get("headers", {}), content)
