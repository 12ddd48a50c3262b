"""What the routes work with: made once by the app factory, handed to each request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import Request

from fracturelens.api.admission import Admission
from fracturelens.assess import Assessor
from fracturelens.settings import Settings
from fracturelens.store import Store


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of a running server."""

    settings: Settings
    assessor: Assessor
    store: Store
    admission: Admission


async def service_of(request: Request) -> Service:
    """Return the service of the app that answers a request."""
    return cast(Service, request.app.state.service)


ServiceOf = Annotated[Service, Depends(service_of)]
