"""The command line: start the system, say what runs where, stop it in good order; or get a token of a running one."""

from __future__ import annotations

import errno
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from infra.contract import DISCLAIMER
from infra.local.child import NotReady
from infra.local.emulator import EmulatorUnavailable
from infra.local.resources import BUCKET, PASSWORD, USERS

if TYPE_CHECKING:
    import uvicorn

    from infra.local.system import System

HOST: Final = "127.0.0.1"
PORT: Final = 8000
GRACE_SECONDS: Final = 5
"""How long accepted requests may still take once the system was told to stop."""
BACKLOG: Final = 2048
FAILED: Final = 1
ENDS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, a polite kill, and a terminal that is closed."""

START_EPILOG = """\b
Examples:
  make aws-local
  python -m infra.local --port 8123
  python -m infra.local token
  curl -H "Authorization: Bearer $(python -m infra.local token)" -F file=@film.png http://127.0.0.1:8000/v1/assessments

docs/local.md says what stands in for what, and what AWS does differently. Research use only, not for diagnosis.
"""

cli = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


@cli.callback(invoke_without_command=True, epilog=START_EPILOG)
def start(
    context: typer.Context,
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Port of the page and the API; 0 takes a free one.")
    ] = PORT,
    quiet: Annotated[bool, typer.Option("--quiet", help="Leave out what the function writes to its log.")] = False,
    requests: Annotated[bool, typer.Option("--requests", help="Show each request that AWS (moto) gets, too.")] = False,
) -> None:
    """Run the deployed system on this machine, without AWS, Docker or Node.

    The real function runs in AWS's own Lambda emulator; moto stands in for S3 and Cognito, and a small gateway for
    CloudFront, API Gateway with its authoriser, and the hosted sign-in. Everything listens on this machine only and
    lives in memory: what was sent is gone when it stops.
    """
    if context.invoked_subcommand:
        return
    # Before anything is loaded: that takes a while, and a taken port makes it pointless.
    with _stopped_by_signals(), _listen(port) as listener:
        port = listener.getsockname()[1]
        origins = tuple(f"http://{host}:{port}" for host in (HOST, "localhost"))
        from infra.local.system import started

        try:
            with started(origins, loud=requests, say=_nothing if quiet else _say) as system:
                _serve(system, listener, origins[0])
        except (NotReady, EmulatorUnavailable) as error:
            _give_up(str(error))


@cli.command()
def token(
    user: Annotated[str, typer.Option(metavar="NAME", help=f"One of {', '.join(USERS)}.")] = next(iter(USERS)),
    password: Annotated[str, typer.Option(metavar="TEXT", help="Of users that you made yourself.")] = PASSWORD,
    url: Annotated[str, typer.Option(metavar="URL", help="Where the system runs.")] = f"http://{HOST}:{PORT}",
) -> None:
    """Sign a user of a running system in as the page does, and print the access token; it is good for an hour."""
    from infra.local.sign_in import NoToken, token_for

    try:
        typer.echo(token_for(url.rstrip("/"), user, password))
    except NoToken as error:
        _give_up(str(error))


def main() -> None:
    """Run the command line."""
    cli(prog_name="python -m infra.local")


def _serve(system: System, listener: socket.socket, url: str) -> None:
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                typer.echo(_banner(system, url))
                sys.stdout.flush()

    config = uvicorn.Config(
        system.gateway,
        log_level="warning",
        proxy_headers=False,  # the gateway is the first to see a request, and adds to X-Forwarded-For itself
        server_header=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = Server(config)
    threading.Thread(target=_watch, args=(system, server), daemon=True).start()
    server.run(sockets=[listener])
    if system.cloud.status is not None:
        _give_up(f"{system.cloud.name} has ended by itself, with status {system.cloud.status}; what it kept is gone.")


def _watch(system: System, server: uvicorn.Server) -> None:
    while system.cloud.status is None:
        time.sleep(0.2)
    server.should_exit = True


def _banner(system: System, url: str) -> str:
    made = system.resources
    users = ", ".join(f"{user} (group {group})" for user, group in USERS.items())
    return (
        f"Fracturelens runs here as it is deployed. {DISCLAIMER}\n"
        f"  Page      {url}\n"
        f"  Users     {users}; password {PASSWORD}\n"
        f"  Token     {_python()} -m infra.local token --url {url}\n"
        f"  AWS       {made.endpoint} (moto: S3, Cognito; any credentials)\n"
        f"  Films     s3://{BUCKET}\n"
        f"  Sign-in   user pool {made.pool}, client {made.client}\n"
        "Everything is in memory and on this machine only. What the function logs follows. Ctrl-C stops it."
    )


def _python() -> str:
    """Return how to call this interpreter from here."""
    here, python = Path.cwd(), Path(sys.executable)
    return str(python.relative_to(here) if python.is_relative_to(here) else python)


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        why = "is taken by another program" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
        other = 8001 if port != 8001 else 8002
        _give_up(f"Port {port} {why}. Choose another one: make aws-local PORT={other}, or --port {other}.")
    return listener


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Make signals end the command with status 0, while it starts as well as after the server has stopped."""

    def stop(number: int, frame: FrameType | None) -> None:
        for again in before:  # whoever presses Ctrl-C twice must not keep us from ending what we started
            signal.signal(again, signal.SIG_IGN)
        sys.exit(0)

    before = {number: signal.signal(number, stop) for number in ENDS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(line: str) -> None:
    with suppress(BrokenPipeError):  # nobody reads on, after `| head`; the function must not wait for them
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def _nothing(line: str) -> None:
    """Drop a line."""


def _give_up(why: str) -> NoReturn:
    typer.echo(f"error: {why}", err=True)
    raise typer.Exit(FAILED)
