"""``fracturelens assess``: read films from files and folders, one line a film."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from fracturelens.cli import films
from fracturelens.cli.options import ModelOption, load_settings
from fracturelens.cli.terminal import SOME_FAILED, Progress

EPILOG = """\b
Examples:
  fracturelens assess elbow.png
  fracturelens assess --json films/ | jq -r '[.file, .outcome] | @tsv'
  fracturelens assess --overlay seen films/
  curl -s URL | fracturelens assess --json --heatmaps all -

Exit status: 0 all films read, 1 some failed, 2 wrong usage.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EPILOG)(assess)


def assess(
    context: typer.Context,
    names: Annotated[
        list[str],
        typer.Argument(metavar="FILES...", help="Films, folders (searched below), or '-' for standard input."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object a line for each film.")] = False,
    overlay: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Also write each film with its heatmap, as PNG; nothing is overwritten."),
    ] = None,
    heatmaps: Annotated[
        Literal["none", "predicted", "all"] | None,
        typer.Option(help="Heatmaps to put in the JSON, as PNG data URLs.  [default: none]"),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, max=64, metavar="N", help="Films read at once.  [default: the CPUs, at most 4]"),
    ] = None,
    model: ModelOption = None,
) -> None:
    """Read films: the outcome, calibrated probabilities and the severity of each.

    A file that cannot be read gets a line with its error, and the run goes on.
    """
    if heatmaps and not as_json:
        raise typer.BadParameter("it needs --json; pictures are written by --overlay DIR.", param_hint="--heatmaps")

    from fracturelens.assessment import HeatmapChoice
    from fracturelens.cli.overlays import OverlayFolder
    from fracturelens.cli.reader import Reader, in_order
    from fracturelens.cli.reports import JsonLines, Table
    from fracturelens.cli.runtime import ready_assessor

    settings = load_settings(context, model=model, instances=jobs)
    found = films.find(names)
    assessor = ready_assessor(settings)
    overlays = OverlayFolder(overlay) if overlay else None
    reader = Reader(assessor, settings.max_file_bytes, HeatmapChoice(heatmaps or "none"), draw=overlay is not None)
    report = JsonLines() if as_json else Table(assessor.model, [film.name for film in found])

    failed = 0
    with Progress(len(found)) as progress:
        progress.print(*report.header())
        for outcome in in_order(reader.read, found, settings.readers):
            kept = overlays.keep(outcome) if overlays else outcome
            failed += kept.error is not None
            progress.advance()
            progress.print(*report.lines(kept))
        progress.print(*report.footer(len(found) - failed, failed))
    if failed:
        raise typer.Exit(SOME_FAILED)
