"""The job from films to a new version in the registry; each step is skipped that an earlier start has finished."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from fracturelens import __version__
from fracturelens.errors import UnknownVersion, VersionExists
from fracturelens.registry import open_registry
from fracturelens.registry.pointer import VERSION_PATTERN
from training.datasets import ADAPTERS, DataError, Dataset, Layout
from training.job import films, places
from training.job.checkpoints import Checkpoints
from training.job.log import say
from training.job.stop import Stop
from training.recipe import Recipe

NAME: Final = "elbow"
START_FILE: Final = "start.weights.h5"
DIGEST_FILE: Final = "films.sha256"
MAX_START_BYTES: Final = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be trained, on what, and where it goes.

    Attributes
    ----------
    data, registry
        A folder, or ``s3://bucket/prefix`` and ``s3://bucket``.
    work
        Folder of this machine for films, checkpoints and what is made of them.
    start
        ImageNet weights: a file, its place in S3, ``imagenet`` or ``none``.
    version
        What the registry is to call the model; ``None`` makes a name of the job's own.
    films
        Train on so many at most; ``None`` on all.
    folds
        Cross-validate with so many; ``None`` with those that the films come with, or five.
    """

    data: str
    registry: str
    work: Path
    layout: Layout
    recipe: Recipe
    start: str
    version: str | None = None
    films: int | None = None
    folds: int | None = None

    @property
    def id(self) -> str:
        """Name the job by all that it depends on: the same command, started again, goes on with the same job."""
        said = [self.data, self.layout, self.recipe.to_json(), self.start, self.version, self.films, self.folds]
        return hashlib.sha256(json.dumps([*said, __version__]).encode()).hexdigest()[:12]

    @property
    def name(self) -> str:
        """Return the version's name."""
        return self.version or f"{__version__}-{self.id}"


def run(job: Job, stop: Stop) -> str:
    """Train, and return the version that the registry has now.

    Raises
    ------
    DataError, PlaceError
    FracturelensError
        What the registry raises: ``VersionExists`` before anything is trained.
    Stopped
        A checkpoint was kept.
    """
    if not re.fullmatch(VERSION_PATTERN, job.name):
        raise UnknownVersion("A version has 1 to 63 lower-case letters, digits, dots and hyphens (--version).")
    registry = open_registry(job.registry)
    say(f"job {job.id} is to make version {job.name}", step="begin", job=job.id, version=job.name)
    runs = job.work / job.id / "runs"
    checkpoints = Checkpoints(places.at(job.registry.rstrip("/")).below(f"jobs/{job.id}"), runs)
    checkpoints.restore()
    version = runs / "version"
    if not (version / "manifest.json").is_file():
        if job.name in registry.versions():
            raise VersionExists(f"Version {job.name} is in the registry already. Choose another one (--version).")
        stop.check()
        dataset = _dataset(job, stop.check)
        same_films(dataset, runs)
        _train(job, dataset, runs, checkpoints, stop)
        _make_version(job, dataset, runs, version, stop)
        checkpoints.save()
    stop.check()
    registry.put(job.name, version)
    say(f"version {job.name} is in the registry", step="done", job=job.id, version=job.name)
    return job.name


def _dataset(job: Job, check: Callable[[], None]) -> Dataset:
    """Fetch, read and check the films."""
    from training.splits import FOLDS, with_folds

    dataset = ADAPTERS[job.layout](films.fetch(job.data, job.work / "films", check)).labelled()
    if job.films:
        dataset = films.draw(dataset, job.films, job.recipe.seed)
    if job.folds:
        dataset = films.merged(dataset, job.folds)
    dataset = with_folds(dataset, job.folds or FOLDS, seed=job.recipe.seed).check(folds=True)
    say(f"{len(dataset):,} films are to be trained on", step="films", films=len(dataset))
    return dataset


def same_films(dataset: Dataset, runs: Path) -> None:
    """See that a job goes on with the films that it began with, of which ``runs`` keeps the digest.

    Raises
    ------
    DataError
        If they have changed: what was trained before has seen others.
    """
    path = runs / DIGEST_FILE
    digest = dataset.digest()
    if path.is_file() and path.read_text().strip() != digest:
        raise DataError(
            dataset.source,
            "the films, their labels or folds are not those that this job began with; begin another one with --version",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{digest}\n")


def _train(job: Job, dataset: Dataset, runs: Path, checkpoints: Checkpoints, stop: Stop) -> None:
    from training import crossval
    from training.job.progress import JobProgress

    start, cache = _start(job), job.work / job.id / "packed"
    for step, train in (("crossval", crossval.crossval), ("train", crossval.train_all)):
        follow = partial(JobProgress, step=step, checkpoints=checkpoints, stop=stop)
        train(dataset, job.recipe, start, runs, cache, follow=follow)
        stop.check()


def _start(job: Job) -> str:
    """Return what the network starts from; weights in S3 are fetched."""
    if not job.start.startswith(places.SCHEME):
        return job.start
    folder, _, name = job.start.rpartition("/")
    path = job.work / job.id / START_FILE
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        fetched = path.with_suffix(".partial")
        fetched.write_bytes(places.at(folder).read(name, MAX_START_BYTES))
        fetched.replace(path)
    return str(path)


def _make_version(job: Job, dataset: Dataset, runs: Path, version: Path, stop: Stop) -> None:
    """Judge what was trained, and make a bundle of it with its results; whole or not at all."""
    from training import evaluate, export, network
    from training.fit import WEIGHTS

    making = runs.with_name("making")
    shutil.rmtree(making, ignore_errors=True)
    results = making / "results"
    say("judging the predictions", step="evaluate")
    evaluate.gather(dataset, runs, results)
    found = evaluate.evaluate(dataset, evaluate.OutOfFold.read(results / evaluate.PREDICTIONS), job.recipe)
    evaluate.write(found, results / "results.json")
    stop.check()
    say("writing the bundle", step="export")
    model = network.build(job.recipe, "none")
    model.load_weights(runs / "all" / WEIGHTS)
    export.write_bundle(model, job.recipe, found, making, name=NAME, version=job.name)
    shutil.copy(runs / "all" / WEIGHTS, results / WEIGHTS)
    making.replace(version)


def settled(recipe: Recipe, *, epochs: int | None, seed: int | None) -> Recipe:
    """Return a recipe of which no stage is longer than ``epochs``, with this seed."""
    if epochs is not None:
        stages = tuple(replace(stage, epochs=min(stage.epochs, epochs)) for stage in recipe.stages)
        recipe = replace(recipe, stages=stages)
    return recipe if seed is None else replace(recipe, seed=seed)


def read_recipe(path: Path | None) -> Recipe:
    """Read the recipe at a path, or take the shipped one.

    Raises
    ------
    DataError
        If it is none.
    """
    if path is None:
        return Recipe()
    try:
        return Recipe.read(path)
    except (OSError, ValueError, TypeError) as error:
        raise DataError(path, f"this is no recipe: {error}") from error
