"""From logits to a reading: calibrated probabilities, operating points, outcome, severity and reasons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from fracturelens.assessment import Outcome, Probabilities, Reason, Severity
from fracturelens.bundle import Calibration, OperatingPoints
from fracturelens.classifier import Array

NOTES = {
    "several_frames": "The file holds several images; only the first was read.",
    "transparency_filled": "The image has transparent parts; they were taken as black.",
    "several_views": "There seem to be several films on this sheet; the probabilities are for the whole sheet.",
}
"""Plain words for what to keep in mind about a film that is assessed."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is said about a film."""

    outcome: Outcome
    severity: Severity | None
    reasons: tuple[Reason, ...]


def calibrate(logits: Array, calibration: Calibration) -> Probabilities:
    """Turn logits (3,) into probabilities: ``softmax(logits / temperature + class_bias)``, in double precision."""
    scores = logits.astype(np.float64) / calibration.temperature + np.asarray(calibration.class_bias)
    shares = np.exp(scores - scores.max())
    normal, hairline, displaced = (shares / shares.sum()).tolist()
    return Probabilities(normal=normal, hairline=hairline, displaced=displaced)


def fracture_probability(probabilities: Probabilities) -> float:
    """Return the probability of any fracture."""
    return min(1.0, probabilities.hairline + probabilities.displaced)  # exact where 1 - p(normal) would round to zero


def more_likely_fracture(probabilities: Probabilities) -> Severity:
    """Return the more probable fracture class; the graver one in a tie."""
    return "hairline" if probabilities.hairline > probabilities.displaced else "displaced"


def decide(
    probabilities: Probabilities, points: OperatingPoints, refusals: Iterable[Reason] = (), notes: Iterable[str] = ()
) -> Decision:
    """Decide what is said about a film.

    Parameters
    ----------
    points
        Fracture probabilities from which on a fracture is suspected, and likely.
    refusals
        Why the film cannot be assessed (from the gate); one is enough, and no severity is given then.
    notes
        Codes of ``NOTES``, which say what to keep in mind.
    """
    refusals = tuple(refusals)
    probability = fracture_probability(probabilities)
    if refusals:
        outcome = Outcome.CANNOT_ASSESS
    elif probability >= points.likely:
        outcome = Outcome.FRACTURE_LIKELY
    elif probability >= points.suspected:
        outcome = Outcome.FRACTURE_SUSPECTED
    else:
        outcome = Outcome.NO_FRACTURE_SEEN
    found = outcome in {Outcome.FRACTURE_LIKELY, Outcome.FRACTURE_SUSPECTED}
    severity = more_likely_fracture(probabilities) if found else None
    return Decision(outcome, severity, refusals + tuple(Reason(code=code, message=NOTES[code]) for code in notes))
