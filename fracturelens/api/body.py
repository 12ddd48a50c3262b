"""Reads what a request sends: a film (raw or in a form) or the id of an upload."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from fracturelens import errors
from fracturelens.api.forms import film_from_form
from fracturelens.api.limits import announced_bytes, too_large

FORM: Final = "multipart/form-data"
JSON: Final = "application/json"
RAW: Final = frozenset({"application/dicom", "application/octet-stream"})
MAX_JSON_BYTES: Final = 4 * 1024


class UploadReference(BaseModel):
    """Names a film that was uploaded before."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    upload_id: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]


@dataclass(frozen=True, slots=True)
class Film:
    """The bytes of a film, as sent."""

    data: bytes = field(repr=False)


def media_type(request: Request) -> str:
    """Return the request's content type in lower case, without parameters.

    Raises
    ------
    UnsupportedMediaType
        If the body is compressed: no film is sent that way, and inflating one would defeat every size limit.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise errors.UnsupportedMediaType("The body has a content encoding; send the file as it is.")
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def expected_bytes(request: Request, max_file_bytes: int) -> int:
    """Return how much memory a request's body may take."""
    announced = announced_bytes(request.headers)
    return max_file_bytes if announced is None else announced


async def read_film_or_upload(request: Request, max_file_bytes: int) -> Film | UploadReference:
    """Read the body of a request for a reading.

    Raises
    ------
    UnsupportedMediaType, MissingFile, FileTooLarge, EmptyFile, RequestError, InvalidParameter
    """
    match media_type(request):
        case "application/json":
            return await _read_reference(request)
        case "multipart/form-data":
            data = await film_from_form(request.stream(), request.headers["content-type"])
        case kind if kind in RAW or kind.startswith("image/"):
            data = await request.body()
        case _:
            raise errors.UnsupportedMediaType(
                "Send a form with the film in a part named 'file' (curl -F file=@film.png), "
                "or the film itself as image/*, application/dicom or application/octet-stream."
            )
    return Film(checked(data, max_file_bytes))


def checked(data: bytes, max_file_bytes: int) -> bytes:
    """Return a film's bytes if there are some, and not too many.

    Raises
    ------
    EmptyFile, FileTooLarge
    """
    if not data:
        raise errors.EmptyFile("The file is empty. Send the film itself.")
    if len(data) > max_file_bytes:
        raise too_large(max_file_bytes)
    return data


async def _read_reference(request: Request) -> UploadReference:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_JSON_BYTES:
            raise errors.RequestError(f"The JSON body is larger than {MAX_JSON_BYTES:,} bytes.")
    try:
        return UploadReference.model_validate_json(bytes(body))
    except ValidationError as error:
        if any(part["type"] == "json_invalid" for part in error.errors()):
            raise errors.RequestError("The body is not valid JSON.") from None
        raise errors.InvalidParameter(
            'The JSON body must be {"upload_id": "…"} with the 32 hexadecimal digits that POST /v1/uploads gave.'
        ) from None
