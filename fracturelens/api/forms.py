"""Takes the film out of a ``multipart/form-data`` body (RFC 7578), in memory and within bounds.

Frameworks spool large parts to a temporary file; films must not touch a disk unless they are to be retained.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from fracturelens import errors

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FIELD: Final = "file"
MAX_PARTS: Final = 16
MAX_HEADER_BYTES: Final = 8 * 1024
"""Most that the headers of one part may occupy."""


async def film_from_form(stream: AsyncIterator[bytes], content_type: str) -> bytes:
    """Return the bytes of the part named ``file``; other parts are dropped as they arrive.

    Parameters
    ----------
    stream
        The body, whose size the caller bounds.
    content_type
        The request's Content-Type, with the boundary.

    Raises
    ------
    MissingFile
        If there is no such part.
    RequestError
        If the form is malformed, ends early, or holds two films or too many parts.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise errors.RequestError("The form's content type names no boundary.")
    form = _Form()
    try:
        parser = MultipartParser(boundary, form.callbacks())
        async for chunk in stream:
            parser.write(chunk)
        parser.finalize()
    except FormParserError:
        raise errors.RequestError("The form is malformed: it is not multipart/form-data as RFC 7578 has it.") from None
    return form.film()


class _Form:
    """Collects the film while the parser reports what it sees."""

    def __init__(self) -> None:
        self._film: bytearray | None = None
        self._parts = 0
        self._ended = False
        self._in_film = False
        self._header_bytes = 0
        self._name = bytearray()
        self._value = bytearray()
        self._disposition = b""

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin_part,
            "on_header_field": self._read_header_name,
            "on_header_value": self._read_header_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._read_data,
            "on_end": self._end,
        }

    def film(self) -> bytes:
        if self._film is not None and self._ended:
            return bytes(self._film)
        if self._parts and not self._ended:
            raise errors.RequestError("The form ends before its last boundary. Send it again.")
        raise errors.MissingFile("The form has no part named 'file'. With curl: -F file=@film.png")

    def _begin_part(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise errors.RequestError(
                f"The form has more than {MAX_PARTS} parts; send one film in a part named 'file'."
            )
        self._header_bytes = 0
        self._disposition = b""
        self._in_film = False

    def _read_header_name(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._name += data[start:end]

    def _read_header_value(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._value += data[start:end]

    def _count_header(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > MAX_HEADER_BYTES:
            raise errors.RequestError(f"A part of the form has more than {MAX_HEADER_BYTES:,} bytes of headers.")

    def _end_header(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._name.clear()
        self._value.clear()

    def _end_headers(self) -> None:
        self._in_film = parse_options_header(self._disposition)[1].get(b"name") == FIELD.encode()
        if self._in_film:
            if self._film is not None:
                raise errors.RequestError("The form has two parts named 'file'; send one film a request.")
            self._film = bytearray()

    def _read_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_film and self._film is not None:
            self._film += data[start:end]

    def _end(self) -> None:
        self._ended = True
