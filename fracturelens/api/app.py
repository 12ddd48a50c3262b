"""The app factory: model, store, routes and guards put together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from fracturelens import errors
from fracturelens.api import problems, reference
from fracturelens.api.admission import Admission
from fracturelens.api.caller import anyone
from fracturelens.api.contract import Api
from fracturelens.api.current import CurrentModel
from fracturelens.api.guards import HostGuard, OriginGuard, own_hosts
from fracturelens.api.headers import SecurityHeaders
from fracturelens.api.journal import Journal
from fracturelens.api.limits import BodyLimit
from fracturelens.api.observer import Guarded, Observer, Unobserved
from fracturelens.api.page import Page, page_folder
from fracturelens.api.service import Identify, Service
from fracturelens.assess import Assessor
from fracturelens.settings import MEBIBYTE, Settings, load
from fracturelens.store import Store, open_store

EXPIRY_SECONDS: Final = 600
"""How often a server deletes what has expired, used or idle."""

log = logging.getLogger("fracturelens.api")


def create_app(
    settings: Settings | None = None,
    *,
    assessor: Assessor | None = None,
    store: Store | None = None,
    identify: Identify = anyone,
    observer: Observer | None = None,
) -> FastAPI:
    """Put the API together.

    Parameters
    ----------
    settings
        Read from the environment if left out.
    assessor
        Reads the films, until the registry has another; opened as the settings say if left out.
    store
        Keeps them; opened as the settings say if left out.
    identify
        Names the caller of each request below ``/v1``, whose store is then that caller's own; see ``Identify``.
    observer
        Gets told of each reading, of each failure on the service's side, and of models that could not be had.

    Raises
    ------
    InvalidSetting
        If an environment variable is outside its range.
    BundleError
        If a folder is named, and its bundle is missing, damaged or too new. For a model of a registry that cannot be
        had, the shipped one is read with.
    StoreError
        If the data folder cannot be written.
    """
    told = Guarded(observer or Unobserved())
    settings = settings or load()
    if store is None:
        store = open_store(settings.store, retention=settings.retention, capacity=settings.store_mb * MEBIBYTE)
    model = CurrentModel(settings, told, assessor)
    admission = Admission(
        readers=settings.readers,
        waiting=settings.queue,
        held_bytes=settings.queue_mb * MEBIBYTE,
        patience=settings.queue_seconds,
    )
    app = Api(
        lifespan=_between_requests(store, model, settings.model_refresh_seconds),
        # Outermost first: every answer, also a refusal, gets its headers and its line in the log.
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(Journal, observer=told),
            Middleware(HostGuard, hosts=own_hosts(settings.host, settings.hosts)),
            Middleware(OriginGuard, origins=settings.origins),
            Middleware(BodyLimit, max_file_bytes=settings.max_file_bytes, idle_seconds=settings.idle_seconds),
        ],
        exception_handlers={
            HTTPException: problems.raise_http_error,
            RequestValidationError: problems.raise_invalid_parameter,
        },
    )
    app.state.service = Service(settings, model, store, admission, identify, told)
    reference.add_to(app)
    if folder := page_folder():
        # Not a route: a path that the API has, asked with the wrong method, must stay a 405.
        app.router.default = Page(folder)
    return app


def _between_requests(
    store: Store, model: CurrentModel, refresh_seconds: float
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Return the app's lifespan: while it runs, an idle server forgets as punctually as a busy one, and keeps up."""

    async def sweep() -> None:
        while True:
            await asyncio.sleep(EXPIRY_SECONDS)
            try:
                await run_in_threadpool(store.expire)
            except errors.StoreError as error:
                log.warning("expiry failed", extra={"fields": {"code": error.code}})

    async def refresh() -> None:
        while True:
            await asyncio.sleep(refresh_seconds)
            await run_in_threadpool(model.refresh)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(sweep())]
        if refresh_seconds:
            tasks.append(asyncio.create_task(refresh()))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()

    return lifespan
