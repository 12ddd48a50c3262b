"""What ``cdk destroy`` leaves behind."""

from __future__ import annotations

from aws_cdk import RemovalPolicy

from infra.config import Deployment


def removal_policy(deployment: Deployment) -> RemovalPolicy:
    """Return whether what holds data outlives its stack."""
    return RemovalPolicy.RETAIN if deployment.keep_data else RemovalPolicy.DESTROY
