"""Figures: against brute force, published values and hand calculation."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from training import metrics
from training.metrics import GroupBootstrap

RANDOM = np.random.default_rng(7)
TRUTH = RANDOM.random(60) < 0.4
SCORE = np.round(TRUTH * 0.4 + RANDOM.random(60), 2)


def test_auroc_is_the_chance_of_ranking_a_pair_right() -> None:
    pairs = [(a > b) + 0.5 * (a == b) for a in SCORE[TRUTH] for b in SCORE[~TRUTH]]

    assert metrics.auroc(TRUTH, SCORE)(np.ones(60)) == pytest.approx(np.mean(pairs))


def test_average_precision_agrees_with_another_implementation() -> None:
    expected = average_precision_score(TRUTH, SCORE)

    assert metrics.average_precision(TRUTH, SCORE)(np.ones(60)) == pytest.approx(expected)


def test_a_resample_without_a_fracture_has_no_auroc() -> None:
    weights = np.stack([np.ones(60), (~TRUTH).astype(float)])

    found = metrics.auroc(TRUTH, SCORE)(weights)

    assert np.isfinite(found).tolist() == [True, False]


def test_a_weight_of_two_counts_a_film_twice() -> None:
    weights = RANDOM.integers(0, 3, 60).astype(float)
    repeated = np.repeat(np.arange(60), weights.astype(int))

    for figure in (metrics.auroc, metrics.average_precision, partial(metrics.specificity_at, sensitivity=0.8)):
        once = figure(TRUTH[repeated], SCORE[repeated])(np.ones(len(repeated)))
        assert figure(TRUTH, SCORE)(weights) == pytest.approx(once)


@pytest.mark.parametrize("sensitivity", [0.5, 0.8, 0.93, 1.0])
def test_specificity_at_a_sensitivity_is_the_best_threshold_that_reaches_it(sensitivity: float) -> None:
    best = max(
        np.mean(SCORE[~TRUTH] < threshold) for threshold in SCORE if np.mean(SCORE[TRUTH] >= threshold) >= sensitivity
    )

    assert metrics.specificity_at(TRUTH, SCORE, sensitivity)(np.ones(60)) == pytest.approx(best)


def test_wilson_interval_of_a_published_example() -> None:
    # Newcombe (1998), Statistics in Medicine 17, 857-872, table I: 81 of 263.
    found = metrics.wilson(81, 263)

    assert (found["low"], found["high"]) == (0.2553, 0.3662)


def test_nothing_counted_has_no_proportion() -> None:
    assert metrics.wilson(0, 0)["value"] is None


def test_agreement_by_hand() -> None:
    matrix = np.array([[20.0, 5.0], [10.0, 15.0]])

    assert metrics.cohen_kappa(matrix) == pytest.approx(0.4)
    assert metrics.balanced_accuracy(matrix) == pytest.approx((0.8 + 0.6) / 2)
    assert metrics.macro_f1(matrix) == pytest.approx((40 / 55 + 30 / 45) / 2)


def test_confusion_has_the_truth_in_rows() -> None:
    matrix = metrics.confusion(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0]), np.ones(4))

    assert matrix.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


def test_calibration_error_is_small_for_true_probabilities_and_large_for_boasts() -> None:
    probability = RANDOM.random(20_000)
    truth = RANDOM.random(20_000) < probability
    boast = np.clip(probability * 2 - 0.5, 0, 1)

    assert metrics.calibration_error(truth, probability)(np.ones(20_000)) < 0.02
    assert metrics.calibration_error(truth, boast)(np.ones(20_000)) > 0.1


def test_copies_of_a_film_do_not_narrow_the_interval() -> None:
    values = RANDOM.random(40)
    copies, groups = np.repeat(values, 10), np.repeat(np.arange(40), 10)

    alone = GroupBootstrap(np.arange(40)).estimate(metrics.mean(values))
    grouped = GroupBootstrap(groups).estimate(metrics.mean(copies))

    assert grouped == alone


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(200):
        values = np.random.default_rng(seed).random(60)
        found = GroupBootstrap(np.arange(60), resamples=300, seed=seed).estimate(metrics.mean(values))
        covered += found["low"] <= 0.5 <= found["high"]  # type: ignore[operator]

    assert 0.88 <= covered / 200 <= 0.99
