"""The routes, one module for each resource."""

from __future__ import annotations

from fracturelens.api.routes import assessments, model, server, uploads

FOR_CALLERS = (assessments.router, uploads.router, model.router)
"""Below ``/v1``: these first learn who asks."""
FOR_ANYBODY = (server.router,)
