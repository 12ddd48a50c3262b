"""Keys of our own, made anew by AWS every year."""

from __future__ import annotations

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.config import Deployment
from infra.removal import removal_policy


class Key(kms.Key):
    """A key that the account administers; nobody else may use it until told so."""

    def __init__(self, scope: Construct, identity: str, deployment: Deployment, what_for: str) -> None:
        super().__init__(
            scope,
            identity,
            description=f"{deployment.named()}: {what_for}",
            enable_key_rotation=True,
            # AWS makes a key wait before it goes; a trial deployment asks for the shortest wait.
            pending_window=Duration.days(30 if deployment.keep_data else 7),
            removal_policy=removal_policy(deployment),
        )

    def open_to_logs(self) -> None:
        """Let CloudWatch encrypt the log groups of this account and region, and nothing else, with this key."""
        stack = Stack.of(self)
        self.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
                actions=["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:DescribeKey"],
                resources=["*"],
                conditions={
                    "ArnLike": {
                        "kms:EncryptionContext:aws:logs:arn": stack.format_arn(
                            service="logs",
                            resource="log-group",
                            resource_name="*",
                            arn_format=ArnFormat.COLON_RESOURCE_NAME,
                        )
                    }
                },
            )
        )
