"""Logits to probabilities that mean what they say, and the two thresholds that act on them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from fracturelens.bundle import Calibration, OperatingPoints

Array = npt.NDArray[np.float64]

TEMPERATURES = (1e-3, 1e3)
"""Least and greatest that a bundle takes: beyond, logits decide alone, or say nothing."""
GREATEST_BIAS = 50.0
TARGET_SENSITIVITY = 0.93
"""Of "suspected": the sensitivity of a meta-analysis of elbow fracture detectors in children."""
TARGET_SPECIFICITY = 0.98
"""Of "likely": one false alarm in fifty films without a fracture."""


def fit_calibration(logits: Array, allowed: Array) -> Calibration:
    """Fit temperature and class bias by maximum likelihood, within what a bundle takes.

    Parameters
    ----------
    logits : array, shape (n, 3)
    allowed : array, shape (n, 3)
        Multi-hot: the classes that each film's label allows.
    """

    def negative_log_likelihood(parameters: Array) -> float:
        log_temperature, *bias = parameters
        temperature = np.clip(np.exp(log_temperature), *TEMPERATURES)
        shifted = log_softmax(logits / temperature + np.array([0.0, *bias]), axis=1)
        return float(-np.logaddexp.reduce(np.where(allowed > 0, shifted, -np.inf), axis=1).mean())

    found = minimize(negative_log_likelihood, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9})
    temperature = float(np.clip(np.exp(found.x[0]), *TEMPERATURES))
    hairline, displaced = np.clip(found.x[1:], -GREATEST_BIAS, GREATEST_BIAS).tolist()
    return Calibration(temperature=temperature, class_bias=(0.0, hairline, displaced))


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
