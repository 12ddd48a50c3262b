"""Losses: against hand calculation."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.training


def test_one_allowed_class_is_the_usual_cross_entropy() -> None:
    from training.losses import MarginalCrossEntropy

    logits = np.array([[1.0, 2.0, 0.5]], dtype=np.float32)
    truth = np.array([[0.0, 1.0, 0.0]], dtype=np.float32)

    expected = np.log(np.exp(logits).sum()) - 2.0
    assert float(MarginalCrossEntropy()(truth, logits)) == pytest.approx(expected, abs=1e-5)


def test_an_open_severity_asks_only_for_a_fracture() -> None:
    from training.losses import MarginalCrossEntropy

    truth = np.array([[0.0, 1.0, 1.0]], dtype=np.float32)
    hairline = MarginalCrossEntropy()(truth, np.array([[0.0, 3.0, -3.0]], dtype=np.float32))
    displaced = MarginalCrossEntropy()(truth, np.array([[0.0, -3.0, 3.0]], dtype=np.float32))

    assert float(hairline) == pytest.approx(float(displaced), abs=1e-6)
    assert float(hairline) == pytest.approx(-np.log(1 - 1 / (1 + np.exp(3) + np.exp(-3))), abs=1e-5)


def test_the_map_loss_by_hand() -> None:
    from training.losses import FractureMapLoss

    # Two cells with evidence log(e^0 + e^0) = log 2, so p = 2/3: one fractured, one not.
    prediction = np.zeros((1, 1, 2, 3), dtype=np.float32)
    truth = np.array([[[[1.0], [0.0]]]], dtype=np.float32)

    expected = ((1 / 3) ** 2 * -np.log(2 / 3) + (2 / 3) ** 2 * -np.log(1 / 3)) / (1 + 4)
    assert float(FractureMapLoss(gamma=2.0)(truth, prediction)) == pytest.approx(expected, rel=1e-4)


def test_cells_of_a_film_without_outlines_take_no_part() -> None:
    from training.losses import FractureMapLoss

    prediction = np.random.default_rng(0).normal(size=(1, 3, 3, 3)).astype(np.float32)

    assert float(FractureMapLoss(gamma=2.0)(np.full((1, 3, 3, 1), -1.0, dtype=np.float32), prediction)) == 0.0
