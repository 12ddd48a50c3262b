"""Cleaning: the CDK's own function that empties buckets before they are destroyed, held to our rules.

The CDK makes it beside the stack's constructs, with a wide policy of AWS's and a log group that nobody deletes.
"""

from __future__ import annotations

from typing import Final

from aws_cdk import CfnResource, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from infra.config import Deployment
from infra.logs import LogGroup

PROVIDER: Final = "Custom::S3AutoDeleteObjectsCustomResourceProvider"


def hold_to_our_rules(stack: Stack, deployment: Deployment, *, key: kms.IKey) -> None:
    """Let the function of this stack, if there is one, write to a log of its own and do nothing else by its role.

    Each bucket's policy says that the function may empty it.
    """
    provider = stack.node.try_find_child(PROVIDER)
    if provider is None:
        return
    log = LogGroup(stack, "CleaningLog", deployment, key=key)
    may = iam.ManagedPolicy(stack, "CleaningMay", description="Empties buckets", statements=[log.writing()])
    for part in provider.node.children:
        if isinstance(part, CfnResource) and part.cfn_resource_type == "AWS::Lambda::Function":
            part.add_property_override("LoggingConfig", {"LogGroup": log.log_group_name})
        elif isinstance(part, CfnResource) and part.cfn_resource_type == "AWS::IAM::Role":
            part.add_property_override("ManagedPolicyArns", [may.managed_policy_arn])
