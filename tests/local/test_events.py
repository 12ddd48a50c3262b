"""Events are those that API Gateway documents for payload format 2.0, and so are the answers made of results."""

from __future__ import annotations

import base64
import json
import re
from http import HTTPStatus
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route as HttpRoute

from infra.local.events import Api, Caller, Route, answer_of, as_strings, event_of
from infra.local.refusals import Refused
from tests.local.conftest import Serve

API = Api()
CLAIMS = {"sub": "8f0c", "exp": 1792400000, "cognito:groups": ["clinician", "admin"], "email_verified": True}


@pytest.fixture
def url(serve: Serve) -> str:
    """Return the address of a server that answers each request with the event that was made of it."""

    async def show(request: Request) -> Response:
        route = Route("ANY /my/{proxy+}", {"proxy": "path"})
        return JSONResponse(
            event_of(request, await request.body(), api=API, route=route, caller=Caller(CLAIMS, ["openid"]))
        )

    return serve(Starlette(routes=[HttpRoute("/my/path", show, methods=["DELETE", "GET", "POST"])]))


def test_the_documented_example_comes_out_as_documented(url: str) -> None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    response = httpx.post(
        f"{url}/my/path?parameter1=value1&parameter1=value2&parameter2=value",
        headers=[
            ("Header1", "value1"),
            ("Header2", "value1"),
            ("Header2", "value2"),
            ("Cookie", "cookie1=a; cookie2=b"),
            ("User-Agent", "agent"),
            ("Content-Type", "text/plain"),
        ],
        content="Hello from Lambda",
    )

    event = response.json()
    assert event["version"] == "2.0"
    assert event["routeKey"] == event["requestContext"]["routeKey"] == "ANY /my/{proxy+}"
    assert event["rawPath"] == "/my/path"
    assert event["rawQueryString"] == "parameter1=value1&parameter1=value2&parameter2=value"
    assert event["cookies"] == ["cookie1=a", "cookie2=b"]
    assert event["headers"]["header1"] == "value1"
    assert event["headers"]["header2"] == "value1,value2"
    assert "cookie" not in event["headers"]
    assert event["queryStringParameters"] == {"parameter1": "value1,value2", "parameter2": "value"}
    assert event["pathParameters"] == {"proxy": "path"}
    assert event["requestContext"]["http"] == {
        "method": "POST",
        "path": "/my/path",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "agent",
    }
    assert event["requestContext"]["domainName"] == event["headers"]["host"] == API.domain
    assert event["requestContext"]["stage"] == "$default"
    assert re.fullmatch(r"\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2} \+0000", event["requestContext"]["time"])
    assert event["body"] == "Hello from Lambda"
    assert event["isBase64Encoded"] is False


def test_claims_reach_the_function_as_strings(url: str) -> None:
    event = httpx.get(f"{url}/my/path").json()

    assert event["requestContext"]["authorizer"]["jwt"] == {
        "claims": {
            "sub": "8f0c",
            "exp": "1792400000",
            "cognito:groups": "[clinician admin]",
            "email_verified": "true",
        },
        "scopes": ["openid"],
    }


def test_a_claim_that_is_an_empty_list_is_empty_brackets() -> None:
    assert as_strings({"cognito:groups": []}) == {"cognito:groups": "[]"}


def test_what_a_request_lacks_is_not_in_its_event(url: str) -> None:
    event = httpx.get(f"{url}/my/path").json()

    assert not {"body", "cookies", "queryStringParameters", "stageVariables"} & event.keys()
    assert event["isBase64Encoded"] is False


def test_each_request_has_an_id_of_its_own(url: str) -> None:
    ids = {httpx.get(f"{url}/my/path").json()["requestContext"]["requestId"] for _ in range(3)}

    assert len(ids) == 3


@pytest.mark.parametrize(
    ("content_type", "body", "encoded"),
    [
        ("application/json", b'{"upload_id": "a"}', False),
        ("application/json; charset=utf-8", "ä".encode(), False),
        ("image/png", b"\x89PNG\r\n", True),
        ("multipart/form-data; boundary=x", b"--x", True),
        ("application/x-www-form-urlencoded", b"a=b", True),
        ("text/plain", b"\xff", True),  # not UTF-8: as text it would arrive as something else
        (None, b"film", True),
    ],
)
def test_only_text_travels_as_it_is(url: str, content_type: str | None, body: bytes, encoded: bool) -> None:
    headers = {"Content-Type": content_type} if content_type else {}

    event = httpx.post(f"{url}/my/path", content=body, headers=headers).json()

    assert event["isBase64Encoded"] is encoded
    assert (base64.b64decode(event["body"]) if encoded else event["body"].encode()) == body


def test_a_body_sent_in_chunks_arrives_with_its_length(url: str) -> None:
    event = httpx.post(f"{url}/my/path", content=iter([b"ab", b"cd"]), headers={"Content-Type": "text/plain"}).json()

    assert event["body"] == "abcd"
    assert event["headers"]["content-length"] == "4"
    assert "transfer-encoding" not in event["headers"]


def test_a_query_is_passed_on_to_the_letter_and_decoded(url: str) -> None:
    event = httpx.get(f"{url}/my/path?a=1%2C2&b=x+y&c").json()

    assert event["rawQueryString"] == "a=1%2C2&b=x+y&c"
    assert event["queryStringParameters"] == {"a": "1,2", "b": "x y", "c": ""}


def test_a_forwarded_request_keeps_where_it_came_from(url: str) -> None:
    event = httpx.get(f"{url}/my/path", headers={"X-Forwarded-For": "192.0.2.7"}).json()

    assert event["headers"]["x-forwarded-for"] == "192.0.2.7, 127.0.0.1"
    assert event["headers"]["x-forwarded-proto"] == "http"


def test_a_result_becomes_an_answer() -> None:
    answer = answer_of(
        {
            "statusCode": 201,
            "headers": {"content-type": "application/json", "x-header": "a,b"},
            "cookies": ["one=1; Secure", "two=2"],
            "body": '{"message": "Hello from Lambda!"}',
            "isBase64Encoded": False,
        }
    )

    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-header"] == "a,b"
    assert answer.headers.getlist("set-cookie") == ["one=1; Secure", "two=2"]
    assert json.loads(bytes(answer.body)) == {"message": "Hello from Lambda!"}


def test_a_result_in_base64_is_decoded_and_counted_anew() -> None:
    picture = bytes(range(256))

    answer = answer_of(
        {
            "statusCode": 200,
            "headers": {"content-type": "image/png", "content-length": "1"},
            "body": base64.b64encode(picture).decode(),
            "isBase64Encoded": True,
        }
    )

    assert answer.body == picture
    assert answer.headers.getlist("content-length") == ["256"]


@pytest.mark.parametrize(("result", "body"), [({"message": "hi"}, b'{"message": "hi"}'), ("Hello", b"Hello")])
def test_a_result_without_status_is_the_body_of_a_200(result: object, body: bytes) -> None:
    # "If your function returns valid JSON and doesn't return a statusCode": same page of the guide
    answer = answer_of(result)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.body == body


@pytest.mark.parametrize(
    "result",
    [
        {"statusCode": "many"},
        {"statusCode": 200, "body": {"not": "a string"}},
        {"statusCode": 200, "body": "%%%", "isBase64Encoded": True},
        {"statusCode": 200, "headers": ["x"]},
        {"statusCode": None},
    ],
)
def test_a_result_that_is_no_answer_is_a_500(result: Any) -> None:
    with pytest.raises(Refused) as caught:
        answer_of(result)

    assert caught.value.status is HTTPStatus.INTERNAL_SERVER_ERROR
