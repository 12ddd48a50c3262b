"""docs/benchmarks.md says what benchmarks/results/inference.json says, and nothing of whose machine it was."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from benchmarks import cold_result, page, result, words
from benchmarks.result import AIMS, OURS, PASSES_AIM, PUBLISHED_AIM, THREADS, USUAL, Result


@pytest.fixture
def kept() -> Result:
    return result.read()


def changed(kept: Result, way: str, **figures: Any) -> Result:
    """Return the result with some figures of one way exchanged."""
    content = json.loads(kept.model_dump_json())
    for found in content["ways"]:
        if found["name"] == way:
            for threads in THREADS:
                found["figures"][threads] |= figures
    return Result.model_validate(content)


def test_the_page_is_made_of_the_figures_kept(kept: Result, root: Path) -> None:
    assert (root / "docs" / "benchmarks.md").read_text() == page.render(kept, cold_result.read())


def test_every_way_has_its_row_in_every_table(kept: Result) -> None:
    shown = page.render(kept)

    for way in kept.ways:
        for threads in THREADS:
            found = way.figures[threads]
            rows = [line for line in shown.splitlines() if line.startswith(f"| {way.title} | ")]
            assert any(words.duration(found.warm_ms) in row and words.duration(found.first_ms) in row for row in rows)


def test_a_ratio_says_how_many_times_less_ours_takes(kept: Result) -> None:
    ours, theirs = (kept.way(name).figures["default"] for name in (OURS, USUAL))
    slow = {"median": 50 * ours.warm_ms.median, "low": 1.0, "high": 1.0, "n": 1}

    ratios = changed(kept, USUAL, warm_ms=slow).ratios(USUAL, "default")

    assert ratios["warm"] == pytest.approx(50)
    assert ratios["first"] == pytest.approx(theirs.first_ms.median / ours.first_ms.median)


@pytest.mark.parametrize(("factor", "verdict"), [(0.9, "missed"), (1.1, "met")])
def test_the_page_tells_a_missed_aim_from_one_that_is_met(kept: Result, factor: float, verdict: str) -> None:
    ours = kept.way(OURS).figures["default"]
    warm = {"median": factor * AIMS["warm"] * ours.warm_ms.median, "low": 1.0, "high": 1.0, "n": 1}

    shown = page.render(changed(kept, USUAL, warm_ms=warm))

    row = next(line for line in shown.splitlines() if line.startswith("| warm reading, against"))
    assert row.endswith(f"| {verdict} |")


def test_forward_passes_are_upper_bounds(kept: Result) -> None:
    rows = [line for line in page.render(kept).splitlines() if "forward passes" in line and line.startswith("|")]
    found = [(kept.passes.ratio, PASSES_AIM), (kept.passes.published_ratio, PUBLISHED_AIM)]

    for row, (ratio, aim) in zip(rows, found, strict=True):
        assert f"| {ratio:.2f} |" in row
        assert row.endswith("| met |") == (ratio <= aim)


def test_the_result_tells_no_more_of_the_machine_than_figures_depend_on(kept: Result) -> None:
    assert kept.machine.keys() == {"cpu", "cores", "memory_gb", "system", "python"}
    assert not re.search(r"/(home|root|tmp|usr|Users|work)/|\\\\", result.RESULTS.read_text()), "a path"
