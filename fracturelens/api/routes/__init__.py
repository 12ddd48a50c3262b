"""The routes, one module for each resource."""

from __future__ import annotations

from fracturelens.api.routes import assessments, server, uploads

ROUTERS = (assessments.router, uploads.router, server.router)
