"""The static page: served from the same origin, revalidated each time, and nothing beside it can be reached."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from fracturelens.api.page import Page, page_folder
from tests.api.conftest import MakeApp, Serve, served


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    web = tmp_path / "web"
    (web / "js").mkdir(parents=True)
    (web / "index.html").write_text("<!doctype html><title>page</title>")
    (web / "js" / "app.js").write_text("export {};")
    (web / "style.css").write_text("p {}")
    (web / "notes.py").write_text("secret = 1")
    (web / ".hidden.js").write_text("secret")
    (web / ".git").mkdir()
    (web / ".git" / "config.json").write_text("secret")
    (tmp_path / "secret.txt").write_text("secret")
    (web / "link.txt").symlink_to(tmp_path / "secret.txt")
    return web


@pytest.fixture
def page(folder: Path) -> Iterator[httpx.Client]:
    """Return a client of nothing but the page."""
    app = Starlette()
    app.router.default = Page(folder)
    with served(app) as url, httpx.Client(base_url=url) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/js/app.js", "text/javascript; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
    ],
)
def test_files_have_their_types_and_are_revalidated(page: httpx.Client, path: str, kind: str) -> None:
    first = page.get(path)
    second = page.get(path, headers={"If-None-Match": first.headers["etag"]})

    assert (first.status_code, first.headers["content-type"]) == (200, kind)
    assert first.headers["cache-control"] == second.headers["cache-control"] == "no-cache"
    assert (second.status_code, second.content) == (304, b"")


def test_a_changed_file_shows_at_once(page: httpx.Client, folder: Path) -> None:
    etag = page.get("/style.css").headers["etag"]
    (folder / "style.css").write_text("p { color: red }")

    assert "red" in page.get("/style.css", headers={"If-None-Match": etag}).text


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/js/..%2f..%2fsecret.txt",
        "/..%5csecret.txt",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/link.txt",
        "/.hidden.js",
        "/.git/config.json",
        "/js/%2e%2e/.hidden.js",
        "/notes.py",
        "/js",
        "/js/",
        "/%00",
        "/" + "x" * 5000,
    ],
)
def test_nothing_else_is_served(page: httpx.Client, path: str) -> None:
    # The path is sent as it stands: a well-behaved client would tidy it up first.
    request = page.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=path.encode())

    response = page.send(request)

    assert response.status_code == 404
    assert "secret" not in response.text


def test_the_head_of_a_file_is_its_answer_without_the_file(page: httpx.Client) -> None:
    response = page.head("/index.html")

    assert (response.status_code, response.content) == (200, b"")
    assert int(response.headers["content-length"]) > 0


@pytest.mark.parametrize("wanted", ["bytes=0-3", "bytes=9-1", "nonsense", "bytes=999999-"])
def test_a_file_comes_whole_whatever_range_is_asked_for(page: httpx.Client, wanted: str) -> None:
    response = page.get("/style.css", headers={"Range": wanted})

    assert (response.status_code, response.text) == (200, "p {}")
    assert response.headers["accept-ranges"] == "none"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_the_page_takes_nothing(page: httpx.Client, method: str) -> None:
    assert page.request(method, "/index.html").status_code == 404


def test_the_shipped_page_is_served_at_the_root(client: httpx.Client) -> None:
    assert page_folder() is not None

    response = client.get("/")

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert "Research use only" in response.text


def test_an_api_without_a_page_says_that_there_is_none(
    make_app: MakeApp, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fracturelens.api.app.page_folder", lambda: None)

    client = serve(make_app())

    assert (client.get("/").status_code, client.get("/").json()["code"]) == (404, "not_found")
    assert client.get("/healthz").status_code == 200


def test_every_file_of_the_shipped_page_can_be_fetched(client: httpx.Client) -> None:
    folder = page_folder()
    assert folder is not None

    for path in folder.rglob("*"):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            assert client.get(f"/{path.relative_to(folder).as_posix()}").status_code == 200, path.name
