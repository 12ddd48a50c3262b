"""Where logs go: encrypted, and gone after the days that the deployment names."""

from __future__ import annotations

from typing import cast

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import Deployment
from infra.removal import removal_policy


class LogGroup(logs.LogGroup):
    """A log group of CloudWatch."""

    def __init__(
        self, scope: Construct, identity: str, deployment: Deployment, *, key: kms.IKey, name: str | None = None
    ) -> None:
        super().__init__(
            scope, identity, log_group_name=name, encryption_key=key, removal_policy=removal_policy(deployment)
        )
        cast("logs.CfnLogGroup", self.node.default_child).retention_in_days = deployment.log_retention_days

    @property
    def plain_arn(self) -> str:
        """The group's ARN as services ask for it that write to it, without the streams in it."""
        return Stack.of(self).format_arn(
            service="logs",
            resource="log-group",
            resource_name=self.log_group_name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

    def writing(self) -> iam.PolicyStatement:
        """Return what a function must be allowed to write here."""
        return iam.PolicyStatement(
            actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[self.log_group_arn]
        )


class LogBucket(s3.Bucket):
    """A bucket to which AWS delivers access logs.

    It is encrypted with S3's own keys, since log delivery knows no others. Only CloudFront, whose delivery is older
    than bucket policies, needs access control lists: a bucket that takes its logs says so.
    """

    def __init__(
        self,
        scope: Construct,
        identity: str,
        deployment: Deployment,
        *,
        name: str | None = None,
        of_cloudfront: bool = False,
    ) -> None:
        owner = s3.ObjectOwnership.BUCKET_OWNER_PREFERRED if of_cloudfront else s3.ObjectOwnership.BUCKET_OWNER_ENFORCED
        super().__init__(
            scope,
            identity,
            bucket_name=name,
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=owner,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=Duration.days(deployment.log_retention_days),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
            removal_policy=removal_policy(deployment),
            auto_delete_objects=not deployment.keep_data,
        )
