"""Calibration, operating points and what is said."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fracturelens.assessment import Outcome, Probabilities, Reason
from fracturelens.bundle import Calibration, OperatingPoints
from fracturelens.decision import NOTES, calibrate, decide, fracture_probability, more_likely_fracture

POINTS = OperatingPoints(suspected=0.2, likely=0.6)
REFUSAL = Reason(code="low_contrast", message="The image is blank.")


def probabilities(hairline: float, displaced: float) -> Probabilities:
    return Probabilities(normal=1 - hairline - displaced, hairline=hairline, displaced=displaced)


def test_probabilities_are_the_softmax_of_tempered_and_shifted_logits() -> None:
    logits = np.array([1.0, 2.0, 3.0], dtype=np.float32)

    found = calibrate(logits, Calibration(temperature=2.0, class_bias=(0.5, 0.0, -1.0)))

    weights = [math.exp(1 / 2 + 0.5), math.exp(2 / 2), math.exp(3 / 2 - 1)]
    expected = [weight / sum(weights) for weight in weights]
    assert [found.normal, found.hairline, found.displaced] == pytest.approx(expected, abs=1e-12)


@given(
    logits=st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=3, max_size=3),
    temperature=st.floats(1e-3, 1e3),
    bias=st.tuples(*[st.floats(-50, 50)] * 3),
)
def test_any_logits_give_finite_probabilities_that_sum_to_one(
    logits: list[float], temperature: float, bias: tuple[float, float, float]
) -> None:
    found = calibrate(np.array(logits, dtype=np.float32), Calibration(temperature=temperature, class_bias=bias))

    values = list(found.model_dump().values())
    assert all(math.isfinite(value) for value in values)
    assert sum(values) == pytest.approx(1, abs=1e-6)
    assert fracture_probability(found) == pytest.approx(1 - found.normal, abs=1e-6)
    assert 0 <= fracture_probability(found) <= 1


def test_a_tiny_fracture_probability_is_not_rounded_away() -> None:
    found = calibrate(np.array([60.0, 0.0, 0.0], dtype=np.float32), Calibration())

    assert fracture_probability(found) == pytest.approx(2 * math.exp(-60), rel=1e-6)


@pytest.mark.parametrize(
    ("hairline", "displaced", "outcome", "severity"),
    [
        (0.05, 0.1, Outcome.NO_FRACTURE_SEEN, None),
        (0.2, 0.0, Outcome.FRACTURE_SUSPECTED, "hairline"),
        (0.1, 0.2, Outcome.FRACTURE_SUSPECTED, "displaced"),
        (0.5, 0.25, Outcome.FRACTURE_LIKELY, "hairline"),
        (0.1, 0.5, Outcome.FRACTURE_LIKELY, "displaced"),
    ],
)
def test_operating_points_split_the_outcomes_and_severity_needs_a_fracture(
    hairline: float, displaced: float, outcome: Outcome, severity: str | None
) -> None:
    decision = decide(probabilities(hairline, displaced), POINTS)

    assert (decision.outcome, decision.severity, decision.reasons) == (outcome, severity, ())


def test_a_refused_film_has_no_severity_whatever_its_probabilities() -> None:
    decision = decide(probabilities(0.1, 0.9), POINTS, refusals=[REFUSAL], notes=["several_frames"])

    assert decision.outcome is Outcome.CANNOT_ASSESS
    assert decision.severity is None
    assert [reason.code for reason in decision.reasons] == ["low_contrast", "several_frames"]


@pytest.mark.parametrize("note", NOTES)
def test_a_note_is_told_in_plain_words_and_changes_nothing(note: str) -> None:
    decision = decide(probabilities(0.1, 0.9), POINTS, notes=[note])

    assert decision.outcome is Outcome.FRACTURE_LIKELY
    (reason,) = decision.reasons
    assert reason.code == note
    assert reason.message.endswith(".")
    assert "_" not in reason.message


def test_a_tie_goes_to_the_graver_class() -> None:
    assert more_likely_fracture(probabilities(0.3, 0.3)) == "displaced"
