"""How unlike its training films an image is to a network, and whether a sheet holds several films.

Both are linear algebra on pooled features, so that they can become part of the served graph: novelty is a Mahalanobis
distance (Lee et al., 2018), several views a logistic regression. Rivals that would need more than that are measured
beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

LAYERS = ("block_12_add", "block_15_add")
"""Layers of MobileNetV2 whose feature maps are pooled by their mean, beside ``features``, the last ones.

Deep enough to know limbs from furniture; the last ones have been trained to forget what is of no use for fractures.
"""
DIMENSIONS = (32, 64, 128)
"""Principal directions of the training films that the Mahalanobis distance may use."""
REGULARISATION = 0.1
"""Inverse strength of the penalty of the logistic regression, on features of unit variance."""

Array = npt.NDArray[np.float64]
Features = Mapping[str, Array]
Mask = npt.NDArray[np.bool_]
Scorer = Callable[[Features], Array]


@dataclass(frozen=True, slots=True)
class Measure:
    """What was fitted to one network's training films.

    Attributes
    ----------
    layer
        Whose pooled features it takes: one of ``LAYERS``, or ``features``.
    centre : array, shape (k,)
    directions : array, shape (k, d)
        Novelty is ``norm((x - centre) @ directions)``, scaled to a root mean square of one over what it was fitted to.
    views : array, shape (k + 1,), or None
        Weights and bias of several views; ``None`` if no film was labelled for it.
    """

    layer: str
    centre: Array
    directions: Array
    views: Array | None = None

    def novelty(self, features: Features) -> Array:
        """Return the novelty of each image, shape (n,)."""
        return np.asarray(np.linalg.norm((features[self.layer] - self.centre) @ self.directions, axis=1))

    def several_views(self, features: Features) -> Array:
        """Return how sure it is that each sheet holds several films, shape (n,), 0 to 1; not a number if unlearnt."""
        if self.views is None:
            return np.full(len(features[self.layer]), np.nan)
        return np.asarray(1 / (1 + np.exp(-(features[self.layer] @ self.views[:-1] + self.views[-1]))))

    def write(self, path: Path, **about: Any) -> None:
        """Write it as NPZ, with anything else that belongs to it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        views = np.empty(0) if self.views is None else self.views
        content = {"centre": self.centre, "directions": self.directions, "views": views}
        small = {name: values.astype(np.float32) for name, values in content.items()}
        np.savez_compressed(path, layer=np.array(self.layer), **small, **about)  # type: ignore[arg-type]

    @classmethod
    def read(cls, path: Path) -> Measure:
        with np.load(path) as content:
            centre, directions, views = (content[name].astype(np.float64) for name in ("centre", "directions", "views"))
            return cls(str(content["layer"]), centre, directions, views if views.size else None)


@dataclass(frozen=True, slots=True)
class Method:
    """A way to measure novelty: on which features, how, and with how many directions or neighbours."""

    name: str
    layer: str
    size: int

    def __str__(self) -> str:
        return f"{self.name}, {self.layer}" + (f", {self.size}" if self.size else "")


MAHALANOBIS, NEAREST, ENERGY = "Mahalanobis", "nearest neighbours", "energy"
METHODS = (
    *(Method(MAHALANOBIS, layer, size) for layer in (*LAYERS, "features") for size in DIMENSIONS),
    *(Method(NEAREST, layer, size) for layer in (*LAYERS, "features") for size in (1, 10)),
    Method(ENERGY, "logits", 0),
)
"""What is compared; only Mahalanobis distances can be served."""


def fit(method: Method, features: Features, several: Mask | None = None) -> Measure:
    """Fit a Mahalanobis distance, and several views, to training films.

    Parameters
    ----------
    several : array, shape (n,)
        Which films are sheets of several; ``None`` if this is not known.

    Raises
    ------
    ValueError
        The method is not one that can be served.
    """
    if method.name != MAHALANOBIS:
        raise ValueError(f"{method} cannot be served")
    values = features[method.layer]
    centre = values.mean(axis=0)
    # By singular values, not by covariances: half the digits would be lost.
    _, spread, axes = np.linalg.svd(values - centre, full_matrices=False)
    size = min(method.size, int((spread > 1e-6 * spread[0]).sum()))
    directions = axes[:size].T * np.sqrt(len(values) / size) / spread[:size]
    return Measure(method.layer, centre, directions, _fit_views(values, several))


def _fit_views(values: Array, several: Mask | None) -> Array | None:
    if several is None or several.all() or not several.any():
        return None
    centre, deviation = values.mean(axis=0), values.std(axis=0) + 1e-6
    found = LogisticRegression(C=REGULARISATION, max_iter=2000).fit((values - centre) / deviation, several)
    weights = found.coef_[0] / deviation
    return np.append(weights, found.intercept_[0] - weights @ centre)


def scorer(method: Method, features: Features) -> Scorer:
    """Fit any method to training films and return what scores others, higher for stranger ones."""
    if method.name == MAHALANOBIS:
        return fit(method, features).novelty
    if method.name == NEAREST:
        known = _unit(features[method.layer])
        return lambda others: -np.sort(_unit(others[method.layer]) @ known.T, axis=1)[:, -method.size]
    return lambda others: -np.logaddexp.reduce(others["logits"], axis=1)  # Liu et al. (2020)


def rival_figures(
    fitted: Features, films: Features, altered: Features, strangers: Features, refused: float
) -> dict[str, dict[str, float]]:
    """Compare all methods on one network.

    Parameters
    ----------
    fitted
        Training films, as they are and altered.
    films, altered, strangers
        Held-out films, held-out films altered, and strangers of the choosing half.
    refused
        Share of the held-out films that the limit leaves out.

    Returns
    -------
    dict
        For each method: ``auroc``, strangers against held-out films; ``auroc_altered``, against altered ones;
        ``strangers_refused`` and ``altered_refused``, shares.
    """
    found = {}
    for method in METHODS:
        score = scorer(method, fitted)
        near, far, beyond = score(films), score(altered), score(strangers)
        limit = np.quantile(near, 1 - refused)
        found[str(method)] = {
            "auroc": _auroc(near, beyond),
            "auroc_altered": _auroc(far, beyond),
            "strangers_refused": float(np.mean(beyond > limit)),
            "altered_refused": float(np.mean(far > limit)),
        }
    return found


def choose(figures: Mapping[str, Mapping[str, float]]) -> Method:
    """Return the servable method with the highest mean of both AUROCs: it must not take another crop for a stranger."""
    servable = [method for method in METHODS if method.name == MAHALANOBIS]
    return max(servable, key=lambda method: figures[str(method)]["auroc"] + figures[str(method)]["auroc_altered"])


def _unit(values: Array) -> Array:
    return np.asarray(values / np.linalg.norm(values, axis=1, keepdims=True))


def _auroc(near: Array, beyond: Array) -> float:
    truth = np.repeat([False, True], [len(near), len(beyond)])
    return float(roc_auc_score(truth, np.concatenate([near, beyond])))
