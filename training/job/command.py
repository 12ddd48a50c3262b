"""``python -m training job``: what an EC2 host runs, and anybody who wants a training that may be stopped."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Annotated

import typer

from fracturelens.errors import FracturelensError
from training.datasets import DataError, Layout


def job(
    data: Annotated[
        str, typer.Option("--data", help="The films: a folder, a CSV file, or s3://bucket/prefix of either.")
    ],
    registry: Annotated[
        str,
        typer.Option("--registry", "--out", help="Gets the new version and the checkpoints: a folder, or s3://bucket."),
    ],
    work: Annotated[Path, typer.Option(help="Folder for films and checkpoints; what it holds is used again.")],
    layout: Annotated[
        Layout, typer.Option("--layout", help="How the films and their labels are laid out.")
    ] = Layout.FRACATLAS,
    recipe: Annotated[
        Path | None, typer.Option("--recipe", help="JSON file of settings; default is the shipped recipe.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="No stage is trained longer than this.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of everything random; default is the recipe's.")] = None,
    version: Annotated[
        str | None, typer.Option(help="The new version's name; default is made from all that the job depends on.")
    ] = None,
    films: Annotated[
        int | None, typer.Option(min=1, help="Train on so many films, drawn evenly from the severities; default: all.")
    ] = None,
    folds: Annotated[
        int | None, typer.Option(min=2, help="Cross-validate with so many folds; default: the films' own, or five.")
    ] = None,
    start: Annotated[
        str, typer.Option(help="ImageNet weights: a file, s3://bucket/key of one, 'imagenet' or 'none' (tests only).")
    ] = os.environ.get("FRACTURELENS_IMAGENET", "imagenet"),
) -> None:
    """Train as a job: films from S3, checkpoints to S3, at last a new version in the registry.

    SIGTERM and, with FRACTURELENS_SPOT=1, an EC2 spot interruption notice end it with status 75; the same command goes
    on from its last checkpoint. Nothing is promoted.
    """
    from training.job.log import say
    from training.job.places import PlaceError
    from training.job.stop import STATUS, Stop, Stopped

    if region := os.environ.get("AWS_REGION"):
        # The SDKs of other languages read this one, botocore does not; without a region it asks S3's oldest, which a
        # network without a way out does not reach.
        os.environ.setdefault("AWS_DEFAULT_REGION", region)
    stop = Stop()
    with contextlib.ExitStack() as watched:
        watched.enter_context(stop.on_signals())  # before anything that takes long to import
        if os.environ.get("FRACTURELENS_SPOT") == "1":
            watched.enter_context(stop.on_spot_notice())
        from training.job.run import Job, read_recipe, run, settled

        try:
            settings = settled(read_recipe(recipe), epochs=epochs, seed=seed)
            run(Job(data, registry, work, layout, settings, start, version, films, folds), stop)
        except Stopped as stopped:
            say(f"stopped: {stopped}; start again to go on", level="warning", step="stopped", status=STATUS)
            raise typer.Exit(STATUS) from stopped
        except (DataError, PlaceError, FracturelensError) as error:
            code = getattr(error, "code", "bad_data" if isinstance(error, DataError) else "place_unavailable")
            say(str(error), level="error", step="failed", code=code)
            raise typer.Exit(1) from error
