"""Rights: what the host may do, spelt out instead of AWS's wide policies."""

from __future__ import annotations

from typing import Final

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra import contract
from infra.data import Data
from infra.function import PREFIXES
from infra.host.images import Image, pulling
from infra.logs import LogGroup

FROM_TRAINING: Final = ("jobs/*", "versions/*")
"""What the host writes in the registry: never the pointer to the promoted version, which is a person's to move."""


def rights(scope: Construct, *, data: Data, images: list[Image], logs: list[LogGroup]) -> list[iam.PolicyStatement]:
    """Return what the host's role may do: as the function with films, and train."""
    return [
        *_with_films(data),
        *_with_models(data),
        iam.PolicyStatement(
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=[data.key.key_arn],
            conditions={"StringEquals": {"kms:ViaService": f"s3.{Stack.of(scope).region}.amazonaws.com"}},
        ),
        *pulling(*images),
        *(log.writing() for log in logs),
        iam.PolicyStatement(
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            conditions={"StringEquals": {"cloudwatch:namespace": contract.NAMESPACE}},
        ),
        *_being_reached(scope),
    ]


def _with_films(data: Data) -> list[iam.PolicyStatement]:
    return [
        iam.PolicyStatement(
            actions=["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            resources=[data.films.arn_for_objects(prefix) for prefix in PREFIXES],
        ),
        iam.PolicyStatement(
            actions=["s3:ListBucket"],
            resources=[data.films.bucket_arn],
            conditions={"StringLike": {"s3:prefix": list(PREFIXES)}},
        ),
    ]


def _with_models(data: Data) -> list[iam.PolicyStatement]:
    models = data.models
    return [
        iam.PolicyStatement(actions=["s3:GetObject"], resources=[models.arn_for_objects("*")]),
        iam.PolicyStatement(actions=["s3:ListBucket"], resources=[models.bucket_arn]),
        iam.PolicyStatement(
            actions=["s3:PutObject"], resources=[models.arn_for_objects(prefix) for prefix in FROM_TRAINING]
        ),
        # Of checkpoints the last few are kept.
        iam.PolicyStatement(actions=["s3:DeleteObject"], resources=[models.arn_for_objects("jobs/*")]),
    ]


def _being_reached(scope: Construct) -> list[iam.PolicyStatement]:
    """Return what sessions and commands of Systems Manager need; AWS's own policy also reads every parameter."""
    return [
        iam.PolicyStatement(
            actions=["ssm:UpdateInstanceInformation"],
            resources=[Stack.of(scope).format_arn(service="ec2", resource="instance", resource_name="*")],
        ),
        # These know no resource: the channels belong to whoever's credentials open them.
        iam.PolicyStatement(
            actions=[
                *(f"ssmmessages:{verb}{what}Channel" for verb in ("Create", "Open") for what in ("Control", "Data")),
                *(f"ec2messages:{verb}Message" for verb in ("Acknowledge", "Delete", "Fail")),
                *("ec2messages:GetEndpoint", "ec2messages:GetMessages", "ec2messages:SendReply"),
            ],
            resources=["*"],
        ),
    ]
