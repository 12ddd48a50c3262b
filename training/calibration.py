"""Logits to probabilities that mean what they say, and the two thresholds that act on them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from fracturelens.bundle import Calibration, OperatingPoints

Array = npt.NDArray[np.float64]

TARGET_SENSITIVITY = 0.93
"""Of "suspected": the sensitivity of a meta-analysis of elbow fracture detectors in children."""
TARGET_SPECIFICITY = 0.98
"""Of "likely": one false alarm in fifty films without a fracture."""


def fit_calibration(logits: Array, allowed: Array) -> Calibration:
    """Fit temperature and class bias by maximum likelihood.

    Parameters
    ----------
    logits : array, shape (n, 3)
    allowed : array, shape (n, 3)
        Multi-hot: the classes that each film's label allows.
    """

    def negative_log_likelihood(parameters: Array) -> float:
        log_temperature, *bias = parameters
        shifted = log_softmax(logits / np.exp(log_temperature) + np.array([0.0, *bias]), axis=1)
        return float(-np.logaddexp.reduce(np.where(allowed > 0, shifted, -np.inf), axis=1).mean())

    found = minimize(negative_log_likelihood, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9})
    log_temperature, hairline, displaced = (float(value) for value in found.x)
    return Calibration(temperature=float(np.exp(log_temperature)), class_bias=(0.0, hairline, displaced))


def apply_calibration(logits: Array, calibration: Calibration) -> Array:
    """Return calibrated probabilities, shape (n, 3)."""
    probabilities: Array = softmax(logits / calibration.temperature + np.array(calibration.class_bias), axis=1)
    return probabilities


def choose_operating_points(probability: Array, fractured: npt.NDArray[np.bool_]) -> OperatingPoints:
    """Choose "suspected" for sensitivity and "likely" for specificity.

    ``probability`` (n,) is the calibrated probability of any fracture. "Suspected" is the highest threshold that still
    finds ``TARGET_SENSITIVITY`` of the fractured films; "likely" the lowest that passes ``TARGET_SPECIFICITY`` of the
    others.
    """
    found = np.sort(probability[fractured])[::-1]
    passed = np.sort(probability[~fractured])
    suspected = found[int(np.ceil(TARGET_SENSITIVITY * len(found))) - 1]
    rank = int(np.ceil(TARGET_SPECIFICITY * len(passed))) - 1
    likely = np.nextafter(passed[rank], 1.0)
    return OperatingPoints(suspected=float(suspected), likely=float(max(suspected, likely)))
