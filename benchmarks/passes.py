"""Compares a whole assessment with the network's own forward pass, in one process and on one thread.

``python -m benchmarks.passes FILM BLOCKS`` prints the times of both as JSON; ``inference.py`` starts it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ai_edge_litert.interpreter import Interpreter

from fracturelens.assess import Assessor
from fracturelens.bundle import open_bundle
from fracturelens.letterbox import letterbox
from fracturelens.radiograph import decode

BLOCK = 20
"""Calls of one kind in a row. The two kinds take turns, so that other load hits both; calling them one by one instead
would leave each the processor's caches full of the other's weights."""


def timed(work: Callable[[], object]) -> float:
    """Return how long a call takes, milliseconds."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def main(film: bytes, blocks: int) -> dict[str, list[float]]:
    """Return milliseconds of forward passes and of assessments with one heatmap, blocks x 20 each."""
    bundle = open_bundle()
    assessor = Assessor(bundle, threads=1, instances=1)
    interpreter = Interpreter(model_content=bundle.graph, num_threads=1)
    interpreter.allocate_tensors()
    canvas, _ = letterbox(decode(film).pixels, bundle.manifest.input_size)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], canvas[None, :, :, None])
    works: dict[str, Callable[[], object]] = {
        "forward": interpreter.invoke,
        "assessment": lambda: assessor.assess(film),
    }
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(blocks):
        for name, work in works.items():
            work()
            times[name] += [timed(work) for _ in range(BLOCK)]
    return times


if __name__ == "__main__":
    json.dump(main(Path(sys.argv[1]).read_bytes(), int(sys.argv[2])), sys.stdout)
