"""Cleaning: the CDK's own functions that tidy up, held to our rules.

The CDK makes them beside the stack's constructs, with a wide policy of AWS's and a log group that nobody deletes: one
empties buckets before they are destroyed, one takes the rules out of a network's default security group.
"""

from __future__ import annotations

from typing import Final

from aws_cdk import CfnResource, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from infra.config import Deployment
from infra.logs import LogGroup

PROVIDERS: Final = {
    "Custom::S3AutoDeleteObjectsCustomResourceProvider": ("Cleaning", "Empties buckets"),
    "Custom::VpcRestrictDefaultSGCustomResourceProvider": ("Closing", "Closes the default security group"),
}


def hold_to_our_rules(stack: Stack, deployment: Deployment, *, key: kms.IKey) -> None:
    """Let each such function of this stack write to a log of its own, and do nothing else by AWS's wide policy.

    Each bucket's policy says that it may be emptied; the role of the other names the one group that it may change.
    """
    for path, (name, purpose) in PROVIDERS.items():
        provider = stack.node.try_find_child(path)
        if provider is None:
            continue
        log = LogGroup(stack, f"{name}Log", deployment, key=key)
        may = iam.ManagedPolicy(stack, f"{name}May", description=purpose, statements=[log.writing()])
        for part in provider.node.children:
            if isinstance(part, CfnResource) and part.cfn_resource_type == "AWS::Lambda::Function":
                part.add_property_override("LoggingConfig", {"LogGroup": log.log_group_name})
            elif isinstance(part, CfnResource) and part.cfn_resource_type == "AWS::IAM::Role":
                part.add_property_override("ManagedPolicyArns", [may.managed_policy_arn])
