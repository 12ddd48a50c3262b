"""Topic: whom alarms tell."""

from __future__ import annotations

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.config import Deployment


class Topic(sns.Topic):
    """An encrypted topic to which this account's alarms write, and nobody else."""

    def __init__(self, scope: Construct, identity: str, deployment: Deployment, *, key: kms.Key) -> None:
        super().__init__(scope, identity, display_name=deployment.named(), master_key=key, enforce_ssl=True)
        cloudwatch_itself = iam.ServicePrincipal("cloudwatch.amazonaws.com")
        every_alarm = Stack.of(self).format_arn(
            service="cloudwatch", resource="alarm", resource_name="*", arn_format=ArnFormat.COLON_RESOURCE_NAME
        )
        self.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[cloudwatch_itself],
                actions=["sns:Publish"],
                resources=[self.topic_arn],
                conditions={"ArnLike": {"aws:SourceArn": every_alarm}},
            )
        )
        key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[cloudwatch_itself], actions=["kms:Decrypt", "kms:GenerateDataKey*"], resources=["*"]
            )
        )
        if deployment.alarm_email:
            self.add_subscription(subscriptions.EmailSubscription(deployment.alarm_email))
