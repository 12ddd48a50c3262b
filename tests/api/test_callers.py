"""Who asks is known before anything else is looked at, and sees only what is their own."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image
from starlette.datastructures import Headers
from starlette.types import Scope

from fracturelens import errors
from fracturelens.api import create_app
from fracturelens.api.contract import Api
from fracturelens.assess import Assessor
from fracturelens.settings import Settings
from tests.api.conftest import Serve

if TYPE_CHECKING:
    from tests.buckets import Bucket

ROUTES = [(method.upper(), path) for path, methods in Api().openapi()["paths"].items() for method in methods]
OPEN = {"/healthz", "/config.json"}

ServeCallers = Callable[..., httpx.Client]


def by_header(scope: Scope) -> str:
    """Name the caller as the header says, and refuse who is not on the list."""
    caller = Headers(scope=scope).get("x-caller")
    if caller is None:
        raise errors.Unauthenticated("Send X-Caller.")
    if caller == "stranger":
        raise errors.NotPermitted
    return caller


@pytest.fixture
def client(serve: Serve, assessor: Assessor, bucket: Bucket) -> httpx.Client:
    """Return a client of an app that keeps films in a bucket, for callers that a header names."""
    settings = Settings(store="s3://not-used", direct_max_mb=0.25)
    return serve(create_app(settings, assessor=assessor, store=bucket.store(), identify=by_header))


def as_(caller: str) -> dict[str, str]:
    return {"X-Caller": caller}


@pytest.mark.aws
@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route[1] not in OPEN])
def test_every_route_asks_who_is_there_before_it_reads_anything(client: httpx.Client, method: str, path: str) -> None:
    place = re.sub(r"\{\w+\}", "not-an-id", path)
    nonsense: dict[str, Any] = {
        "content": b"{",
        "params": {"opacity": "7", "heatmaps": "x"},
        "headers": {"Content-Type": "application/json"},
    }

    unknown = client.request(method, place, **nonsense)
    nonsense["headers"] |= as_("stranger")
    refused = client.request(method, place, **nonsense)

    assert (unknown.status_code, unknown.json()["code"]) == (401, "unauthenticated")
    assert unknown.headers["www-authenticate"] == "Bearer"
    assert unknown.json()["detail"] == "Send X-Caller."
    assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")


@pytest.mark.aws
@pytest.mark.parametrize("path", [*sorted(OPEN), "/openapi.json", "/docs", "/"])
def test_health_page_and_contract_are_for_anybody(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 200


@pytest.mark.aws
def test_nobody_sees_anothers_reading(client: httpx.Client, film: bytes) -> None:
    given = client.post("/v1/assessments", files={"file": film}, headers=as_("anna")).json()

    for picture in ("", "/film.png", "/overlay.png"):
        place = f"/v1/assessments/{given['id']}{picture}"
        mine, theirs = client.get(place, headers=as_("anna")), client.get(place, headers=as_("bert"))

        assert mine.status_code == 200
        assert (theirs.status_code, theirs.json()["code"]) == (404, "not_found")
    assert client.get(f"/v1/assessments/{given['id']}", headers=as_("anna")).json() == given


@pytest.mark.aws
def test_a_large_film_goes_by_a_form_and_only_its_sender_has_it_read(
    client: httpx.Client, film: bytes, bucket: Bucket
) -> None:
    # Given a film beyond what one request may carry,
    large = film + bytes(300_000)
    refused = client.post("/v1/assessments", files={"file": large}, headers=as_("anna"))
    assert (refused.status_code, refused.json()["code"]) == (413, "file_too_large")

    # when it is sent the other way,
    wanted = {"size": len(large), "content_type": "image/png"}
    upload = client.post("/v1/uploads", json=wanted, headers=as_("anna")).json()
    assert upload["method"] == "POST"
    assert upload["max_bytes"] == len(large)
    sent = httpx.post(upload["url"], data=upload["fields"], files={"file": large})
    assert sent.status_code == 204

    # then another cannot have it read, its sender can, once, and nothing of it is left but the reading.
    reference = {"upload_id": upload["upload_id"]}
    theirs = client.post("/v1/assessments", json=reference, headers=as_("bert"))
    mine = client.post("/v1/assessments", json=reference, headers=as_("anna"))
    again = client.post("/v1/assessments", json=reference, headers=as_("anna"))
    assert [answer.status_code for answer in (theirs, mine, again)] == [404, 200, 404]
    assert [key.partition("/")[0] for key in bucket.keys()] == ["readings"]  # noqa: SIM118 - no mapping


@pytest.mark.aws
def test_an_upload_that_s3_took_too_large_is_not_downloaded(serve: Serve, assessor: Assessor, bucket: Bucket) -> None:
    client = serve(create_app(Settings(store="s3://not-used", max_file_mb=1), assessor=assessor, store=bucket.store()))
    upload = client.post("/v1/uploads").json()
    bucket.write(upload["fields"]["key"], bytes(1024 * 1024 + 1))

    response = client.post("/v1/assessments", json={"upload_id": upload["upload_id"]})

    assert (response.status_code, response.json()["code"]) == (413, "file_too_large")


@pytest.mark.aws
def test_a_reading_kept_in_a_bucket_can_be_drawn_again(client: httpx.Client, film: bytes) -> None:
    given = client.post("/v1/assessments", files={"file": film}, headers=as_("anna")).json()

    picture = client.get(f"/v1/assessments/{given['id']}/film.png", headers=as_("anna"))

    with Image.open(io.BytesIO(picture.content)) as drawn, Image.open(io.BytesIO(film)) as sent:
        assert drawn.size == sent.size


def test_where_nobody_signs_in_everybody_is_the_same(client_of_folder: httpx.Client, film: bytes) -> None:
    given = client_of_folder.post("/v1/assessments", files={"file": film}, headers=as_("anna")).json()

    assert client_of_folder.get(f"/v1/assessments/{given['id']}", headers=as_("bert")).json() == given


@pytest.fixture
def client_of_folder(serve: Serve) -> httpx.Client:
    """Return a client of an app with default settings."""
    return serve()
