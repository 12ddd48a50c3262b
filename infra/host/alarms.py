"""Alarms: a machine that fails is moved or started anew by AWS; a service that fails, by the machine; both are told."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.config import Deployment
from infra.contract import NAMESPACE
from infra.topic import Topic

AT_LEAST = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
QUIET = cloudwatch.TreatMissingData.NOT_BREACHING
ALARMED = cloudwatch.TreatMissingData.BREACHING
RECOVER = actions.Ec2Action(actions.Ec2InstanceAction.RECOVER)
REBOOT = actions.Ec2Action(actions.Ec2InstanceAction.REBOOT)


class HostAlarms(Construct):
    """The alarms of the host, and the topic that they tell, also when all is well again."""

    def __init__(
        self, scope: Construct, identity: str, deployment: Deployment, *, instance: ec2.Instance, key: kms.Key
    ) -> None:
        super().__init__(scope, identity)
        self._service = deployment.named()
        self._instance = instance
        self.topic = Topic(self, "Topic", deployment, key=key)
        # A GPU host is meant to be stopped when it has trained, and says nothing then.
        silence = QUIET if deployment.host_gpu else ALARMED
        machine, system = self._check("System"), self._check("Instance")
        down, full = self._own("HostHealthy", "Maximum"), self._own("HostDiskUsed", "Maximum")
        movable = deployment.host_can_be_moved
        moved = f"The machine under the host failed; {'AWS moves it to another' if movable else 'stop and start it'}."
        alarms = [
            self._alarm("Machine", machine, 1, 2, moved),
            self._alarm("System", system, 1, 3, "The host's system hangs; AWS starts it anew."),
            self._alarm(
                "Service", down, 1, 5, "The host's service has not been healthy for five minutes.", BELOW, silence
            ),
            self._alarm("Disk", full, 85, 5, "The host's disk is nearly full."),
        ]
        if movable:
            alarms[0].add_alarm_action(RECOVER)
        alarms[1].add_alarm_action(REBOOT)
        tell = actions.SnsAction(self.topic)
        for alarm in alarms:
            alarm.add_alarm_action(tell)
            alarm.add_ok_action(tell)

    def _alarm(
        self,
        identity: str,
        metric: cloudwatch.Metric,
        threshold: float,
        minutes: int,
        says: str,
        goes_off: cloudwatch.ComparisonOperator = AT_LEAST,
        silence: cloudwatch.TreatMissingData = QUIET,
    ) -> cloudwatch.Alarm:
        return metric.create_alarm(
            self,
            identity,
            alarm_description=says,
            threshold=threshold,
            evaluation_periods=minutes,
            comparison_operator=goes_off,
            treat_missing_data=silence,
        )

    def _check(self, of: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/EC2",
            metric_name=f"StatusCheckFailed_{of}",
            dimensions_map={"InstanceId": self._instance.instance_id},
            statistic="Maximum",
            period=Duration.minutes(1),
        )

    def _own(self, name: str, statistic: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=name,
            dimensions_map={"service": self._service},
            statistic=statistic,
            period=Duration.minutes(1),
        )
