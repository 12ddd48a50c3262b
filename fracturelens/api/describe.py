"""How the OpenAPI document tells what code alone does not: raw bodies, pictures and problems."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from fracturelens import errors
from fracturelens.api import problems

_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_RAW: Final = dict.fromkeys(("application/octet-stream", "application/dicom", "image/*"), _BINARY)
_PROBLEM: Final = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}

UPLOAD_BODY: Final = {
    "required": False,
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/UploadRequest"}}},
}
RAW_BODY: Final = {"required": True, "content": _RAW}
FILM_BODY: Final = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary", "description": "The film."}},
            }
        },
        **_RAW,
        "application/json": {"schema": {"$ref": "#/components/schemas/UploadReference"}},
    },
}


class PNG(Response):
    """A picture."""

    media_type = "image/png"


def errors_of(*kinds: type[errors.FracturelensError]) -> dict[int | str, dict[str, Any]]:
    """Describe the errors of a route, by status; each status names its codes."""
    codes: dict[int, list[str]] = {}
    for kind in sorted(kinds, key=lambda kind: (kind.status, kind.code)):
        codes.setdefault(kind.status, []).append(f"`{kind.code}`")
    return {status: {"description": ", ".join(names), "content": _PROBLEM} for status, names in codes.items()}
