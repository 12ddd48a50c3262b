"""Who may ask: access tokens of clinicians and administrators, each for their own films only."""

from __future__ import annotations

import pytest

from fracturelens import errors
from lambda_fn.caller import identify
from tests.lambda_fn import events
from tests.lambda_fn.conftest import Function

pytestmark = pytest.mark.aws

NOBODY = {
    "no claims": None,
    "an id token": {**events.claims("s"), "token_use": "id"},
    "no subject": {**events.claims("s"), "sub": ""},
    "no kind of token": {name: value for name, value in events.claims("s").items() if name != "token_use"},
}
STRANGERS = {
    "no group": events.claims("s", groups=None),
    "an empty list": events.claims("s", groups="[]"),
    "another group": events.claims("s", groups="[clinicians reader]"),
    "no list": events.claims("s", groups="clinician"),
    "part of a name": events.claims("s", groups="[not-clinician administrator]"),
}


@pytest.mark.parametrize("groups", ["[clinician]", "[admin]", "[reader clinician]", "[admin clinician]"])
def test_the_caller_is_the_subject_of_an_access_token(groups: str) -> None:
    event = events.request("GET", "/v1/model", caller=events.claims("subject-1", groups=groups))

    assert identify({"aws.event": event}) == "subject-1"


@pytest.mark.parametrize("caller", NOBODY.values(), ids=NOBODY)
def test_who_does_not_say_who_they_are_is_told_to_sign_in(function: Function, caller: events.Claims | None) -> None:
    answer = function(events.request("GET", "/v1/model", caller=caller))

    assert (answer.status, answer.code) == (401, "unauthenticated")


@pytest.mark.parametrize("caller", STRANGERS.values(), ids=STRANGERS)
def test_who_is_in_no_group_may_nothing(function: Function, caller: events.Claims) -> None:
    answer = function(events.request("GET", "/v1/model", caller=caller))

    assert (answer.status, answer.code) == (403, "not_permitted")


@pytest.mark.parametrize("event", [None, "text", {}, {"requestContext": {"authorizer": {"jwt": None}}}])
def test_an_event_without_claims_names_nobody(event: object) -> None:
    with pytest.raises(errors.Unauthenticated):
        identify({"aws.event": event})


def test_no_route_below_v1_answers_without_claims(function: Function) -> None:
    routes = (
        ("POST", "/v1/assessments"),
        ("POST", "/v1/uploads"),
        ("GET", "/v1/model"),
        ("GET", f"/v1/assessments/{'0' * 32}"),
        ("GET", f"/v1/assessments/{'0' * 32}/film.png"),
        ("GET", f"/v1/assessments/{'0' * 32}/overlay.png"),
        ("PUT", f"/v1/uploads/{'0' * 32}"),
    )

    answers = {route: function(events.request(*route, caller=None)) for route in routes}

    assert {route: answer.code for route, answer in answers.items()} == dict.fromkeys(routes, "unauthenticated")


def test_health_is_told_to_anyone(function: Function) -> None:
    answer = function(events.request("GET", "/healthz", caller=None))

    assert (answer.status, answer.json["status"]) == (200, "ok")


def test_what_is_another_callers_does_not_exist(function: Function, film: bytes) -> None:
    mine, other = events.claims("subject-mine"), events.claims("subject-other")
    reading = function(events.film(film, caller=mine)).json
    upload = function(events.asking("/v1/uploads", {"size": len(film)}, caller=mine)).json

    for path in ("", "/film.png", "/overlay.png"):
        where = f"/v1/assessments/{reading['id']}{path}"
        assert function(events.request("GET", where, caller=mine)).status == 200
        assert function(events.request("GET", where, caller=other)).code == "not_found"
    theirs = function(events.asking("/v1/assessments", {"upload_id": upload["upload_id"]}, caller=other))
    assert theirs.code == "not_found"
