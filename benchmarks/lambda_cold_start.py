"""Measures cold starts: the Lambda, from nothing to its first reading, against the usual way with Keras."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # so that it also runs as a script

from benchmarks import cold_result, costs, facts, functions, imports, page, page_cache, task  # noqa: E402
from benchmarks.cold_result import CACHES, Cache, ColdStart, Inventory, LambdaWay, Share, Start  # noqa: E402
from benchmarks.result import OURS, USUAL, Spread  # noqa: E402
from fracturelens import __version__  # noqa: E402

PACKAGES = ("aws-lambda-powertools", "awslambdaric", "botocore", "mangum")
FILES = (Path(sys.prefix), Path(sys.base_prefix, "lib"), ROOT / "fracturelens", ROOT / "lambda_fn")
WARM_UP = 3
READINGS = 30
PROFILES = 3
SHARES = 8
LEAST_SHARE_MS = 1.0
APP = "the app"
HANDLERS = ("lambda_fn", "benchmarks")
MOST_DIFFERENCE = 0.02
"""Ways whose probabilities differ by more do not compute the same, and comparing them would prove nothing."""

EPILOG = """\b
Examples:
  python benchmarks/lambda_cold_start.py --quick   a first look, about a minute
  python benchmarks/lambda_cold_start.py           print figures, some minutes on two idle cores
  python benchmarks/lambda_cold_start.py --save    ... and keep them: benchmarks/results/, docs/

Nothing else should run meanwhile. As root, the page cache of the whole machine is emptied again and again.
"""


@dataclass(slots=True)
class Samples:
    """What was measured of one way."""

    first: dict[str, Any] = field(default_factory=dict)
    starts: dict[Cache, dict[str, list[float]]] = field(default_factory=dict)
    warm: list[float] = field(default_factory=list)
    billed: list[float] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)

    def add(self, cache: Cache, name: str, value: float | None) -> None:
        if value is not None:
            self.starts.setdefault(cache, {}).setdefault(name, []).append(value)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to answer an event: how it is called, and its handler."""

    name: str
    title: str
    module: str
    environment: Mapping[str, str]
    folder: Path


def main(
    quick: Annotated[
        bool, typer.Option("--quick", help="One round of few readings; for a look, not for keeping.")
    ] = False,
    rounds: Annotated[int, typer.Option(min=2, metavar="N", help="Fresh processes of each way, warm and cold.")] = 7,
    save: Annotated[bool, typer.Option("--save", help="Keep the figures and write the page.")] = False,
) -> None:
    """Measure cold starts of the Lambda, with and without its files in memory, against the usual way with Keras."""
    if quick and save:
        raise typer.BadParameter("figures of a quick look are not kept", param_hint="--save")
    found = measure(1 if quick else rounds)
    typer.echo(found.model_dump_json(indent=2))
    if save:
        cold_result.write(found)
        page.write()
        costs.main()
        typer.echo(f"written: {page.PAGE.relative_to(ROOT)}", err=True)


def measure(rounds: int) -> ColdStart:
    """Measure everything; says on stderr how far it is."""
    load = facts.load()
    emptied: str | None = None
    with tempfile.TemporaryDirectory() as folder, functions.cloud() as environment:
        # Both are written by processes of their own: what this one has open stays in the page cache.
        network, film = Path(folder, "network.keras"), Path(folder, "film.jpg")
        _say("writing the network as Keras saves it ...")
        _run("benchmarks.usual", "save", str(network))
        _run("benchmarks.film", str(film))
        sent = film.read_bytes()
        _say("making the function's folder as its image has it ...")
        image = Path(folder, "task")
        task.make(image)
        ways = _ways_to(environment, network, image)
        samples = {way.name: Samples() for way in ways}
        for number in range(rounds):
            for cache in CACHES:
                for way in ways:
                    if cache == "warm":
                        _fill_page_cache(way, sent)
                    elif (emptied := page_cache.drop([*FILES, Path(folder)])) is None:
                        continue
                    _visit(way, sent, cache, samples[way.name])
                    _say(f"round {number + 1} of {rounds}, {way.title}, {cache}: {_latest(samples[way.name], cache)}")
        found = tuple(_result(way, samples[way.name]) for way in ways)
    ours = samples[OURS].first
    return ColdStart(
        measured=datetime.now(UTC).date().isoformat(),
        version=__version__,
        model=ours["model"],
        machine=facts.machine(),
        packages=facts.packages(*PACKAGES),
        load=load,
        film={"kind": "jpeg", "width": ours["image"]["width"], "height": ours["image"]["height"], "bytes": len(sent)},
        rounds=rounds,
        processors=1,
        emptied=emptied,
        differs=_difference(ours, samples[USUAL].first),
        ways=found,
    )


def _ways_to(environment: Mapping[str, str], network: Path, image: Path) -> tuple[Way, ...]:
    """Return what is compared: the same function, but for the network and its explanation."""
    keras = {**environment, "BENCHMARK_NETWORK": str(network), "TF_CPP_MIN_LOG_LEVEL": "3"}
    return (
        Way(OURS, "Fracturelens", "lambda_fn.handler", environment, image),
        Way(USUAL, "Keras, the usual way", "benchmarks.usual_handler", keras, ROOT),
    )


def _fill_page_cache(way: Way, sent: bytes) -> None:
    """Have the files that a start reads in memory: by a start that is not measured."""
    with functions.function(f"{way.module}.handler", way.environment, way.folder) as function:
        function.read(sent)


def _visit(way: Way, sent: bytes, cache: Cache, into: Samples) -> None:
    """Start a way's function once, and add what it takes to the samples."""
    with functions.function(f"{way.module}.handler", way.environment, way.folder) as function:
        first, milliseconds = function.read(sent)
        into.first = into.first or first
        into.add(cache, "first", milliseconds)
        into.add(cache, "init", function.emulator.init_milliseconds[-1])
        into.add(cache, "cpu", function.cpu_ms())
        into.add(cache, "read", function.read_megabytes())
        if cache == "cold":
            return
        for _ in range(WARM_UP):
            function.read(sent)
        into.warm += [function.read(sent)[1] for _ in range(READINGS)]
        into.billed += function.billed_ms()[-READINGS:]
        if (peak := function.peak_megabytes()) is not None:
            into.peak.append(peak)


def _result(way: Way, samples: Samples) -> LambdaWay:
    """Put together what was measured of a way, and look where its init goes."""
    _say(f"looking where the init goes: {way.title} ...")
    profiles = [imports.profile(way.module, way.environment, way.folder) for _ in range(PROFILES)]
    inventory = Inventory.model_validate(profiles[-1][0])
    names = {name for _, spent in profiles for name in spent}
    shares = {name: median(spent.get(name, 0.0) for _, spent in profiles) for name in names}
    # Importing the handler makes the app and opens the model; importing the other packages only defines things.
    app = sum(shares.pop(name, 0.0) for name in HANDLERS)
    ranked = sorted([(APP, app), *shares.items()], key=lambda share: -share[1])
    return LambdaWay(
        name=way.name,
        title=way.title,
        starts={cache: _start(found) for cache, found in samples.starts.items()},
        warm_ms=Spread.of(samples.warm),
        billed_ms=Spread.of(samples.billed),
        peak_mb=Spread.of(samples.peak) if samples.peak else None,
        inventory=inventory,
        imports_ms=round(sum(shares.values()), 1),
        shares=tuple(
            Share(name=name, ms=round(spent, 1))
            for place, (name, spent) in enumerate(ranked)
            if name == APP or (place < SHARES and spent >= LEAST_SHARE_MS)
        ),
        dominates=ranked[0][0],
    )


def _start(samples: Mapping[str, list[float]]) -> Start:
    return Start(
        init_ms=Spread.of(samples["init"]),
        first_ms=Spread.of(samples["first"]),
        cpu_ms=Spread.of(samples["cpu"]) if "cpu" in samples else None,
        read_mb=Spread.of(samples["read"]) if "read" in samples else None,
    )


def _difference(ours: dict[str, Any], theirs: dict[str, Any]) -> float:
    """Return the largest difference of a probability.

    Raises
    ------
    RuntimeError
        If they do not compute the same.
    """
    differs = max(abs(ours["probabilities"][name] - theirs["probabilities"][name]) for name in ours["probabilities"])
    if differs > MOST_DIFFERENCE or ours["heatmaps"].keys() != theirs["heatmaps"].keys():
        raise RuntimeError(
            f"the ways read the film differently (probabilities by {differs:.2g}): are training/weights those that the "
            "bundle was exported from?"
        )
    return float(f"{differs:.2g}")


def _latest(samples: Samples, cache: Cache) -> str:
    start = samples.starts[cache]
    read = f", {start['read'][-1]:.0f} MB read" if "read" in start else ""
    return f"init {start['init'][-1]:.0f} ms, first reading {start['first'][-1]:.0f} ms{read}"


def _run(module: str, *words: str) -> None:
    """Run a module of ours in a process of its own."""
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"python -m {module} ended with status {done.returncode}:\n{done.stderr[-3000:]}")


def _say(what: str) -> None:
    typer.echo(what, err=True)


if __name__ == "__main__":
    app = typer.Typer(
        rich_markup_mode=None,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.command(epilog=EPILOG)(main)
    app()
