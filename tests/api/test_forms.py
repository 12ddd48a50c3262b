"""Forms: the film is found among other parts, and malformed or endless forms are refused."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fracturelens import errors
from fracturelens.api.forms import MAX_HEADER_BYTES, MAX_PARTS, film_from_form

TYPE = "multipart/form-data; boundary=edge"


def form(*parts: tuple[bytes, bytes], end: bytes = b"--edge--\r\n") -> bytes:
    return b"".join(b"--edge\r\n%s\r\n\r\n%s\r\n" % part for part in parts) + end


def part(name: str, value: bytes) -> tuple[bytes, bytes]:
    return f'Content-Disposition: form-data; name="{name}"'.encode(), value


def film_part(value: bytes = b"film") -> tuple[bytes, bytes]:
    return b'Content-Disposition: form-data; name="file"; filename="x.png"\r\nContent-Type: image/png', value


def read(body: bytes, *, content_type: str = TYPE, step: int = 1 << 16) -> bytes:
    async def stream() -> AsyncIterator[bytes]:
        for start in range(0, len(body), step):
            yield body[start : start + step]

    return asyncio.run(film_from_form(stream(), content_type))


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1 << 16])
@pytest.mark.parametrize("film", [b"film", b"", b"\r\n--edg", b"\r\n--edge", bytes(range(256)) * 50, b"\r\n" * 100])
def test_the_film_comes_out_byte_for_byte_however_it_is_cut(film: bytes, step: int) -> None:
    if film == b"\r\n--edge":
        film += b"x"  # the boundary itself cannot be part of a film; this is as near as one gets
    assert read(form(part("note", b"left out"), film_part(film), part("after", b"too")), step=step) == film


def test_a_film_without_a_file_name_is_a_film() -> None:
    assert read(form(part("file", b"film"))) == b"film"


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data; boundary=edge", 'Multipart/Form-Data; charset=utf-8; boundary="edge"']
)
def test_the_boundary_is_read_as_rfc_2046_writes_it(content_type: str) -> None:
    assert read(form(film_part()), content_type=content_type) == b"film"


@pytest.mark.parametrize("body", [form(), form(part("image", b"film")), form((b"Content-Type: image/png", b"film"))])
def test_a_form_without_the_part_is_told_its_name(body: bytes) -> None:
    with pytest.raises(errors.MissingFile, match="-F file=@"):
        read(body)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (form(film_part(), end=b""), "ends before"),
        (form(film_part())[:-30], "ends before"),
        (b"this is no form", "malformed"),
        (b"--other\r\n\r\n", "malformed"),
        (form((b"no colon", b"")), "malformed"),
        (form(film_part(), film_part()), "two parts"),
        (form(*[part("note", b"")] * (MAX_PARTS + 1)), "more than"),
        (form((b"\r\n".join([b"X-Note: " + b"x" * 3000] * 3), b"")), "headers"),
        (form((b"X-Note: " + b"x" * (MAX_HEADER_BYTES + 1), b"")), "headers|malformed"),
        (form((b"\r\n".join(b"X-%d: y" % number for number in range(3000)), b"")), "headers|malformed"),
    ],
)
@pytest.mark.parametrize("step", [5, 1 << 16])
def test_a_malformed_form_is_a_bad_request(body: bytes, why: str, step: int) -> None:
    with pytest.raises(errors.RequestError, match=why) as caught:
        read(body, step=step)
    assert caught.value.code == "bad_request"


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=" + "x" * 1000])
def test_a_form_without_a_usable_boundary_is_a_bad_request(content_type: str) -> None:
    with pytest.raises(errors.RequestError) as caught:
        read(form(film_part()), content_type=content_type)
    assert caught.value.code == "bad_request"


PIECES = (
    *(b"--edge", b"--edge--\r\n", b"--", b"\r\n", b"\r\n\r\n", b":", b";", b'"', b"\0", b"Content-Disposition"),
    *(b'form-data; name="file', b"name*=utf-8''file", form(film_part())),
)


@settings(max_examples=300, deadline=None, database=None)
@given(
    pieces=st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.sampled_from(PIECES),
        ),
        max_size=12,
    ),
    content_type=st.one_of(st.just(TYPE), st.text(st.characters(max_codepoint=255), max_size=60).map(TYPE.__add__)),
    step=st.integers(1, 50),
)
def test_whatever_arrives_is_a_film_or_a_bad_request(pieces: list[bytes], content_type: str, step: int) -> None:
    try:
        film = read(b"".join(pieces), content_type=content_type, step=step)
    except errors.RequestError:
        pass
    else:
        assert isinstance(film, bytes)


def test_a_missing_part_is_a_problem_over_http(client: httpx.Client) -> None:
    response = client.post("/v1/assessments", files={"image": b"film"})

    assert (response.status_code, response.json()["code"]) == (400, "missing_file")


def test_a_malformed_form_is_a_problem_over_http(client: httpx.Client) -> None:
    response = client.post("/v1/assessments", content=b"garbage", headers={"Content-Type": TYPE})

    assert (response.status_code, response.json()["code"]) == (400, "bad_request")


def test_a_large_film_in_a_form_never_touches_a_temporary_file(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a machine without a place for temporary files (a read-only container),
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")

    # when a film beyond the usual limit for forms kept in memory (1 MB) is sent,
    response = client.post("/v1/assessments", files={"file": ("x.png", bytes(4 * 1024 * 1024), "image/png")})

    # then it is looked at like any other.
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_format")
