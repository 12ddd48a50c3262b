"""Turns a result into docs/benchmarks.md: every figure on that page comes from the JSON, none is typed."""

from __future__ import annotations

from pathlib import Path

from benchmarks import cold_page, cold_result, words
from benchmarks.cold_result import ColdStart
from benchmarks.result import (
    AIMS,
    OURS,
    PASSES_AIM,
    PUBLISHED_AIM,
    STAGES,
    THREADS,
    USUAL,
    Result,
    Threads,
    WayResult,
    read,
)

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"

THREADS_TITLES: dict[Threads, str] = {"default": "Threads as each chooses", "one": "One thread"}

INTRODUCTION = """\
# What a reading costs

<!-- Written by the benchmarks (--save) from benchmarks/results/; do not edit. -->

A reading here is what a user waits for: a film of 1024 × 1024 pixels (JPEG) sent over HTTP, read, explained with one
Grad-CAM drawn over the film, and answered. Three ways to it take turns, in fresh processes of the same app, with the
same weights, decoding and drawing:

- **Fracturelens**: the shipped LiteRT graph, whose class maps are Grad-CAM without a gradient.
- **Keras, the usual way**: `predict`, then Grad-CAM by `tf.GradientTape`, after Keras's own example.
- **Keras, compiled**: prediction and gradient in one `tf.function`, for those who tune.
"""


def render(result: Result, cold: ColdStart | None = None) -> str:
    """Return the page, with the Lambda's cold start if that was measured too."""
    parts = [INTRODUCTION, words.where(result)]
    parts += [f"## {THREADS_TITLES[threads]}\n\n{_table(result, threads)}" for threads in THREADS]
    parts += [_aims(result), _stages(result), _method(result)]
    return "\n".join([*parts, cold_page.section(cold)] if cold else parts)


def write() -> None:
    """Write the page from what is kept."""
    PAGE.write_text(render(read(), cold_result.read()))


def _table(result: Result, threads: Threads) -> str:
    rows = [
        "| | warm reading | processor time of it | start to first reading | peak memory |",
        "|---|---:|---:|---:|---:|",
    ]
    for way in result.ways:
        figures = way.figures[threads]
        cells = (
            words.duration(figures.warm_ms),
            f"{figures.cpu_ms.median:.1f} ms" if figures.cpu_ms else "–",
            words.duration(figures.first_ms),
            f"{figures.peak_mb.median:.0f} MB" if figures.peak_mb else "–",
        )
        rows.append(f"| {way.title} | {' | '.join(cells)} |")
    for way in others(result):
        ratios = result.ratios(way.name, threads)
        times = " | ".join(f"**{ratio:.1f} ×**" if ratio else "–" for ratio in ratios.values())
        rows.append(f"| *{way.title} over Fracturelens* | {times} |")
    return "\n".join(rows) + "\n"


def _aims(result: Result) -> str:
    ratios = result.ratios(USUAL, "default")
    titles = {"warm": "warm reading", "first": "start to first reading", "memory": "peak memory"}
    rows = ["## Against the aims\n", "| | aim | found | |", "|---|---:|---:|---|"]
    for name, aim in AIMS.items():
        ratio = ratios[name]
        found = f"{ratio:.1f} × less" if ratio else "–"
        rows.append(f"| {titles[name]}, against the usual way | {aim:g} × less | {found} | {words.met(ratio, aim)} |")
    passes = result.passes
    rows.append(
        f"| whole assessment, in forward passes of its network | at most {PASSES_AIM:g} | {passes.ratio:.2f} | "
        f"{words.met(PASSES_AIM, passes.ratio)} |"
    )
    rows.append(
        f"| whole assessment, in forward passes of MobileNetV2 at 224 pixels | at most {PUBLISHED_AIM:g} | "
        f"{passes.published_ratio:.2f} | {words.met(PUBLISHED_AIM, passes.published_ratio)} |"
    )
    times = (passes.assessment_ms, passes.forward_ms, passes.published_ms)
    assessment, forward, published = map(words.duration, times)
    rows.append(
        f"\nThe last two rows are one process and one thread: {assessment} for the assessment, {forward} for its "
        f"network's pass alone, {published} for that of MobileNetV2 as published (float32, LiteRT too). Larger films "
        "and a denser map are what the reading pays for.\n"
    )
    return "\n".join(rows)


def _stages(result: Result) -> str:
    about = (
        f"Medians of a warm reading, milliseconds, {THREADS_TITLES['default'].lower()}. *rest* is HTTP, the store and "
        "all else around the assessment.\n"
    )
    rows = ["## Where the time goes\n", about, f"| | {' | '.join(STAGES)} |", "|---|" + "---:|" * len(STAGES)]
    stages = {way.name: way.figures["default"].stages_ms for way in result.ways}
    rows += [
        f"| {way.title} | {' | '.join(f'{stages[way.name][name]:.1f}' for name in STAGES)} |" for way in result.ways
    ]
    alone = stages[USUAL]["infer"] / stages[OURS]["infer"]
    rows.append(f"\nPrediction and explanation alone (*infer*) take the usual way {alone:.1f} times as long.")
    return "\n".join(rows) + "\n"


def _method(result: Result) -> str:
    figures = result.way(OURS).figures["default"]
    agreements = "; ".join(
        f"{way.title}: probabilities to {way.agreement.probability:.0e}, heat to {way.agreement.heat:.2g} of its peak"
        for way in others(result)
    )
    return f"""\
## How it is measured

- {result.rounds} rounds; in each, every way is started, asked for its first reading, warmed up, and asked again and
  again over one connection. Taking turns lets other load on the machine hit all alike. Times are medians, with
  quartiles in brackets; Fracturelens has {figures.warm_ms.n} warm readings here, the others fewer, as they take longer.
- *Start to first reading* begins before the process is made; files come from the page cache. *Peak memory* is the
  system's own count of the whole process (`VmHWM`), taken after the warm readings; *processor time* is that of all its
  threads, and what a reading costs on a machine with other work.
- All ways read the film alike. Largest difference from Fracturelens: {agreements}.
- The Keras ways load their network from a `.keras` file. Their process also imports LiteRT, which the app brings along;
  that is a few hundredths of their start and of their memory.

`make bench` repeats it.
"""


def others(result: Result) -> list[WayResult]:
    """Return the ways that are not ours."""
    return [way for way in result.ways if way.name != OURS]
