"""``/v1/assessments``: read a film, and look at a reading again while it is retained."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from fracturelens import errors
from fracturelens.api.body import Film, UploadReference, expected_bytes, read_film_or_upload
from fracturelens.api.describe import FILM_BODY, PNG, errors_of
from fracturelens.api.service import Service, ServiceOf
from fracturelens.assessment import Assessment, ClassName, HeatmapChoice
from fracturelens.decision import more_likely_fracture

router = APIRouter(prefix="/v1/assessments", tags=["assessments"])

AssessmentId = Annotated[str, Path(description="The assessment's `id`.")]

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
    errors.Busy,
    errors.StoreError,
)
LOOKING_ERRORS = errors_of(errors.NotFound, errors.InvalidParameter, errors.Busy, errors.StoreError)


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
    heatmaps: Annotated[
        HeatmapChoice,
        Query(description="Heatmaps to return: none, that of the fracture class with more evidence, or all three."),
    ] = HeatmapChoice.PREDICTED,
) -> Response:
    """Read one film: PNG, JPEG, TIFF, WebP or DICOM.

    Send it as a form (part `file`), as the raw body with its content type, or name one uploaded before.
    Research use only, not for diagnosis.
    """
    max_file_bytes = service.settings.max_file_bytes
    with service.admission.admit(expected_bytes(request, max_file_bytes)):
        sent = await read_film_or_upload(request, max_file_bytes)
        work = partial(_read, service, sent, heatmaps)
        return Response(await service.admission.run(work, gone=request.is_disconnected), media_type="application/json")


@router.get("/{assessment_id}", response_model=Assessment, summary="Return a reading", responses=LOOKING_ERRORS)
def get_assessment(service: ServiceOf, assessment_id: AssessmentId) -> Response:
    """Return an assessment as it was given, while it is retained."""
    return Response(service.store.get(assessment_id).model_dump_json(), media_type="application/json")


@router.get("/{assessment_id}/overlay.png", response_class=PNG, summary="Draw a heatmap", responses=LOOKING_ERRORS)
async def get_overlay(
    request: Request,
    service: ServiceOf,
    assessment_id: AssessmentId,
    class_name: Annotated[
        ClassName | None,
        Query(alias="class", description="Whose Grad-CAM. Left out: the fracture class with more evidence."),
    ] = None,
    opacity: Annotated[float, Query(ge=0, le=1, description="Opacity of the heat at its peak.")] = 0.5,
) -> Response:
    """Draw the film with a class's Grad-CAM over it."""

    def draw() -> bytes:
        assessment = service.store.get(assessment_id)
        return service.assessor.overlay(
            service.store.film(assessment_id),
            service.store.class_maps(assessment_id),
            class_name or more_likely_fracture(assessment.probabilities),
            opacity=opacity,
        )

    with service.admission.admit(0):
        return PNG(await service.admission.run(draw, gone=request.is_disconnected))


@router.get("/{assessment_id}/film.png", response_class=PNG, summary="Draw the film", responses=LOOKING_ERRORS)
async def get_film(request: Request, service: ServiceOf, assessment_id: AssessmentId) -> Response:
    """Draw the film as the reading saw it, grey and upright: for formats that browsers do not show."""

    def draw() -> bytes:
        return service.assessor.film(service.store.film(assessment_id))

    with service.admission.admit(0):
        return PNG(await service.admission.run(draw, gone=request.is_disconnected))


def _read(service: Service, sent: Film | UploadReference, heatmaps: HeatmapChoice) -> str:
    """Read one film and keep the reading; all that may block happens here, in a reader's thread."""
    film = sent.data if isinstance(sent, Film) else service.store.read_upload(sent.upload_id)
    if not film:
        raise errors.EmptyFile("Nothing was sent to this upload yet. PUT the film to its url first.")
    reading = service.assessor.read(film, heatmaps=heatmaps)
    service.store.put(reading.assessment, reading.class_maps, film)
    if isinstance(sent, UploadReference):
        service.store.drop_upload(sent.upload_id)
    return reading.assessment.model_dump_json()
