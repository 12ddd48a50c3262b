"""``/v1/model``: what reads the films."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from fracturelens import DISCLAIMER
from fracturelens.api.service import ServiceOf
from fracturelens.bundle import Manifest

router = APIRouter(prefix="/v1/model", tags=["server"])


class ModelDescription(BaseModel):
    """The model in use: the bundle's manifest and the SHA-256 of its graph."""

    model_config = ConfigDict(frozen=True)

    digest: str = Field(description="SHA-256 of the graph; also in every assessment.")
    manifest: Manifest
    disclaimer: str = DISCLAIMER


@router.get("", summary="Describe the model")
async def get_model(service: ServiceOf) -> ModelDescription:
    """Return what the model bundle says about itself: classes, operating points, origin, figures."""
    assessor = service.assessor
    return ModelDescription(digest=assessor.model.digest, manifest=assessor.bundle.manifest)
