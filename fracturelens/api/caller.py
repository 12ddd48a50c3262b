"""Who asks: one function names the caller of a request, and a route sees only what is that caller's own."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request
from starlette.types import Scope

from fracturelens.api.service import ServiceOf
from fracturelens.store import ANYONE, Store


def anyone(_: Scope) -> str:
    """Name everybody alike: for a server without sign-in, on the machine of the one who uses it."""
    return ANYONE


async def caller_of(request: Request, service: ServiceOf) -> str:
    """Return who asks; every route below ``/v1`` does, before it looks at anything else of the request."""
    return service.identify(request.scope)


async def store_of(service: ServiceOf, caller: Annotated[str, Depends(caller_of)]) -> Store:
    """Return the store as the caller sees it."""
    return service.store.of(caller)


StoreOf = Annotated[Store, Depends(store_of)]
