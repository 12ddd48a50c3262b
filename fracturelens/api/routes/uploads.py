"""``/v1/uploads``: send a film first and have it read later, for places where requests must be small."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from fracturelens import errors
from fracturelens.api.body import checked, expected_bytes, media_type, read_upload_request
from fracturelens.api.caller import StoreOf
from fracturelens.api.describe import RAW_BODY, UPLOAD_BODY, errors_of
from fracturelens.api.service import ServiceOf
from fracturelens.store import Upload

router = APIRouter(prefix="/v1/uploads", tags=["uploads"])


@router.post(
    "",
    status_code=201,
    summary="Open an upload",
    responses=errors_of(
        errors.RequestError,
        errors.NotFound,
        errors.RequestTimeout,
        errors.FileTooLarge,
        errors.UnsupportedMediaType,
        errors.InvalidParameter,
        errors.Busy,
        errors.StoreError,
    ),
    openapi_extra={"requestBody": UPLOAD_BODY},
)
async def create_upload(request: Request, service: ServiceOf, store: StoreOf) -> Upload:
    """Say where to send a film: send it to `url` with `method`, then post its `upload_id`.

    `PUT`: the film is the body, with `headers`. `POST`: it is the last part, `file`, of a form that begins with
    `fields`. An upload is deleted once it is read, or when it expires.
    """
    max_file_bytes = service.settings.max_file_bytes
    wanted = await read_upload_request(request, max_file_bytes)
    open_upload = partial(store.new_upload, max_file_bytes, size=wanted.size, content_type=wanted.content_type)
    return await run_in_threadpool(open_upload)


@router.put(
    "/{upload_id}",
    status_code=204,
    summary="Send a film",
    responses=errors_of(
        errors.EmptyFile,
        errors.NotFound,
        errors.RequestTimeout,
        errors.FileTooLarge,
        errors.UnsupportedMediaType,
        errors.Busy,
        errors.StoreError,
    ),
    openapi_extra={"requestBody": RAW_BODY},
)
async def put_upload(
    request: Request,
    service: ServiceOf,
    store: StoreOf,
    upload_id: Annotated[str, Path(description="The upload's `upload_id`.")],
) -> Response:
    """Take the bytes of a film; sent twice, the later one counts."""
    max_file_bytes = service.settings.max_file_bytes
    media_type(request)
    with service.admission.admit(expected_bytes(request, max_file_bytes)):
        film = checked(await request.body(), max_file_bytes)
        await run_in_threadpool(store.write_upload, upload_id, film)
    return Response(status_code=204)
