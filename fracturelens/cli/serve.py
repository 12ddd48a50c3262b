"""``fracturelens serve``: the page and the API on this machine."""

from __future__ import annotations

import logging
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from fracturelens import DISCLAIMER
from fracturelens.cli.options import ModelOption, load_settings
from fracturelens.cli.terminal import SOME_FAILED

if TYPE_CHECKING:
    from fracturelens.assessment import ModelInfo
    from fracturelens.settings import Settings

GRACE_SECONDS = 30
"""How long accepted requests may still take once the server was told to stop."""

log = logging.getLogger("fracturelens.cli")

EPILOG = """\b
Examples:
  fracturelens serve
  fracturelens serve --port 8001 --data /var/lib/fracturelens

Every option is also a variable (FRACTURELENS_PORT, ...); docs/settings.md lists them all. Ctrl-C stops the server once
the films that it has accepted are read.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EPILOG)(serve)


def serve(
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Address to listen on.  [default: 127.0.0.1]")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, max=65535, help="Port to listen on; 0 takes a free one.  [default: 8000]"),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Keeps films and results for a while; or s3://BUCKET/PREFIX.  [default: ~/.local/share/fracturelens]",
        ),
    ] = None,
    model: ModelOption = None,
) -> None:
    """Serve the page and the API; by default for this machine only."""
    from fracturelens.cli.address import listen, url

    settings = load_settings(context, model=model, host=host, port=port, store=data)
    # Before anything is loaded: that takes a while, and a taken port makes it pointless.
    with _stopped_by_signals(), listen(settings.host, settings.port) as listener:
        _serve(settings, listener, url(settings.host, listener.getsockname()[1]))


def _serve(settings: Settings, listener: socket.socket, url: str) -> None:
    import logging.config

    import uvicorn

    from fracturelens.api import create_app
    from fracturelens.api.current import open_or_fall_back
    from fracturelens.api.logs import log_config
    from fracturelens.api.observer import Unobserved
    from fracturelens.cli.address import is_loopback
    from fracturelens.cli.runtime import ready_assessor

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                typer.echo(_banner(settings, assessor.model, url))

    # A line for each request is for programs to keep; who watches a terminal wants to see what went wrong.
    logs = log_config("WARNING" if sys.stderr.isatty() else "INFO")
    logging.config.dictConfig(logs)  # before the model, which may not be the one that was asked for
    assessor = ready_assessor(settings, lambda settings: open_or_fall_back(settings, Unobserved()))
    config = uvicorn.Config(
        create_app(settings, assessor=assessor),
        log_config=logs,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    if not is_loopback(settings.host):
        _warn_of_visitors(settings.host)
    server = Server(config)
    server.run(sockets=[listener])
    if not server.started:  # uvicorn has said why
        raise typer.Exit(SOME_FAILED)


def _warn_of_visitors(host: str) -> None:
    warning = (
        f"{host} can be reached from other machines, and there is no sign-in here: whoever reaches it can send films "
        "and read with this model. Put a proxy with sign-in in front (and name its host in FRACTURELENS_HOSTS), or use "
        "--host 127.0.0.1."
    )
    if sys.stderr.isatty():
        typer.echo(f"warning: {warning}", err=True)
    else:  # where programs read, every line is JSON
        log.warning(warning)


def _banner(settings: Settings, model: ModelInfo, url: str) -> str:
    return (
        f"Fracturelens is ready. {DISCLAIMER}\n"
        f"  Page   {url}\n"
        f"  Model  {model.name} {model.version} ({model.digest[:12]})\n"
        f"  Data   {_kept(settings)}\n"
        "Ctrl-C stops it."
    )


def _kept(settings: Settings) -> str:
    if not settings.retention_hours:
        return "nothing is kept"
    # In a bucket it is a lifecycle rule that deletes, and whoever made the bucket has made it.
    expired = "not shown any more" if isinstance(settings.store, str) else "deleted"
    return f"{settings.store} (films and results are {expired} after {settings.retention_hours:g} h)"


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Make SIGINT and SIGTERM end the command with status 0, while loading as well as after the server has stopped.

    Uvicorn handles both while it runs, finishes what it accepted, and then raises them again for whoever comes before.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        sys.exit(0)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
