"""The command line: ``fracturelens serve | assess | model | registry | doctor``.

Each command is a module with a ``register`` function, listed once in ``COMMANDS``. Command modules import what they
need inside the command, so that ``--help`` and shell completion answer at once.
"""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from fracturelens import DISCLAIMER, __version__
from fracturelens.cli import assess, doctor, model, registry, serve
from fracturelens.cli.options import ModelOption
from fracturelens.cli.terminal import OneLineErrors

COMMANDS = (serve, assess, model, registry, doctor)

EPILOG = f"""\b
Examples:
  fracturelens serve                             the page and the API at http://127.0.0.1:8000
  fracturelens assess elbow.png                  read one film
  fracturelens assess --json films/ > all.jsonl  read a folder, one JSON object a line
  fracturelens assess --overlay seen films/      also draw where the model looked
  fracturelens registry list                     models by version, and which one is read with
  fracturelens doctor                            check this installation, and say what to do

\b
{DISCLAIMER}
"""

# Plain help, not Rich's panels: it costs half the start-up time, and reads the same in a log.
app = typer.Typer(
    name="fracturelens",
    cls=OneLineErrors,
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in COMMANDS:
    command.register(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fracturelens {__version__}")
        raise typer.Exit


@app.callback()
def fracturelens(
    context: typer.Context,
    model: ModelOption = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Read elbow films: normal, hairline or displaced, with calibrated probabilities and an exact Grad-CAM."""
    context.obj = model


def main() -> None:
    """Run the command line; the console script's entry point."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # no terminal is too old to be told a film's name
    app(prog_name="fracturelens")
