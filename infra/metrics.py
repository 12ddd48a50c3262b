"""Metrics: what is measured, by AWS and by the function itself."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as api
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_

from infra.config import Deployment
from infra.contract import NAMESPACE

FIVE_MINUTES = Duration.minutes(5)
HOUR = Duration.hours(1)
SHIFT = Duration.hours(6)
DAY = Duration.days(1)


class Metrics:
    """Every metric that an alarm or the dashboard looks at."""

    def __init__(self, deployment: Deployment, *, live: lambda_.Alias, stage: api.HttpStage) -> None:
        self._service = deployment.named()
        self.calls = live.metric_invocations(period=FIVE_MINUTES)
        self.errors = live.metric_errors(period=FIVE_MINUTES)
        self.throttles = live.metric_throttles(period=FIVE_MINUTES)
        self.durations = [live.metric_duration(period=FIVE_MINUTES, statistic=which) for which in ("p50", "p95", "p99")]
        self.api_requests = stage.metric_count(period=FIVE_MINUTES)
        self.api_refusals = stage.metric_client_error(period=FIVE_MINUTES)
        self.api_errors = stage.metric_server_error(period=FIVE_MINUTES)
        self.api_latency = stage.metric_latency(period=FIVE_MINUTES, statistic="p95")
        self.server_errors = self._count("ServerErrors")
        self.store_errors = self._count("StoreErrors")
        self.bundle_errors = self._count("BundleErrors")
        self.fallbacks = self._count("BundleFallback")
        self.deadlines = self._count("DeadlineExceeded")
        self.malformed = self._count("MalformedEvents")
        self.cold_starts = self._count("ColdStart")
        self.reading_times = [self._own("ReadingTime", which, FIVE_MINUTES) for which in ("p50", "p95")]
        self.readings = self._own("Readings", "Sum", HOUR)
        self.refusals = self._own("CannotAssess", "Average", HOUR)
        self.mean_probability = self._own("FractureProbability", "Average", DAY)
        self.mean_probability_by_shift = self._own("FractureProbability", "Average", SHIFT)

    def _count(self, name: str) -> cloudwatch.Metric:
        return self._own(name, "Sum", FIVE_MINUTES)

    def _own(self, name: str, statistic: str, period: Duration) -> cloudwatch.Metric:
        """Return a metric that the function writes into its log (embedded metric format)."""
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=name,
            dimensions_map={"service": self._service},
            statistic=statistic,
            period=period,
        )
