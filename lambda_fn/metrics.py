"""Metrics for dashboard and alarms, written to the log in CloudWatch's embedded metric format.

All carry one dimension, ``service``. What they count holds nothing of a caller or a film.
"""

from __future__ import annotations

import os
from collections import deque
from typing import Final, NamedTuple

from aws_lambda_powertools.metrics import Metrics, MetricUnit

from fracturelens import errors
from fracturelens.assessment import Assessment, Outcome

NAMESPACE: Final = "Fracturelens"
SERVICE: Final = "fracturelens"
"""What the function is called where ``POWERTOOLS_SERVICE_NAME`` does not say."""

OF_CODE: Final = {
    errors.StoreError.code: "StoreErrors",
    errors.DeadlineExceeded.code: "DeadlineExceeded",
    **{
        kind.code: "BundleErrors"
        for kind in (errors.BundleError, errors.BundleNotFound, errors.BundleDamaged, errors.BundleTooNew)
    },
}
"""Failures that an alarm tells apart; every failure is one of ``ServerErrors`` too."""


class Measure(NamedTuple):
    """One value of one metric."""

    name: str
    value: float = 1
    unit: MetricUnit = MetricUnit.Count


class EmbeddedMetrics:
    """Gathers what an invocation is to be remembered by; an ``Observer`` of the API."""

    def __init__(self) -> None:
        self._metrics = Metrics(
            namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", NAMESPACE),
            service=os.environ.get("POWERTOOLS_SERVICE_NAME", SERVICE),
        )
        # Readers' threads add to it, so nothing but appending and taking happens to it.
        self._seen: deque[Measure] = deque([Measure("ColdStart")])

    def reading(self, assessment: Assessment) -> None:
        """Count a film that was read."""
        refused = assessment.outcome is Outcome.CANNOT_ASSESS
        self._seen += [
            Measure("Readings"),
            Measure("CannotAssess", int(refused)),  # its average is the rate
            Measure("ReadingTime", assessment.timings_ms.total, MetricUnit.Milliseconds),
        ]
        if not refused:
            self._seen.append(Measure("FractureProbability", assessment.fracture_probability, MetricUnit.NoUnit))

    def failure(self, code: str, status: int) -> None:
        """Count a request that failed on our side."""
        self._seen.append(Measure("ServerErrors"))
        if name := OF_CODE.get(code):
            self._seen.append(Measure(name))

    def bundle_fallback(self, code: str) -> None:
        """Count a start with the shipped model, since the registry's could not be had."""
        self._seen.append(Measure("BundleFallback"))

    def malformed_event(self) -> None:
        """Count an event that is no request to an HTTP API."""
        self._seen.append(Measure("MalformedEvents"))

    def flush(self) -> None:
        """Write what was gathered, in one line, if anything was."""
        if not self._seen:
            return
        while self._seen:
            name, value, unit = self._seen.popleft()
            self._metrics.add_metric(name, unit, value)
        self._metrics.flush_metrics()
