"""Roles: what one service of AWS may do for us, spelt out."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct


class Role(iam.Role):
    """A role with one policy, which is there before anything takes the role on."""

    def __init__(
        self, scope: Construct, identity: str, service: str, purpose: str, may: Sequence[iam.PolicyStatement]
    ) -> None:
        super().__init__(scope, identity, assumed_by=iam.ServicePrincipal(service), description=purpose)
        self.add_managed_policy(iam.ManagedPolicy(self, "May", description=purpose, statements=may))
