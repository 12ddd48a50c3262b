"""The network: one film in, logits, class maps and what the gate asks out, from any number of threads."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter, SignatureRunner

from fracturelens import errors
from fracturelens.bundle import CLASSES, Bundle
from fracturelens.radiograph import Grey

SIGNATURE = "serving_default"
GATE_OUTPUTS = ("novelty", "several_views")
"""Outputs of one number each that a graph may have, and must have if the manifest sets a limit for them."""
MAX_DEFAULT_INSTANCES = 4

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the network says about one film, before calibration.

    Attributes
    ----------
    logits : float32 array, shape (3,)
        In the order of ``CLASSES``.
    class_maps : float32 array, shape (h, w, 3)
        Evidence for each class at each cell, without bias.
    novelty : float or None
        How unlike the training films this one is, from 0; about 1 for most of them. ``None`` if the graph does not say.
    several_views : float or None
        How sure it is that the sheet holds several films, 0 to 1. ``None`` if the graph does not say.
    """

    logits: Array
    class_maps: Array
    novelty: float | None = None
    several_views: float | None = None


class Classifier:
    """A bundle's graph, ready to run.

    An interpreter holds the activations of one run, so each serves one caller at a time. Up to ``instances`` are made
    as callers need them (the first at once, which finds a broken graph early); further callers wait for a free one.

    Parameters
    ----------
    threads
        Threads of each interpreter.
    instances
        Most interpreters; by default one for each processor, at most four.

    Raises
    ------
    BundleDamaged
        The graph cannot be loaded, or its signature is not the one that the manifest promises.
    """

    def __init__(self, bundle: Bundle, *, threads: int = 1, instances: int | None = None) -> None:
        self._bundle = bundle
        self._threads = threads
        self._free = threading.Semaphore(instances or min(MAX_DEFAULT_INSTANCES, os.cpu_count() or 1))
        self._idle = [self._interpreter()]

    def run(self, canvas: Grey) -> Prediction:
        """Run the network on a letterboxed film, float32 (size, size) in [0, 1]; waits for a free interpreter.

        Raises
        ------
        BundleDamaged
            The graph fails, or answers with values that are not numbers.
        """
        with self._runner() as runner:
            try:
                found = runner(film=canvas[np.newaxis, :, :, np.newaxis])
            except (RuntimeError, ValueError) as error:
                raise errors.BundleDamaged("The model bundle's graph fails. Copy the bundle again.") from error
        if not all(np.isfinite(values).all() for values in found.values()):
            raise errors.BundleDamaged("The model bundle's graph answers with values that are not numbers.")
        novelty, several_views = (float(found[name][0]) if name in found else None for name in GATE_OUTPUTS)
        return Prediction(found["logits"][0], found["class_maps"][0], novelty, several_views)

    @contextmanager
    def _runner(self) -> Iterator[SignatureRunner]:
        with self._free:
            # list.pop and list.append are atomic; the semaphore bounds how many interpreters are out.
            try:
                runner = self._idle.pop()
            except IndexError:
                runner = self._interpreter()
            yield runner
            self._idle.append(runner)  # not reached after a failure: a failed interpreter is not used again

    def _interpreter(self) -> SignatureRunner:
        try:
            interpreter = Interpreter(model_content=self._bundle.graph, num_threads=self._threads)
            runner = interpreter.get_signature_runner(SIGNATURE)
        except (RuntimeError, ValueError) as error:
            raise errors.BundleDamaged(
                "The model bundle's graph cannot be loaded by LiteRT. Copy the bundle again, or export it again."
            ) from error
        self._check(runner)
        return runner

    def _check(self, runner: SignatureRunner) -> None:
        size, gate = self._bundle.manifest.input_size, self._bundle.manifest.gate
        limits = dict(zip(GATE_OUTPUTS, (gate.novelty_limit, gate.several_views_limit), strict=True))
        inputs, outputs = runner.get_input_details(), runner.get_output_details()
        found = {name: _shape(details) for name, details in {**inputs, **outputs}.items()}
        try:
            batch, height, width, depth = found["class_maps"]
            good = (
                found["film"] == (1, size, size, 1)
                and found["logits"] == (1, len(CLASSES))
                and (batch, depth) == (1, len(CLASSES))
                and min(height, width) > 0
                and all(found[name] == (1,) for name, limit in limits.items() if limit is not None or name in found)
                and all(details["dtype"] is np.float32 for details in (*inputs.values(), *outputs.values()))
            )
        except (KeyError, ValueError):
            good = False
        if not good:
            raise errors.BundleDamaged(
                f"The model bundle's graph does not take a film of {size} x {size} pixels and give logits, class maps "
                f"and what its gate needs as its manifest promises; found {found}."
            )


def _shape(details: dict[str, Any]) -> tuple[int, ...]:
    return tuple(int(side) for side in details["shape"])
