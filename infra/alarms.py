"""Alarms: what somebody has to look at, and who is told."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.config import Deployment
from infra.metrics import Metrics
from infra.topic import Topic

ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
AT_LEAST = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
QUIET = cloudwatch.TreatMissingData.NOT_BREACHING
"""Where nobody reads films, nothing is wrong."""


class Alarms(Construct):
    """The alarms of the deployment, and the topic that they all tell, also when all is well again."""

    def __init__(
        self,
        scope: Construct,
        identity: str,
        deployment: Deployment,
        *,
        metrics: Metrics,
        key: kms.Key,
        also: list[cloudwatch.Alarm],
    ) -> None:
        super().__init__(scope, identity)
        self._metrics = metrics
        self.topic = Topic(self, "Topic", deployment, key=key)
        self.all: list[cloudwatch.AlarmBase] = [
            *also,
            *self._failures(),
            *self._fallback(deployment),
            self._refusals(),
            *self._drift(deployment),
        ]
        tell = actions.SnsAction(self.topic)
        for alarm in self.all:
            alarm.add_alarm_action(tell)
            alarm.add_ok_action(tell)

    def _failures(self) -> list[cloudwatch.AlarmBase]:
        found = self._metrics
        return [
            self._alarm("Throttles", found.throttles, 1, "Lambda turned calls away: its concurrency is used up."),
            self._alarm("ApiErrors", found.api_errors, 5, "The API answered five times within five minutes with 5xx."),
            self._alarm("ServerErrors", found.server_errors, 1, "A call failed for a reason that is not the caller's."),
            self._alarm("StoreErrors", found.store_errors, 1, "Storage was out of reach, or refused the function."),
            self._alarm("BundleErrors", found.bundle_errors, 1, "The model in the image is missing or broken."),
            self._alarm("DeadlineExceeded", found.deadlines, 1, "A film was given up before the API's time was over."),
            self._alarm("MalformedEvents", found.malformed, 1, "The function was called by something that is no API."),
        ]

    def _fallback(self, deployment: Deployment) -> list[cloudwatch.AlarmBase]:
        if not deployment.promoted_model:
            return []
        says = "The promoted model cannot be used; the one in the image reads instead."
        return [self._alarm("BundleFallback", self._metrics.fallbacks, 1, says)]

    def _alarm(self, identity: str, metric: cloudwatch.Metric, threshold: float, says: str) -> cloudwatch.Alarm:
        return metric.create_alarm(
            self,
            identity,
            alarm_description=says,
            threshold=threshold,
            evaluation_periods=1,
            comparison_operator=AT_LEAST,
            treat_missing_data=QUIET,
        )

    def _refusals(self) -> cloudwatch.Alarm:
        """Tell when most films of an hour cannot be assessed: wrong body part, wrong files, or a broken detector."""
        rate, readings = self._metrics.refusals, self._metrics.readings
        most = cloudwatch.MathExpression(
            label="Share of films that cannot be assessed, in hours with ten readings or more",
            expression="IF(readings >= 10, rate, 0)",
            using_metrics={"rate": rate, "readings": readings},
            period=Duration.hours(1),
        )
        return most.create_alarm(
            self,
            "CannotAssess",
            alarm_description="More than half of an hour's films could not be assessed.",
            threshold=0.5,
            evaluation_periods=1,
            comparison_operator=ABOVE,
            treat_missing_data=QUIET,
        )

    def _drift(self, deployment: Deployment) -> list[cloudwatch.AlarmBase]:
        """Tell when the films, or what the model makes of them, are no longer what they used to be."""
        if deployment.usual_mean is None:
            return [
                cloudwatch.AnomalyDetectionAlarm(
                    self,
                    "Drift",
                    metric=self._metrics.mean_probability_by_shift,
                    std_devs=3,
                    comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_LOWER_OR_GREATER_THAN_UPPER_THRESHOLD,
                    evaluation_periods=2,
                    alarm_description="The mean fracture probability is far from what it usually is.",
                    treat_missing_data=QUIET,
                )
            ]
        low, high = deployment.usual_mean
        sides = {
            "DriftDown": (low, cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD, "below"),
            "DriftUp": (high, ABOVE, "above"),
        }
        return [
            self._metrics.mean_probability.create_alarm(
                self,
                identity,
                alarm_description=f"The mean fracture probability of a day is {side} {threshold:g}.",
                threshold=threshold,
                evaluation_periods=1,
                comparison_operator=operator,
                treat_missing_data=QUIET,
            )
            for identity, (threshold, operator, side) in sides.items()
        ]
