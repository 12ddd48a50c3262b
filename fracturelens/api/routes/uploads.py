"""``/v1/uploads``: send a film first and have it read later, for places where requests must be small."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from fracturelens import errors
from fracturelens.api.body import checked, expected_bytes, media_type
from fracturelens.api.describe import RAW_BODY, errors_of
from fracturelens.api.service import ServiceOf
from fracturelens.store import Upload

router = APIRouter(prefix="/v1/uploads", tags=["uploads"])


@router.post(
    "", status_code=201, summary="Open an upload", responses=errors_of(errors.NotFound, errors.Busy, errors.StoreError)
)
def create_upload(service: ServiceOf) -> Upload:
    """Say where to send a film: send it to `url` with `method` and `headers`, then post its `upload_id`.

    An upload is deleted once it is read, or when it expires.
    """
    return service.store.new_upload(service.settings.max_file_bytes)


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
    request: Request, service: ServiceOf, upload_id: Annotated[str, Path(description="The upload's `upload_id`.")]
) -> Response:
    """Take the bytes of a film; sent twice, the later one counts."""
    max_file_bytes = service.settings.max_file_bytes
    media_type(request)
    with service.admission.admit(expected_bytes(request, max_file_bytes)):
        film = checked(await request.body(), max_file_bytes)
        await run_in_threadpool(service.store.write_upload, upload_id, film)
    return Response(status_code=204)
