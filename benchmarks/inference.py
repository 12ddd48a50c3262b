"""Measures explained readings: Fracturelens against the usual way with Keras, in one run and in fresh processes."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
from PIL import Image

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # so that it also runs as a script

from benchmarks import facts, film, page, result  # noqa: E402
from benchmarks.result import OURS, STAGES, THREADS, USUAL, Agreement, Figures, Passes, Result, Spread, Threads  # noqa: E402
from benchmarks.servers import Way, serving  # noqa: E402
from fracturelens import __version__  # noqa: E402

WARM_UP = 5
MOST_DIFFERENCE = 0.02
"""Ways whose probabilities or heat differ by more do not compute the same, and comparing them would prove nothing."""

EPILOG = """\b
Examples:
  python benchmarks/inference.py --quick   a first look, about a minute
  python benchmarks/inference.py           print figures, some minutes on two idle cores
  python benchmarks/inference.py --save    ... and keep them: benchmarks/results/inference.json, docs/benchmarks.md
  python benchmarks/inference.py --page    write docs/benchmarks.md anew from the figures kept

Nothing else should run meanwhile. The ways take turns, so ratios bear some load, but times do not.
"""

Readings = dict[str, int]
Samples = dict[str, list[float]]


def main(
    quick: Annotated[
        bool, typer.Option("--quick", help="One round of few readings; for a look, not for keeping.")
    ] = False,
    rounds: Annotated[int, typer.Option(min=1, metavar="N", help="Fresh processes of each way.")] = 5,
    save: Annotated[bool, typer.Option("--save", help="Keep the figures and write the page.")] = False,
    only_page: Annotated[
        bool, typer.Option("--page", help="Measure nothing; write the page from what is kept.")
    ] = False,
) -> None:
    """Measure explained readings, warm, cold and in memory: Fracturelens against the usual way with Keras."""
    if quick and save:
        raise typer.BadParameter("figures of a quick look are not kept", param_hint="--save")
    if not only_page:
        found = measure(film.jpeg(), 1 if quick else rounds, quick=quick)
        typer.echo(page.render(found))
        if not save:
            return
        result.write(found)
    page.write()
    typer.echo(f"written: {page.PAGE.relative_to(ROOT)}", err=True)


def measure(sent: bytes, rounds: int, *, quick: bool) -> Result:
    """Measure everything; says on stderr how far it is."""
    load = facts.load()
    with tempfile.TemporaryDirectory() as folder:
        saved, published, sample = (Path(folder, name) for name in ("network.keras", "published.tflite", "film.jpg"))
        sample.write_bytes(sent)
        _say("writing the network as Keras saves it ...")
        _run("benchmarks.usual", "save", str(saved))
        _run("benchmarks.published", str(published))
        ways = _ways_to(saved)
        first: dict[str, dict[str, Any]] = {}
        samples: dict[tuple[str, Threads], Samples] = {}
        for number in range(rounds):
            for threads in THREADS:
                for way in ways:
                    into = samples.setdefault((way.name, threads), {})
                    first.setdefault(way.name, _visit(way, sent, threads, into, quick=quick))
                    _say(f"round {number + 1} of {rounds}, {way.title}, threads {threads}: {_latest(into)}")
        _say("comparing an assessment with forward passes ...")
        times = json.loads(_run("benchmarks.passes", str(sample), str(published), "2" if quick else "15"))
    ours = first[OURS]
    return Result(
        measured=datetime.now(UTC).date().isoformat(),
        version=__version__,
        model=ours["model"],
        machine=facts.machine(),
        packages=facts.packages(),
        load=load,
        film={"kind": "jpeg", "width": film.SIDE, "height": film.SIDE, "bytes": len(sent)},
        rounds=rounds,
        ways=tuple(
            result.WayResult(
                name=way.name,
                title=way.title,
                figures={threads: _figures(samples[way.name, threads]) for threads in THREADS},
                agreement=_agreement(way, ours, first[way.name]),
            )
            for way in ways
        ),
        passes=Passes(**{f"{name}_ms": Spread.of(values) for name, values in times.items()}),
    )


def _ways_to(saved: Path) -> tuple[Way, ...]:
    """Return what is compared."""
    keras = ("benchmarks.usual", "serve", str(saved))
    return (
        Way(OURS, "Fracturelens", ("fracturelens", "serve")),
        Way(USUAL, "Keras, the usual way", keras, threads_option=True),
        Way("keras_compiled", "Keras, compiled", (*keras, "--compiled"), threads_option=True),
    )


def _visit(way: Way, sent: bytes, threads: Threads, into: Samples, *, quick: bool) -> dict[str, Any]:
    """Start a way's server once, add what it takes to the samples, and return its first assessment."""
    readings = (100 if way.name == OURS else 20) // (4 if quick else 1)
    with serving(way, sent, threads=1 if threads == "one" else None) as server:
        for _ in range(WARM_UP):
            server.read(sent)
        _add(into, first=server.first_ms)
        spent = server.cpu_ms()
        for _ in range(readings):
            assessment, milliseconds = server.read(sent)
            stages = {name: assessment["timings_ms"][name] for name in STAGES[:-1]}
            _add(into, warm=milliseconds, rest=milliseconds - sum(stages.values()), **stages)
        if spent is not None and (now := server.cpu_ms()) is not None:
            _add(into, cpu=(now - spent) / readings)
        if (peak := server.peak_megabytes()) is not None:
            _add(into, peak=peak)
        return server.first


def _add(into: Samples, **values: float) -> None:
    for name, value in values.items():
        into.setdefault(name, []).append(value)


def _latest(samples: Samples) -> str:
    peak = f", {samples['peak'][-1]:.0f} MB" if "peak" in samples else ""
    return f"{median(samples['warm']):.1f} ms warm, {samples['first'][-1] / 1000:.2f} s to the first reading{peak}"


def _figures(samples: Samples) -> Figures:
    return Figures(
        warm_ms=Spread.of(samples["warm"]),
        cpu_ms=Spread.of(samples["cpu"]) if "cpu" in samples else None,
        first_ms=Spread.of(samples["first"]),
        peak_mb=Spread.of(samples["peak"]) if "peak" in samples else None,
        stages_ms={name: round(median(samples[name]), 3) for name in STAGES},
    )


def _agreement(way: Way, ours: dict[str, Any], theirs: dict[str, Any]) -> Agreement:
    """Compare two assessments of the same film.

    Raises
    ------
    RuntimeError
        If they differ: the weights in training/weights are not those of the shipped bundle, say.
    """
    probability = max(
        abs(ours["probabilities"][name] - theirs["probabilities"][name]) for name in ours["probabilities"]
    )
    if ours["heatmaps"].keys() != theirs["heatmaps"].keys():
        raise RuntimeError(f"{way.title} draws another class than Fracturelens")
    heat = max(
        np.abs(_drawn(ours["heatmaps"][name]) - _drawn(theirs["heatmaps"][name])).max() for name in ours["heatmaps"]
    )
    if max(probability, heat) > MOST_DIFFERENCE:
        raise RuntimeError(
            f"{way.title} reads the film differently (probabilities by {probability:.2g}, heat by {heat:.2g}): are "
            "training/weights those that the bundle was exported from?"
        )
    return Agreement(probability=float(f"{probability:.2g}"), heat=round(float(heat), 4))


def _drawn(url: str) -> npt.NDArray[np.float64]:
    """Return the heat in [0, 1] that a heatmap's data URL shows: the index of an indexed PNG is its level."""
    png = base64.b64decode(url.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(png)), dtype=np.float64) / 255


def _run(module: str, *words: str) -> str:
    """Run a module of ours in a process of its own and return what it prints."""
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"python -m {module} ended with status {done.returncode}:\n{done.stderr[-3000:]}")
    return done.stdout


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
