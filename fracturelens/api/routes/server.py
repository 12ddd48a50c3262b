"""What the server says about itself: the model, its health, and what the page needs to know."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from fracturelens import DISCLAIMER, __version__
from fracturelens.api.service import ServiceOf
from fracturelens.assessment import ModelInfo
from fracturelens.bundle import Manifest

router = APIRouter(tags=["server"])


class ModelDescription(BaseModel):
    """The model in use: the bundle's manifest and the SHA-256 of its graph."""

    model_config = ConfigDict(frozen=True)

    digest: str = Field(description="SHA-256 of the graph; also in every assessment.")
    manifest: Manifest
    disclaimer: str = DISCLAIMER


class Health(BaseModel):
    """The server is up."""

    model_config = ConfigDict(frozen=True)

    status: str = "ok"
    version: str = __version__
    model: ModelInfo


class PageConfig(BaseModel):
    """What the page needs to know before the first film."""

    model_config = ConfigDict(frozen=True)

    api: str = Field("/v1", description="Where the API is.")
    version: str = __version__
    max_file_bytes: int
    retention_hours: float = Field(description="How long films and results are kept; 0: not at all.")
    disclaimer: str = DISCLAIMER


@router.get("/v1/model", summary="Describe the model")
async def get_model(service: ServiceOf) -> ModelDescription:
    """Return what the model bundle says about itself: classes, operating points, origin, figures."""
    return ModelDescription(digest=service.assessor.model.digest, manifest=service.assessor.bundle.manifest)


@router.get("/healthz", summary="Tell that the server is up")
async def get_health(service: ServiceOf) -> Health:
    """Answer at once, without touching a disk, a thread or the queue."""
    return Health(model=service.assessor.model)


@router.get("/config.json", summary="Configure the page")
async def get_page_config(service: ServiceOf) -> PageConfig:
    """Return the limits that the page tells its user before a film is sent."""
    settings = service.settings
    return PageConfig(max_file_bytes=settings.max_file_bytes, retention_hours=settings.retention_hours)
