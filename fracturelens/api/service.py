"""What the routes work with: made once by the app factory, handed to each request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import Request
from starlette.types import Scope

from fracturelens.api.admission import Admission
from fracturelens.api.current import CurrentModel
from fracturelens.api.observer import Observer
from fracturelens.assess import Assessor
from fracturelens.settings import Settings
from fracturelens.store import Store

Identify = Callable[[Scope], str]
"""Names the caller of a request: any text, the same for one person each time, and different for two.

Raises ``Unauthenticated`` if nothing tells who asks, and ``NotPermitted`` if that person may not. It is called in the
event loop, so it must not block: whoever stands in front (API Gateway, a proxy) has verified what it reads.
"""


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of a running server; ``store`` is everybody's: routes take the caller's own (``StoreOf``)."""

    settings: Settings
    model: CurrentModel
    store: Store
    admission: Admission
    identify: Identify
    observer: Observer

    @property
    def assessor(self) -> Assessor:
        """Return what reads films now; the next call may return another."""
        return self.model.assessor


async def service_of(request: Request) -> Service:
    """Return the service of the app that answers a request."""
    return cast(Service, request.app.state.service)


ServiceOf = Annotated[Service, Depends(service_of)]
