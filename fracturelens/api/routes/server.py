"""What the server says about itself to anybody: its health, and what the page needs to know."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from fracturelens import DISCLAIMER, __version__
from fracturelens.api.service import ServiceOf
from fracturelens.assessment import ModelInfo

router = APIRouter(tags=["server"])


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
    direct_max_bytes: int | None = Field(
        description="Larger films have to go by `POST /v1/uploads`; null: none has to, up to `max_file_bytes`."
    )
    retention_hours: float = Field(description="How long films and results are kept; 0: not at all.")
    disclaimer: str = DISCLAIMER


@router.get("/healthz", summary="Tell that the server is up")
async def get_health(service: ServiceOf) -> Health:
    """Answer at once, without touching a disk, a thread or the queue."""
    return Health(model=service.assessor.model)


@router.get("/config.json", summary="Configure the page")
async def get_page_config(service: ServiceOf) -> PageConfig:
    """Return the limits that the page tells its user before a film is sent."""
    settings = service.settings
    return PageConfig(
        max_file_bytes=settings.max_file_bytes,
        direct_max_bytes=settings.direct_max_bytes,
        retention_hours=settings.retention_hours,
    )
