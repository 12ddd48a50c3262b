"""Other web sites stay out: their pages can neither send films to this server nor read from it."""

from __future__ import annotations

import httpx
import pytest

from fracturelens.api.guards import host_name, own_hosts
from fracturelens.api.headers import HEADERS
from tests.api.conftest import Serve

POSTS = "/v1/uploads"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8000"])
def test_our_own_names_are_answered(client: httpx.Client, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "evil.example:8000",
        "127.0.0.1.nip.example",
        "",
        "localhost:evil",
        "10.0.0.1",
    ],
)
@pytest.mark.parametrize("path", ["/healthz", "/", "/nothing"])
def test_a_rebound_name_is_refused(client: httpx.Client, host: str, path: str) -> None:
    response = client.get(path, headers={"Host": host})

    assert (response.status_code, response.json()["code"]) == (421, "unknown_host")
    assert "evil" not in response.text


def test_more_names_can_be_allowed(serve: Serve) -> None:
    client = serve(hosts="films.example,localhost")

    assert client.get("/healthz", headers={"Host": "films.example:443"}).status_code == 200
    assert client.get("/healthz", headers={"Host": "other.example"}).status_code == 421


def test_any_name_can_be_allowed(serve: Serve) -> None:
    assert serve(hosts="*").get("/healthz", headers={"Host": "other.example"}).status_code == 200


@pytest.mark.parametrize(
    ("listening_on", "added"),
    [("192.168.1.5", {"192.168.1.5"}), ("fd00::1", {"[fd00::1]"}), ("0.0.0.0", set()), ("::", set())],  # noqa: S104
)
def test_the_address_listened_on_is_ours_unless_it_is_every_address(listening_on: str, added: set[str]) -> None:
    assert own_hosts(listening_on, ("localhost",)) == {"localhost", *added}


@pytest.mark.parametrize(
    ("header", "name"), [("a:1", "a"), ("[::1]:1", "[::1]"), ("[::1]", "[::1]"), ("A", "a"), ("a:b", "a:b"), ("", "")]
)
def test_a_host_header_is_split_from_its_port(header: str, name: str) -> None:
    assert host_name(header) == name


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", POSTS), ("POST", "/v1/assessments"), ("PUT", f"{POSTS}/{'0' * 32}")]
)
def test_a_page_of_another_origin_cannot_send(
    client: httpx.Client, film: bytes, method: str, path: str, headers: dict[str, str]
) -> None:
    # text/plain is what a form of another page could send without asking first
    response = client.request(method, path, content=film, headers={"Content-Type": "text/plain", **headers})

    assert (response.status_code, response.json()["code"]) == (403, "cross_origin")


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}])
def test_our_own_page_and_programs_can_send(client: httpx.Client, headers: dict[str, str]) -> None:
    assert client.post(POSTS, headers=headers).status_code == 201


def test_our_own_origin_can_send_from_an_older_browser(client: httpx.Client) -> None:
    own = str(client.base_url).rstrip("/")

    assert client.post(POSTS, headers={"Origin": own}).status_code == 201


def test_a_named_origin_can_send(serve: Serve) -> None:
    client = serve(origins="https://films.example")

    named = client.post(POSTS, headers={"Origin": "https://films.example", "Sec-Fetch-Site": "cross-site"})
    other = client.post(POSTS, headers={"Origin": "https://other.example"})

    assert (named.status_code, other.status_code) == (201, 403)


def test_a_page_of_another_origin_cannot_read(client: httpx.Client) -> None:
    origin = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    answers = [
        client.get("/v1/model", headers=origin),
        client.options("/v1/assessments", headers={**origin, "Access-Control-Request-Method": "POST"}),
    ]

    for response in answers:
        assert not [name for name in response.headers if name.startswith("access-control-")]
        assert response.headers["cross-origin-resource-policy"] == "same-origin"
    assert answers[1].status_code == 405


@pytest.mark.parametrize(
    "path", ["/healthz", "/v1/model", "/docs", "/openapi.json", "/", "/nothing", "/v1/assessments"]
)
def test_every_answer_keeps_browsers_careful(client: httpx.Client, path: str) -> None:
    for host in ("localhost", "evil.example"):
        headers = client.get(path, headers={"Host": host}).headers
        for name, value in HEADERS.items():
            if name != "Cache-Control":
                assert headers[name] == value
    assert "default-src 'self'" in HEADERS["Content-Security-Policy"]
    assert "unsafe" not in HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path", ["/healthz", "/v1/model", "/config.json", "/v1/nothing", f"/v1/assessments/{'0' * 32}"]
)
def test_no_answer_of_the_api_is_kept_by_a_cache(client: httpx.Client, path: str) -> None:
    assert client.get(path).headers["cache-control"] == "no-store"


def test_refusals_before_any_route_carry_the_headers_too(client: httpx.Client) -> None:
    response = client.post("/v1/assessments", content=bytes(40 * 1024 * 1024))

    assert response.status_code == 413
    assert response.headers["x-content-type-options"] == "nosniff"


def test_the_server_does_not_name_its_software(client: httpx.Client) -> None:
    assert "server" not in client.get("/healthz").headers
