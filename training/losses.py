"""What the network is trained to do: name the class of a film, and point at the fracture."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class MarginalCrossEntropy(keras.losses.Loss):  # type: ignore[misc]
    """Cross-entropy against a set of allowed classes: ``-log sum_{c allowed} p_c``.

    With one class allowed it is the usual cross-entropy; a fractured film of unknown severity allows two.
    Targets (n, 3) multi-hot, predictions (n, 3) logits.
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        allowed = ops.logsumexp(y_pred + ops.log(ops.cast(y_true, y_pred.dtype) + 1e-12), axis=-1)
        return ops.logsumexp(y_pred, axis=-1) - allowed


class FractureMapLoss(keras.losses.Loss):  # type: ignore[misc]
    """Focal cross-entropy (Lin et al., 2017) of each cell's fracture evidence against the outlines.

    The evidence of a cell is the log-sum-exp of its two fracture logits. The sum over a film's cells is divided by
    its fracture cells + 4, so that a small fracture counts and a normal film, all negative, is not drowned.
    Targets (n, h, w, 1) 0 or 1, below 0 where nothing is known; predictions (n, h, w, 3) logits.
    """

    def __init__(self, gamma: float, name: str = "map") -> None:
        super().__init__(name=name)
        self.gamma = gamma

    def call(self, y_true: Any, y_pred: Any) -> Any:
        evidence = ops.logsumexp(y_pred[..., 1:], axis=-1)
        truth = ops.cast(y_true[..., 0], evidence.dtype)
        known = ops.cast(truth >= 0, evidence.dtype)
        positive = ops.maximum(truth, 0.0)
        probability = ops.sigmoid(evidence)
        miss = positive * (1 - probability) ** self.gamma * ops.softplus(-evidence)
        false = (1 - positive) * probability**self.gamma * ops.softplus(evidence)
        return ops.sum(known * (miss + false), axis=(1, 2)) / (ops.sum(known * positive, axis=(1, 2)) + 4)
