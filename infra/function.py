"""Function: the Lambda function that reads films, what it may touch, and how a new version takes over."""

from __future__ import annotations

from typing import Final

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_ecr_assets as assets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra import contract
from infra.config import Deployment
from infra.data import Data
from infra.logs import LogGroup
from infra.role import Role

PREFIXES: Final = ("readings/*", "uploads/*")
"""What the function keeps in the films bucket."""

OF_THE_REGISTRY: Final = ("promoted.json", "versions/*")
"""What it reads in the registry's, if it takes its model from there."""

# An image for one processor on a function of the other fails at the first call, so the two are set together.
PROCESSORS: Final = {
    "x86_64": (lambda_.Architecture.X86_64, assets.Platform.LINUX_AMD64),
    "arm64": (lambda_.Architecture.ARM_64, assets.Platform.LINUX_ARM64),
}

SLOW: Final = Duration.seconds(10)
"""A reading takes well under a second, and a start a few: beyond this, something hangs."""


class Function(Construct):
    """The function and its alias ``live``, which is all that others call."""

    def __init__(
        self,
        scope: Construct,
        identity: str,
        deployment: Deployment,
        *,
        data: Data,
        key: kms.IKey,
        page: str,
    ) -> None:
        super().__init__(scope, identity)
        architecture, platform = PROCESSORS[deployment.architecture]
        log = LogGroup(self, "Log", deployment, key=key)
        self.function = lambda_.DockerImageFunction(
            self,
            "Function",
            description="Reads elbow films. Research use only, not for diagnosis.",
            # An asset: built by `cdk deploy` alone, so the templates are made and tested without Docker.
            code=lambda_.DockerImageCode.from_image_asset(
                str(contract.ROOT),
                file="lambda_fn/Dockerfile",
                platform=platform,
                build_args={"VERSION": contract.version()},
                cmd=[contract.HANDLER],
            ),
            architecture=architecture,
            memory_size=deployment.memory_mb,
            timeout=Duration.seconds(contract.TIMEOUT_SECONDS),
            reserved_concurrent_executions=deployment.reserved_concurrency,
            environment={
                **contract.environment(
                    service=deployment.named(),
                    store=f"s3://{data.films.bucket_name}",
                    origins=page,
                    retention_hours=24 * deployment.retention_days,
                ),
                # The page's policy names the bucket by its region, in us-east-1 as elsewhere.
                "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT": "regional",
                **({"FRACTURELENS_MODEL": f"s3://{data.models.bucket_name}"} if deployment.promoted_model else {}),
            },
            role=Role(self, "Role", "lambda.amazonaws.com", "Reads films", _permissions(self, deployment, data, log)),
            log_group=log,
        )
        self.live = lambda_.Alias(self, "Live", alias_name="live", version=self.function.current_version)
        self.rollback_alarms = [self._errors(), self._slow()]
        self._deploy_in_steps()

    def _errors(self) -> cloudwatch.Alarm:
        return self.live.metric_errors(period=Duration.minutes(1), statistic="Sum").create_alarm(
            self,
            "Errors",
            alarm_description="The function ended without an answer: it broke off or ran out of time or memory.",
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )

    def _slow(self) -> cloudwatch.Alarm:
        return self.live.metric_duration(period=Duration.minutes(1), statistic="p95").create_alarm(
            self,
            "Slow",
            alarm_description="One call in twenty takes longer than ten seconds.",
            threshold=SLOW.to_milliseconds(),
            evaluation_periods=2,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )

    def _deploy_in_steps(self) -> None:
        """Give a new version one call in ten, all of them after five minutes, and none once an alarm goes off."""
        all_alarms = Stack.of(self).format_arn(
            service="cloudwatch", resource="alarm", resource_name="*", arn_format=ArnFormat.COLON_RESOURCE_NAME
        )
        role = Role(
            self,
            "DeployRole",
            "codedeploy.amazonaws.com",
            "Moves calls from one version to the next",
            [
                iam.PolicyStatement(
                    actions=["lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig"],
                    resources=[self.function.function_arn, f"{self.function.function_arn}:*"],
                ),
                # Looks at the alarms above, but AWS checks this right against the list of all alarms.
                iam.PolicyStatement(actions=["cloudwatch:DescribeAlarms"], resources=[all_alarms]),
            ],
        )
        codedeploy.LambdaDeploymentGroup(
            self,
            "Deployment",
            application=codedeploy.LambdaApplication(self, "Application"),
            alias=self.live,
            deployment_config=codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_5_MINUTES,
            alarms=self.rollback_alarms,
            auto_rollback=codedeploy.AutoRollbackConfig(
                deployment_in_alarm=True, failed_deployment=True, stopped_deployment=True
            ),
            role=role.without_policy_updates(),  # Else the CDK adds a policy of AWS's, which is much wider.
        )


def _permissions(function: Function, deployment: Deployment, data: Data, log: LogGroup) -> list[iam.PolicyStatement]:
    films = data.films
    models = [data.models.arn_for_objects(key) for key in OF_THE_REGISTRY]
    from_registry = [iam.PolicyStatement(actions=["s3:GetObject"], resources=models)]
    return [
        *(from_registry if deployment.promoted_model else ()),
        iam.PolicyStatement(
            actions=["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            resources=[films.arn_for_objects(prefix) for prefix in PREFIXES],
        ),
        # Without it, S3 answers "forbidden" where nothing is kept, and nobody could tell the one from the other.
        iam.PolicyStatement(
            actions=["s3:ListBucket"],
            resources=[films.bucket_arn],
            conditions={"StringLike": {"s3:prefix": list(PREFIXES)}},
        ),
        iam.PolicyStatement(
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=[data.key.key_arn],
            conditions={"StringEquals": {"kms:ViaService": f"s3.{Stack.of(function).region}.amazonaws.com"}},
        ),
        log.writing(),
    ]
