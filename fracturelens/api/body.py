"""Reads what a request sends: a film (raw or in a form), the id of an upload, or what an upload is going to be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Final, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from fracturelens import errors
from fracturelens.api.forms import film_from_form
from fracturelens.api.limits import FORM_OVERHEAD, announced_bytes, too_large, too_large_to_send
from fracturelens.store import UPLOAD_TYPE

FORM: Final = "multipart/form-data"
JSON: Final = "application/json"
RAW: Final = frozenset({"application/dicom", "application/octet-stream"})
MAX_JSON_BYTES: Final = 4 * 1024

UploadType = Literal[
    "application/dicom", "application/octet-stream", "image/jpeg", "image/png", "image/tiff", "image/webp"
]
Body = TypeVar("Body", bound=BaseModel)


class UploadReference(BaseModel):
    """Names a film that was uploaded before."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    upload_id: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]


class UploadRequest(BaseModel):
    """What is known of a film before it is uploaded; the upload then takes exactly that."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    size: Annotated[int, Field(ge=1)] | None = Field(None, description="Bytes; left out: any size within the limit.")
    content_type: UploadType = Field(UPLOAD_TYPE, description="Sent with the film; what it is, its bytes decide.")


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


async def read_film_or_upload(
    request: Request, max_file_bytes: int, direct_max_bytes: int | None = None
) -> Film | UploadReference:
    """Read the body of a request for a reading; ``direct_max_bytes`` bounds a film that is sent in it.

    Raises
    ------
    UnsupportedMediaType, MissingFile, FileTooLarge, EmptyFile, RequestError, InvalidParameter
    """
    if direct_max_bytes is not None and (announced_bytes(request.headers) or 0) > direct_max_bytes + FORM_OVERHEAD:
        raise too_large_to_send(direct_max_bytes)
    match media_type(request):
        case "application/json":
            return await _read_json(
                request,
                UploadReference,
                'The JSON body must be {"upload_id": "…"} with the 32 hexadecimal digits that POST /v1/uploads gave.',
            )
        case "multipart/form-data":
            data = await film_from_form(request.stream(), request.headers["content-type"])
        case kind if kind in RAW or kind.startswith("image/"):
            data = await request.body()
        case _:
            raise errors.UnsupportedMediaType(
                "Send a form with the film in a part named 'file' (curl -F file=@film.png), "
                "or the film itself as image/*, application/dicom or application/octet-stream."
            )
    if direct_max_bytes is not None and direct_max_bytes < len(data) <= max_file_bytes:
        raise too_large_to_send(direct_max_bytes)
    return Film(checked(data, max_file_bytes))


async def read_upload_request(request: Request, max_file_bytes: int) -> UploadRequest:
    """Read the body of a request for an upload; there need not be one.

    Raises
    ------
    UnsupportedMediaType, FileTooLarge, RequestError, InvalidParameter
    """
    kind = media_type(request)
    if kind != JSON:
        async for chunk in request.stream():
            if chunk:
                raise errors.UnsupportedMediaType(
                    'Send no body, or {"size": …, "content_type": "…"} as application/json; the film comes afterwards.'
                )
        return UploadRequest()
    wanted = await _read_json(
        request,
        UploadRequest,
        'The JSON body may hold "size", the film\'s bytes, and "content_type", one of '
        f"{', '.join(get_args(UploadType))}.",
    )
    if wanted.size is not None and wanted.size > max_file_bytes:
        raise too_large(max_file_bytes)
    return wanted


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


async def _read_json(request: Request, model: type[Body], expected: str) -> Body:
    """Read a small JSON body; ``expected`` says what it must be."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_JSON_BYTES:
            raise errors.RequestError(f"The JSON body is larger than {MAX_JSON_BYTES:,} bytes.")
    try:
        return model.model_validate_json(bytes(body))
    except ValidationError as error:
        if any(part["type"] == "json_invalid" for part in error.errors()):
            raise errors.RequestError("The body is not valid JSON.") from None
        raise errors.InvalidParameter(expected) from None
