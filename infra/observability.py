"""Observability: one dashboard that shows how the deployment does, and the alarms over it."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.alarms import Alarms
from infra.config import Deployment
from infra.function import Function
from infra.gateway import Gateway
from infra.metrics import Metrics


class Observability(Construct):
    """The alarms, their topic, and the dashboard."""

    def __init__(
        self,
        scope: Construct,
        identity: str,
        deployment: Deployment,
        *,
        gateway: Gateway,
        function: Function,
        key: kms.Key,
    ) -> None:
        super().__init__(scope, identity)
        found = Metrics(deployment, live=function.live, stage=gateway.stage)
        self.alarms = Alarms(self, "Alarms", deployment, metrics=found, key=key, also=function.rollback_alarms)
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=deployment.named(),
            default_interval=Duration.days(1),
            widgets=[
                [cloudwatch.AlarmStatusWidget(title="Alarms", alarms=self.alarms.all, width=24)],
                [
                    _graph("Readings an hour", [found.readings]),
                    _graph("Share that cannot be assessed", [found.refusals]),
                    _graph("Mean fracture probability of a day", [found.mean_probability]),
                ],
                [
                    _graph("API", [found.api_requests, found.api_refusals, found.api_errors]),
                    _graph("Function", [found.calls, found.errors, found.throttles, found.cold_starts]),
                    _graph(
                        "Failures",
                        [
                            found.server_errors,
                            found.store_errors,
                            found.bundle_errors,
                            found.deadlines,
                            found.malformed,
                        ],
                    ),
                ],
                [
                    _graph("Reading, milliseconds", found.reading_times),
                    _graph("Function, milliseconds", found.durations),
                    _graph("API, milliseconds", [found.api_latency]),
                ],
            ],
        )


def _graph(title: str, metrics: list[cloudwatch.Metric]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=8)
