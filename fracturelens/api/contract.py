"""The routes and their OpenAPI document, before a model or a store is connected to them."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from fastapi import Depends, FastAPI
from pydantic import BaseModel

from fracturelens import DISCLAIMER, __version__, errors
from fracturelens.api.body import UploadReference, UploadRequest
from fracturelens.api.caller import caller_of
from fracturelens.api.describe import errors_of
from fracturelens.api.problems import Problem
from fracturelens.api.routes import FOR_ANYBODY, FOR_CALLERS

DESCRIPTION = f"""Explained, calibrated normal / hairline / displaced readings of elbow films.

{DISCLAIMER}"""


class Api(FastAPI):
    """The routes and their description, not yet connected to a model or a store."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            title="Fracturelens",
            version=__version__,
            description=DESCRIPTION,
            # The framework's own pages load scripts from other sites; ours is in ``reference``.
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
            **options,
        )
        refusals = errors_of(errors.Unauthenticated, errors.NotPermitted)
        for router in FOR_CALLERS:
            self.include_router(router, dependencies=[Depends(caller_of)], responses=refusals)
        for router in FOR_ANYBODY:
            self.include_router(router)

    def openapi(self) -> dict[str, Any]:
        """Return the document, with our errors in place of the framework's."""
        return self._document

    @cached_property
    def _document(self) -> dict[str, Any]:
        document = super().openapi()
        schemas = document["components"]["schemas"]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for methods in document["paths"].values():
            for operation in methods.values():
                # The framework adds its own 422 to whatever has a parameter, also to one that takes any text.
                if "application/json" in operation["responses"].get("422", {}).get("content", {}):
                    del operation["responses"]["422"]
        for model in (Problem, UploadReference, UploadRequest):
            schemas[model.__name__] = schema_of(model)
        document["components"]["schemas"] = dict(sorted(schemas.items()))
        return document


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of a model that no route names as its own."""
    return model.model_json_schema(ref_template="#/components/schemas/{model}")
