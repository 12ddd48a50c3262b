"""The page says of cold starts what was measured, and the usual way is the same function but for its network."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import cold_page, cold_result, imports, words
from benchmarks.cold_result import INIT_AIM_MS, RATIO_AIM, ColdStart
from benchmarks.result import OURS, USUAL


@pytest.fixture
def kept() -> ColdStart:
    return cold_result.read()


def with_start(kept: ColdStart, way: str, **medians: float) -> ColdStart:
    """Return the result with some times of one way's start with its files in memory exchanged."""
    content = json.loads(kept.model_dump_json())
    for found in content["ways"]:
        if found["name"] == way:
            for name, median in medians.items():
                found["starts"]["warm"][name] = {"median": median, "low": median, "high": median, "n": 1}
    return ColdStart.model_validate(content)


def test_every_start_has_its_row(kept: ColdStart) -> None:
    rows = [line for line in cold_page.section(kept).splitlines() if line.startswith("|")]

    for way in kept.ways:
        for start in way.starts.values():
            figures = words.duration(start.init_ms), words.duration(start.first_ms)
            assert any(row.startswith(f"| {way.title}, ") and all(figure in row for figure in figures) for row in rows)


def test_what_dominates_is_what_takes_longest(kept: ColdStart) -> None:
    for way in kept.ways:
        assert way.dominates == max(way.shares, key=lambda share: share.ms).name


@pytest.mark.parametrize(("factor", "verdict"), [(0.9, "missed"), (1.1, "met")])
def test_the_page_tells_whether_a_start_is_ten_times_shorter(kept: ColdStart, factor: float, verdict: str) -> None:
    ours = kept.way(OURS).starts["warm"].first_ms.median

    shown = cold_page.section(with_start(kept, USUAL, first_ms=factor * RATIO_AIM * ours))

    assert verdict_of(shown, "| init and first reading against the usual way, files in memory ") == verdict


@pytest.mark.parametrize(("factor", "verdict"), [(0.9, "met"), (1.1, "missed")])
def test_the_page_tells_whether_init_takes_less_than_a_second(kept: ColdStart, factor: float, verdict: str) -> None:
    shown = cold_page.section(with_start(kept, OURS, init_ms=factor * INIT_AIM_MS))

    assert verdict_of(shown, "| init, files in memory ") == verdict


def verdict_of(shown: str, row: str) -> str:
    (line,) = (line for line in shown.splitlines() if line.startswith(row))
    return line.strip("| ").rpartition("| ")[2]


def test_the_result_tells_no_more_of_the_machine_than_figures_depend_on(kept: ColdStart) -> None:
    assert kept.machine.keys() == {"cpu", "cores", "memory_gb", "system", "python"}
    assert not re.search(r"/(home|root|tmp|usr|Users|work)/|\\\\", cold_result.RESULTS.read_text()), "a path"


def test_the_inventory_counts_what_a_module_brings_along() -> None:
    small, _ = imports.profile("json", {})
    large, spent = imports.profile("fracturelens.classifier", {})

    assert large["modules"] > small["modules"]
    assert large["file_mb"] > small["file_mb"] + 10  # LiteRT and numpy
    assert {"numpy", "ai_edge_litert", "fracturelens"} <= spent.keys()


@pytest.fixture(scope="module")
def network(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the network as the benchmark saves it."""
    file = tmp_path_factory.mktemp("keras") / "network.keras"
    subprocess.run([sys.executable, "-m", "benchmarks.usual", "save", file], cwd=root, check=True, capture_output=True)
    return file


ANSWER_ONE_FILM = """
import importlib, json, sys
from types import SimpleNamespace
from benchmarks.functions import event
context = SimpleNamespace(aws_request_id="1", get_remaining_time_in_millis=lambda: 280_000)
function = importlib.import_module(sys.argv[1]).handler
answer = function(event(open(sys.argv[2], "rb").read()), context)
print()
print(json.dumps({"answer": json.loads(answer["body"]), "tensorflow": "tensorflow" in sys.modules}))
"""


@pytest.mark.training
@pytest.mark.slow
def test_the_usual_function_reads_a_film_as_ours_does(root: Path, network: Path, tmp_path: Path) -> None:
    film = root / "web" / "samples" / "displaced-elbow.jpg"

    ours, theirs = (
        answered(module, film, root, network, tmp_path) for module in ("lambda_fn.handler", "benchmarks.usual_handler")
    )

    assert (ours["tensorflow"], theirs["tensorflow"]) == (False, True)
    assert theirs["answer"]["outcome"] == ours["answer"]["outcome"]
    assert theirs["answer"]["probabilities"] == pytest.approx(ours["answer"]["probabilities"], abs=1e-4)


def answered(module: str, film: Path, root: Path, network: Path, store: Path) -> dict[str, Any]:
    """Return what a handler says of a film, in a process of its own, and whether that loaded TensorFlow."""
    environment = {
        "FRACTURELENS_STORE": str(store),
        "FRACTURELENS_HOSTS": "*",
        "BENCHMARK_NETWORK": str(network),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    done = subprocess.run(
        [sys.executable, "-c", ANSWER_ONE_FILM, module, film],
        cwd=root, env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said
