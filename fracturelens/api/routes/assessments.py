"""``/v1/assessments``: read a film, and look at a reading again while it is retained."""

from __future__ import annotations

import logging
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from fracturelens import errors
from fracturelens.api.body import Film, UploadReference, expected_bytes, read_film_or_upload
from fracturelens.api.caller import StoreOf
from fracturelens.api.describe import FILM_BODY, PNG, errors_of
from fracturelens.api.service import Service, ServiceOf
from fracturelens.assessment import Assessment, ClassName, HeatmapChoice
from fracturelens.decision import more_likely_fracture
from fracturelens.store import Store

log = logging.getLogger("fracturelens.api")

router = APIRouter(prefix="/v1/assessments", tags=["assessments"])

AssessmentId = Annotated[str, Path(description="The assessment's `id`.")]
LongestSide = Annotated[
    int | None,
    Query(
        ge=64,
        le=8192,
        description="Most pixels of the film's longer side. Nothing is enlarged: a film is drawn as it is read, "
        "at 512 to 1,023 pixels, or its own size if that is smaller.",
    ),
]

READING_ERRORS = errors_of(
    errors.RequestError,
    errors.MissingFile,
    errors.EmptyFile,
    errors.NotFound,
    errors.RequestTimeout,
    errors.FileTooLarge,
    errors.TooManyPixels,
    errors.UnsupportedMediaType,
    errors.UnsupportedFormat,
    errors.FilmError,
    errors.InvalidParameter,
    errors.AnswerTooLarge,
    errors.Busy,
    errors.StoreError,
    errors.DeadlineExceeded,
)
LOOKING_ERRORS = errors_of(
    errors.NotFound,
    errors.InvalidParameter,
    errors.AnswerTooLarge,
    errors.Busy,
    errors.StoreError,
    errors.DeadlineExceeded,
)


@router.post(
    "",
    response_model=Assessment,
    summary="Read a film",
    responses=READING_ERRORS,
    openapi_extra={"requestBody": FILM_BODY},
)
async def create_assessment(
    request: Request,
    service: ServiceOf,
    store: StoreOf,
    heatmaps: Annotated[
        HeatmapChoice,
        Query(description="Heatmaps to return: none, that of the fracture class with more evidence, or all three."),
    ] = HeatmapChoice.PREDICTED,
) -> Response:
    """Read one film: PNG, JPEG, TIFF, WebP or DICOM.

    Send it as a form (part `file`), as the raw body with its content type, or name one uploaded before.
    Research use only, not for diagnosis.
    """
    settings = service.settings
    with service.admission.admit(expected_bytes(request, settings.max_file_bytes)):
        sent = await read_film_or_upload(request, settings.max_file_bytes, settings.direct_max_bytes)
        work = partial(_read, service, store, sent, heatmaps)
        reading = await service.admission.run(work, gone=request.is_disconnected)
        # Whoever hung up, or was told to try again, needs the upload for that.
        if isinstance(sent, UploadReference) and not await request.is_disconnected():
            await run_in_threadpool(_drop, store, sent.upload_id)
        return Response(reading, media_type="application/json")


@router.get("/{assessment_id}", response_model=Assessment, summary="Return a reading", responses=LOOKING_ERRORS)
def get_assessment(store: StoreOf, assessment_id: AssessmentId) -> Response:
    """Return an assessment as it was given, while it is retained."""
    return Response(store.get(assessment_id).model_dump_json(), media_type="application/json")


@router.get("/{assessment_id}/overlay.png", response_class=PNG, summary="Draw a heatmap", responses=LOOKING_ERRORS)
async def get_overlay(
    request: Request,
    service: ServiceOf,
    store: StoreOf,
    assessment_id: AssessmentId,
    class_name: Annotated[
        ClassName | None,
        Query(alias="class", description="Whose Grad-CAM. Left out: the fracture class with more evidence."),
    ] = None,
    opacity: Annotated[float, Query(ge=0, le=1, description="Opacity of the heat at its peak.")] = 0.5,
    longest_side: LongestSide = None,
) -> Response:
    """Draw the film with a class's Grad-CAM over it."""

    def draw() -> bytes:
        kept = store.kept(assessment_id)
        return service.assessor.overlay(
            kept.film,
            kept.class_maps,
            class_name or more_likely_fracture(kept.assessment.probabilities),
            opacity=opacity,
            longest_side=longest_side,
            manifest=service.model.manifest(kept.assessment.model.digest),
        )

    with service.admission.admit(0):
        return PNG(await service.admission.run(draw, gone=request.is_disconnected))


@router.get("/{assessment_id}/film.png", response_class=PNG, summary="Draw the film", responses=LOOKING_ERRORS)
async def get_film(
    request: Request,
    service: ServiceOf,
    store: StoreOf,
    assessment_id: AssessmentId,
    longest_side: LongestSide = None,
) -> Response:
    """Draw the film as the reading saw it, grey and upright: for formats that browsers do not show."""

    def draw() -> bytes:
        return service.assessor.film(store.kept(assessment_id).film, longest_side=longest_side)

    with service.admission.admit(0):
        return PNG(await service.admission.run(draw, gone=request.is_disconnected))


def _read(service: Service, store: Store, sent: Film | UploadReference, heatmaps: HeatmapChoice) -> str:
    """Read one film and keep the reading; all that may block happens here, in a reader's thread."""
    film = sent.data if isinstance(sent, Film) else store.read_upload(sent.upload_id, service.settings.max_file_bytes)
    if not film:
        raise errors.EmptyFile("Nothing was sent to this upload yet. Send the film to its url first.")
    reading = service.assessor.read(film, heatmaps=heatmaps)
    store.put(reading.assessment, reading.class_maps, film)
    service.observer.reading(reading.assessment)
    return reading.assessment.model_dump_json()


def _drop(store: Store, upload_id: str) -> None:
    try:
        store.drop_upload(upload_id)
    except errors.StoreError as error:  # the reading is kept, and the upload will expire
        log.warning("upload not deleted", extra={"fields": {"code": error.code}})
