"""Writes docs/costs.md: what readings cost on AWS, from what ``lambda_cold_start.py`` measured and from assumptions."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # so that it also runs as a script

from benchmarks import cold_result, words  # noqa: E402
from benchmarks.bill import ARCHITECTURES, FIXED, MEMORY_MB, Load, events, gb_seconds, per_month, per_reading  # noqa: E402
from benchmarks.cold_result import ColdStart  # noqa: E402
from benchmarks.prices import ASSUMPTIONS, NOTED, PRICES, REGION  # noqa: E402
from benchmarks.result import OURS, USUAL  # noqa: E402

PAGE = ROOT / "docs" / "costs.md"

MILLION = 1_000_000
VOLUMES = (1_000, 10_000, 100_000, MILLION)
"""Readings a month."""
COMPUTE = ("Lambda, running", "Lambda, starting", "Lambda, requests")

INTRODUCTION = f"""\
# What it costs

<!-- Written by `python benchmarks/costs.py` from benchmarks/results/lambda_cold_start.json; do not edit. -->

What a deployment costs on AWS in {REGION}. **Prices are assumptions**: what AWS's public price
lists asked for in {NOTED}, to the best of our knowledge, in US dollars, before tax, free tiers and discounts. Check
them before you rely on a figure here. How the system is used is assumed too. What Lambda does in a reading is measured,
on [a machine that is not Lambda](benchmarks.md). All assumptions stand in the tables at the end.
"""


def render(cold: ColdStart) -> str:
    """Return the page."""
    ours = Load.of(cold, OURS)
    return "\n".join(
        [
            INTRODUCTION,
            _in_short(ours),
            _per_reading(ours),
            _each_month(),
            _usual(cold),
            _measured(cold, ours),
            _assumed(),
            _prices(),
        ]
    )


def _in_short(ours: Load) -> str:
    fixed = sum(per_month().values())
    totals = {architecture: sum(per_reading(ours, architecture).values()) for architecture in ARCHITECTURES}
    rows = ["| readings a month | x86_64 | arm64 | of that, whether films are read or not |", "|---:|---:|---:|---:|"]
    for volume in VOLUMES:
        months = " | ".join(dollars(fixed + volume * totals[architecture]) for architecture in ARCHITECTURES)
        rows.append(f"| {volume:,} | {months} | {dollars(fixed)} |")
    return "## A month\n\n" + "\n".join(rows) + "\n"


def _per_reading(ours: Load) -> str:
    x86, arm = (per_reading(ours, architecture) for architecture in ARCHITECTURES)
    rows = [
        "| | 1,000, x86_64 | 1,000, arm64 | 1,000,000, x86_64 | 1,000,000, arm64 |",
        "|---|---:|---:|---:|---:|",
    ]
    rows += [_row(name, x86[name], arm[name]) for name in sorted(x86, key=lambda name: -x86[name])]
    rows.append(_row("**together**", sum(x86.values()), sum(arm.values())))
    compute = [sum(costs[name] for name in COMPUTE) for costs in (x86, arm)]
    rows.append(_row("*of that, Lambda*", *compute))
    return (
        f"## Readings\n\nWhat is paid for each reading, with all that it brings along: {events():g} events, a page now "
        "and then.\n\n" + "\n".join(rows) + "\n"
    )


def _row(name: str, x86: float, arm: float) -> str:
    cells = [dollars(each * volume) for volume in (1000, MILLION) for each in (x86, arm)]
    return f"| {name} | {' | '.join(cells)} |"


def _each_month() -> str:
    rows = ["| | how many | a month |", "|---|---:|---:|"]
    rows += [f"| {name} | {FIXED[name]:g} | {dollars(cost)} |" for name, cost in per_month().items()]
    rows.append(f"| **together** | | {dollars(sum(per_month().values()))} |")
    return (
        "## Whether films are read or not\n\nA deployment that nobody uses costs this much. Counts are those of the\n"
        "templates with the settings as they come; a test compares them.\n\n" + "\n".join(rows) + "\n"
    )


def _usual(cold: ColdStart) -> str:
    """Compare with the same deployment whose function runs the network in Keras."""
    rows = ["| Lambda, for 1,000,000 readings | x86_64 | arm64 |", "|---|---:|---:|"]
    totals = []
    for name in (OURS, USUAL):
        costs = [
            MILLION * sum(per_reading(Load.of(cold, name), architecture)[item] for item in COMPUTE)
            for architecture in ARCHITECTURES
        ]
        rows.append(f"| {cold.way(name).title} | {' | '.join(map(dollars, costs))} |")
        totals.append(costs[0])
    return (
        "## Against the usual way\n\nThe same function with the network in Keras and a `tf.GradientTape`, as\n"
        f"[measured](benchmarks.md), costs {totals[1] / totals[0]:.1f} times as much in Lambda; all else is the same."
        "\n\n" + "\n".join(rows) + "\n"
    )


def _measured(cold: ColdStart, ours: Load) -> str:
    way = cold.way(OURS)
    start = way.starts.get("cold")
    running, starting = gb_seconds(ours, "x86_64")
    peak = f"{way.peak_mb.median:.0f} MB" if way.peak_mb else "–"
    read = f"{start.read_mb.median:.0f} MB" if start and start.read_mb else "–"
    rows = [
        "| | |",
        "|---|---:|",
        f"| an event with a film, as Lambda counts its duration | {words.duration(way.billed_ms)} |",
        f"| init, {'files on the disk' if start else 'files in memory'} | {ours.init_ms:.0f} ms |",
        f"| read from the disk at start | {read} |",
        f"| most memory held | {peak} |",
        f"| the deployment's memory, which is paid for | {MEMORY_MB:,} MB |",
        f"| GB-seconds of a reading with all that it brings along | {running:.3f} |",
        f"| and of its share of cold starts | {starting:.3f} |",
    ]
    return (
        f"## What was measured\n\n{words.where(cold)}\n"
        + "\n".join(rows)
        + "\n\nMost of the memory is paid for the processor "
        "that comes with it: Lambda gives a whole one from 1,769 MB on.\n"
    )


def _assumed() -> str:
    rows = ["| | | |", "|---|---:|---|"]
    rows += [f"| {name} | {found.value:g} {found.unit} | {found.why} |" for name, found in ASSUMPTIONS.items()]
    return "## How it is used: assumptions\n\n" + "\n".join(rows) + "\n"


def _prices() -> str:
    rows = ["| | US dollars | for each | document of AWS |", "|---|---:|---|---|"]
    rows += [
        f"| {name} | {_plain(price.dollars)} | {price.unit} | *{price.source}* |" for name, price in PRICES.items()
    ]
    return (
        f"## Prices: assumptions\n\nFor {REGION}, of {NOTED}. Change them in `benchmarks/prices.py`, then run\n"
        "`.venv/bin/python benchmarks/costs.py`.\n\n"
        + "\n".join(rows)
        + "\n\nNot counted: support, backups, the access logs of CloudFront and\n"
        "S3, e-mail of alarms, and building images.\n"
    )


def dollars(amount: float) -> str:
    """Return an amount with as many digits as matter."""
    if amount >= 100:
        return f"${amount:,.0f}"
    return f"${amount:.2f}" if amount >= 0.1 else f"${amount:.4f}"


def _plain(amount: float) -> str:
    """Return a price without an exponent."""
    return f"{amount:.12f}".rstrip("0").rstrip(".")


def main() -> None:
    """Write the page."""
    PAGE.write_text(render(cold_result.read()))
    sys.stderr.write(f"written: {PAGE.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
