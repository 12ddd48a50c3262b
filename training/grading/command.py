"""``python -m training grading-sheet`` and ``agreement``."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from training.datasets import ADAPTERS, UNGRADED, Film, Layout


class Only(StrEnum):
    """Which films go on a sheet; the sheet does not tell."""

    ALL = "all"
    FRACTURED = "fractured"
    UNGRADED = "ungraded"

    def takes(self, film: Film) -> bool:
        return self is Only.ALL or (film.fractured if self is Only.FRACTURED else film.severity == UNGRADED)


def grading_sheet(
    data: Annotated[
        Path,
        typer.Option("--data", envvar="FRACTURELENS_DATA", help="The films: a folder, or a CSV file."),
    ],
    out: Annotated[Path, typer.Option("--out", help="The HTML file to write.")],
    layout: Annotated[
        Layout, typer.Option("--layout", help="How the films and their labels are laid out.")
    ] = Layout.FRACATLAS,
    where: Annotated[
        list[str] | None,
        typer.Option("--where", help="Only films with this attribute, as site=elbow; may be repeated."),
    ] = None,
    only: Annotated[Only, typer.Option("--only", help="Only films labelled fractured, or ungraded ones.")] = Only.ALL,
    films: Annotated[
        int | None, typer.Option("--films", min=1, help="How many, drawn at random; default: all of them.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the draw, and of the order for each reader.")] = 0,
    repeats: Annotated[
        float, typer.Option("--repeats", min=0, max=0.5, help="Share of films that each reader sees twice.")
    ] = 0.1,
    side: Annotated[int, typer.Option("--side", min=256, max=4096, help="Longest side of a film, pixels.")] = 1024,
    reader: Annotated[str, typer.Option("--reader", help="Reader that the sheet proposes.")] = "",
) -> None:
    """Write one HTML file on which clinicians grade films; it connects to nothing and shows no label."""
    from training.grading import sheet as sheets

    dataset = ADAPTERS[layout](data).where(where or [])
    chosen = sheets.choose([film for film in dataset.films if only.takes(film)], films, seed)
    made = sheets.sheet(chosen, out, seed=seed, repeats=repeats, side=side, reader=reader)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(made.html(), encoding="utf-8")
    megabytes = out.stat().st_size / 10**6
    typer.echo(f"written: {out} ({len(made.films):,} films, {made.repeats:,} of them twice, {megabytes:.1f} MB)")


def agreement(
    grades: Annotated[list[Path], typer.Argument(help="CSV files that readers saved from grading sheets.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")] = False,
) -> None:
    """Say how far readers agree, with one another and with themselves: Cohen's kappa, Krippendorff's alpha."""
    from training.grading import grades as files
    from training.grading.agreement import agreement as compare
    from training.grading.words import page

    found = compare(files.read(grades))
    typer.echo(json.dumps(found, ensure_ascii=False) if as_json else page(found))
