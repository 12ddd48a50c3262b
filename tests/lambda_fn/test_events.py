"""The events of these tests are such as API Gateway makes, and what is no such event is told apart."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from starlette.requests import Request

from fracturelens import errors
from infra.local.events import Api, Caller, Route, event_of
from lambda_fn.events import NOTHING_ASKED, checked
from tests.lambda_fn import events


def test_the_events_are_those_that_the_gateway_of_the_laptop_makes() -> None:
    body = b"\x89PNG"
    ours = events.request(
        "POST", "/v1/assessments", query="heatmaps=all", body=body, headers={"content-type": "image/png"}
    )
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": "/v1/assessments",
        "query_string": b"heatmaps=all",
        "headers": [(b"content-type", b"image/png")],
        "client": ("192.0.2.17", 0),
        "server": (events.HOST, 443),
    }
    caller = Caller({**events.CLINICIAN, "cognito:groups": ["clinician"]}, [])
    theirs = event_of(Request(scope), body, api=Api(), route=Route(ours["routeKey"], {}), caller=caller)

    for part in ("version", "routeKey", "rawPath", "rawQueryString", "body", "isBase64Encoded"):
        assert ours[part] == theirs[part], part
    assert ours["requestContext"]["authorizer"] == theirs["requestContext"]["authorizer"]
    assert ours["requestContext"]["http"] == theirs["requestContext"]["http"]
    assert ours["requestContext"].keys() == theirs["requestContext"].keys()
    assert ours["headers"].keys() <= theirs["headers"].keys()


def test_a_text_body_goes_as_it_is_and_any_other_in_base64() -> None:
    text = events.asking("/v1/assessments", {"upload_id": "0" * 32})
    film = events.film(b"\xff\xd8")

    assert (text["body"], text["isBase64Encoded"]) == ('{"upload_id": "%s"}' % ("0" * 32), False)
    assert (base64.b64decode(film["body"]), film["isBase64Encoded"]) == (b"\xff\xd8", True)
    assert "body" not in events.request("GET", "/healthz")
    assert "authorizer" not in events.request("GET", "/healthz", caller=None)["requestContext"]


@pytest.mark.parametrize("event", [events.film(b"\x89PNG"), events.asking("/v1/uploads", {}), NOTHING_ASKED])
def test_an_event_of_the_http_api_is_taken_with_its_body_decoded(event: events.Event) -> None:
    taken = checked(event)

    body = event.get("body", "")
    assert taken["body"] == (base64.b64decode(body) if event["isBase64Encoded"] else body.encode())
    assert taken["isBase64Encoded"] is False
    assert taken["requestContext"] == event["requestContext"]


def changed(*path: str, to: Any) -> events.Event:
    """Return a good event with one part changed."""
    event = events.film(b"\x89PNG")
    part = event
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = to
    return event


MALFORMED: dict[str, Any] = {
    "null": None,
    "a list": [],
    "a text": "GET /healthz",
    "nothing": {},
    "an S3 event": {
        "Records": [{"eventSource": "aws:s3", "s3": {"bucket": {"name": "films"}, "object": {"key": "k"}}}]
    },
    "a REST API's event": {"resource": "/", "path": "/", "httpMethod": "GET", "requestContext": {}, "headers": {}},
    "payload format 1.0": changed("version", to="1.0"),
    "no context": changed("requestContext", to=None),
    "no method": changed("requestContext", "http", "method", to=None),
    "a method of two words": changed("requestContext", "http", "method", to="GET /"),
    "a path from nowhere": changed("requestContext", "http", "path", to="v1/model"),
    "headers in a list": changed("headers", to=["host"]),
    "a header with two values": changed("headers", "accept", to=["a", "b"]),
    "half a character in a header": changed("headers", "accept", to="\ud800"),
    "a host with two ports": changed("headers", "host", to="a:1:2"),
    "a port that is none": changed("headers", "host", to="a:b"),
    "a forwarded port that is none": changed("headers", "x-forwarded-port", to="b"),
    "no base64": changed("body", to="%%%%"),
    "half of a base64": changed("body", to="iVBORw0KGgo"),
    "a body of numbers": changed("body", to=[137, 80]),
    "a query in parts": changed("rawQueryString", to={"heatmaps": "all"}),
    "a query with half a character": changed("rawQueryString", to="\udfff"),
    "cookies of another kind": changed("cookies", to={"a": "b"}),
}


@pytest.mark.parametrize("event", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_such_event_is_refused_and_not_quoted(event: object) -> None:
    with pytest.raises(errors.RequestError) as refused:
        checked(event)

    assert refused.value.status == 400
    assert refused.value.message.startswith("This function answers events of an API Gateway HTTP API")
    assert refused.value.__cause__ is None
