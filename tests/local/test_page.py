"""The page is served as CloudFront serves it: the deployed headers on all of it, and a ``config.json`` that is true."""

from __future__ import annotations

import re

import httpx
import pytest

from fracturelens import DISCLAIMER, __version__
from infra.headers import API_HEADERS, page_headers
from tests.local.conftest import Local

pytestmark = pytest.mark.aws


def is_subset(headers: dict[str, str], answer: httpx.Response) -> bool:
    return headers.items() <= {name: answer.headers.get(name) for name in headers}.items()


@pytest.mark.parametrize("path", ["/", "/config.json", "/js/main.js", "/css/base.css", "/samples/normal-elbow.jpg"])
def test_the_page_has_the_deployed_headers(local: Local, path: str) -> None:
    answer = local.http.get(path)

    assert answer.status_code == 200
    assert is_subset(page_headers(local.endpoint), answer)
    assert answer.headers["cache-control"] == "no-cache"


def test_the_page_may_talk_to_itself_and_to_storage_only(local: Local) -> None:
    policy = local.http.get("/").headers["content-security-policy"]

    assert f"connect-src 'self' {local.endpoint};" in policy


@pytest.mark.parametrize("path", ["/v1/model", "/healthz"])
def test_the_api_has_the_deployed_headers(local: Local, path: str) -> None:
    answered, refused = local.ask("GET", path), local.http.get(path)

    assert answered.status_code == 200
    assert is_subset(dict(API_HEADERS), answered)
    assert is_subset(dict(API_HEADERS), refused)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_configuration_is_that_of_the_address_it_is_opened_at(local: Local, host: str) -> None:
    origin = local.url.replace("127.0.0.1", host)

    config = local.http.get("/config.json", headers={"Host": origin.removeprefix("http://")}).json()

    assert config == {
        "api": "/v1",
        "version": __version__,
        "max_file_bytes": 33_554_432,
        "direct_max_bytes": 4_000_000,
        "retention_hours": 24,
        "disclaimer": DISCLAIMER,
        "auth": {
            "authorize": f"{origin}/oauth2/authorize",
            "token": f"{origin}/oauth2/token",
            "logout": f"{origin}/logout",
            "client_id": local.client,
            "scope": "openid",
        },
    }


def test_what_the_page_names_is_there(local: Local) -> None:
    page = local.http.get("/").text

    for path in re.findall(r'(?:href|src)="((?:css|icons|js|samples)/[^"]+)"', page):
        assert local.http.get(f"/{path}").status_code == 200, path


@pytest.mark.parametrize("path", ["/nothing", "/../pyproject.toml", "/%2e%2e/pyproject.toml", "/infra/config.py"])
def test_nothing_else_is_served(local: Local, path: str) -> None:
    answer = local.http.get(path)

    assert answer.status_code == 404
    assert "fracturelens" not in answer.text.lower()


@pytest.mark.parametrize("path", ["/", "/healthz", "/login", "/v1/model"])
def test_other_host_names_are_not_answered(local: Local, path: str) -> None:
    answer = local.http.get(path, headers={"Host": "evil.example"})

    assert answer.status_code == 400


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
def test_aws_answers_no_other_web_page(local: Local, headers: dict[str, str]) -> None:
    answer = httpx.get(f"{local.endpoint}/{local.bucket}", headers=headers)

    assert answer.status_code == 403
    assert "ListBucketResult" not in answer.text


def test_everything_listens_on_this_machine_only(local: Local) -> None:
    import psutil

    ours = psutil.Process(local.process.pid)
    listening = [
        connection.laddr.ip
        for process in (ours, *ours.children(recursive=True))
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]

    assert len(listening) >= 3, "gateway, AWS and the emulator"
    assert set(listening) == {"127.0.0.1"}
