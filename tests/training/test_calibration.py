"""Calibration: a known distortion is found, and operating points keep their promise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from training.calibration import (
    TARGET_SENSITIVITY,
    TARGET_SPECIFICITY,
    apply_calibration,
    choose_operating_points,
    fit_calibration,
)

RANDOM = np.random.default_rng(3)


def drawn(n: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Return logits and the classes (one-hot) drawn from their softmax."""
    logits = RANDOM.normal(0, 2, (n, 3))
    classes = (softmax(logits, axis=1).cumsum(axis=1) < RANDOM.random((n, 1))).sum(axis=1)
    return logits, np.eye(3)[classes]


def test_a_known_temperature_and_bias_are_found() -> None:
    logits, allowed = drawn()
    distorted = (logits - np.array([0.0, 1.0, -0.5])) * 2.5

    found = fit_calibration(distorted, allowed)

    assert found.temperature == pytest.approx(2.5, rel=0.05)
    assert found.class_bias == pytest.approx((0.0, 1.0, -0.5), abs=0.1)


def test_an_open_severity_says_nothing_about_the_severity() -> None:
    logits, allowed = drawn()
    open_severity = np.where(allowed[:, :1] > 0, allowed, np.array([0.0, 1.0, 1.0]))
    open_severity[:2000] = allowed[:2000]

    found = fit_calibration(logits, open_severity)

    assert found.temperature == pytest.approx(1.0, rel=0.1)
    assert found.class_bias == pytest.approx((0.0, 0.0, 0.0), abs=0.2)


def test_a_network_that_learnt_nothing_gets_a_calibration_that_a_bundle_takes() -> None:
    """The more it says, the less it is right: the best temperature is infinite, a bundle's is at most 1,000."""
    logits, allowed = drawn(400)

    found = fit_calibration(-logits * 1e-3, allowed)

    assert found.temperature <= 1000
    assert apply_calibration(-logits * 1e-3, found) == pytest.approx(np.tile(allowed.mean(axis=0), (400, 1)), abs=0.02)


def test_probabilities_sum_to_one() -> None:
    logits, allowed = drawn(100)

    assert apply_calibration(logits * 100, fit_calibration(logits, allowed)).sum(axis=1) == pytest.approx(1.0)


def test_operating_points_reach_their_targets_and_no_more() -> None:
    fractured = RANDOM.random(2000) < 0.3
    probability = np.clip(0.3 * fractured + 0.7 * RANDOM.random(2000), 0, 1)

    points = choose_operating_points(probability, fractured)

    found = probability[fractured] >= points.suspected
    stricter = probability[fractured] > points.suspected
    passed = probability[~fractured] < points.likely
    assert found.mean() >= TARGET_SENSITIVITY > stricter.mean()
    assert passed.mean() >= TARGET_SPECIFICITY > passed.mean() - 2 / (~fractured).sum()
    assert points.suspected <= points.likely


def test_a_perfect_separation_still_gives_ordered_points() -> None:
    fractured = np.arange(100) < 50

    points = choose_operating_points(np.where(fractured, 0.9, 0.1), fractured)

    assert 0.1 < points.suspected <= points.likely <= 0.9
