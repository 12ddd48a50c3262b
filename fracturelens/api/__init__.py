"""The HTTP API, version 1: ``create_app`` puts it together, for uvicorn, for Lambda and for tests alike."""

from __future__ import annotations

from fracturelens.api.app import create_app

__all__ = ["create_app"]
