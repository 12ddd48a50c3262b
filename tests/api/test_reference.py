"""The description of the API: committed, true, and readable without asking any other site."""

from __future__ import annotations

import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import httpx

from fracturelens import errors
from fracturelens.api.contract import Api
from fracturelens.api.openapi import document
from tests.api.test_bad_requests import problem_of


class Links(HTMLParser):
    """Collects what a page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.ids: set[str] = set()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name in {"href", "src"}:
                self.targets.append(value or "")
            if name == "id":
                self.ids.add(value or "")


def test_the_committed_document_is_the_one_served(client: httpx.Client, root: Path) -> None:
    committed = json.loads((root / "docs" / "openapi.json").read_text())

    assert client.get("/openapi.json").json() == committed, "run: python -m fracturelens.api.openapi docs/openapi.json"


def test_the_document_can_be_written_anew(root: Path, tmp_path: Path) -> None:
    place = tmp_path / "openapi.json"

    done = subprocess.run(
        [sys.executable, "-m", "fracturelens.api.openapi", str(place)], cwd=root, check=True, capture_output=True
    )

    assert place.read_text() == document()
    assert done.stdout == done.stderr == b""


def test_every_error_in_the_document_is_a_problem_with_known_codes() -> None:
    known = {kind.code for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "code")}
    for path, methods in Api().openapi()["paths"].items():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert list(answer["content"]) == ["application/problem+json"], path
                    assert {code.strip("` ") for code in answer["description"].split(",")} <= known


def test_every_reference_in_the_document_resolves() -> None:
    described = Api().openapi()
    for reference in set(json.dumps(described).split('"#/components/schemas/')[1:]):
        assert reference.partition('"')[0] in described["components"]["schemas"]


def test_the_page_names_every_route_and_asks_no_other_site(client: httpx.Client) -> None:
    response = client.get("/docs")
    links = Links()
    links.feed(response.text)

    assert response.headers["content-type"].startswith("text/html")
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for method in methods:
            assert f"{method.upper()} {path}" in response.text
    assert "Research use only" in response.text
    assert "script" not in links.tags
    for target in links.targets:
        assert target.startswith(("/", "#"))
        assert not target.startswith("//")
        if target.startswith("#"):
            assert target[1:] in links.ids
        else:
            assert client.get(target).status_code == 200


def test_the_style_sheet_is_a_style_sheet(client: httpx.Client) -> None:
    assert client.get("/docs/reference.css").headers["content-type"].startswith("text/css")


def test_the_frameworks_own_pages_are_not_there(client: httpx.Client) -> None:
    for path in ("/redoc", "/docs/oauth2-redirect"):
        problem_of(client.get(path), 404, "not_found")
