"""Compares a whole assessment with forward passes of its network and of MobileNetV2 as published, on one thread.

``python -m benchmarks.passes FILM PUBLISHED BLOCKS`` prints the times of all three as JSON; ``inference.py`` starts it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from fracturelens.assess import Assessor
from fracturelens.bundle import open_bundle
from fracturelens.classifier import Array
from fracturelens.letterbox import letterbox
from fracturelens.radiograph import decode

PUBLISHED_SIDE = 224
"""Side of the published network's input, pixels."""
BLOCK = 20
"""Calls of one kind in a row. The kinds take turns, so that other load hits all; calling them one by one instead
would leave each the processor's caches full of the others' weights."""


def timed(work: Callable[[], object]) -> float:
    """Return how long a call takes, milliseconds."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def forward(graph: bytes, films: Array) -> Callable[[], object]:
    """Return a graph's pass over films, float32 (1, h, w, channels)."""
    interpreter = Interpreter(model_content=graph, num_threads=1)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], films)
    passed: Callable[[], object] = interpreter.invoke
    return passed


def main(film: bytes, published: bytes, blocks: int) -> dict[str, list[float]]:
    """Return milliseconds of forward passes and of assessments with one heatmap, blocks x 20 each."""
    bundle = open_bundle()
    assessor = Assessor(bundle, threads=1, instances=1)
    pixels = decode(film).pixels
    small, _ = letterbox(pixels, PUBLISHED_SIDE)
    works: dict[str, Callable[[], object]] = {
        "published": forward(published, np.repeat(small[None, :, :, None], 3, axis=3)),
        "forward": forward(bundle.graph, letterbox(pixels, bundle.manifest.input_size)[0][None, :, :, None]),
        "assessment": lambda: assessor.assess(film),
    }
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(blocks):
        for name, work in works.items():
            work()
            times[name] += [timed(work) for _ in range(BLOCK)]
    return times


if __name__ == "__main__":
    film, published = (Path(name).read_bytes() for name in sys.argv[1:3])
    json.dump(main(film, published, int(sys.argv[3])), sys.stdout)
