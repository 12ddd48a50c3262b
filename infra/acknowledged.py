"""Findings of the rule packs that stay, each with the reason why this system is right all the same.

``docs/security.md`` lists them. A row that nothing is found for fails a test, and so does a finding without a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct

PACKS: Final = ("AwsSolutions", "HIPAA.Security", "NIST.800.53.R5")
"""What the names of rules begin with; packs share many a rule, so a row names it once for all."""


@dataclass(frozen=True)
class Acknowledged:
    """Rules, the constructs that may break them, and why.

    Attributes
    ----------
    where : tuple of str
        Paths of constructs, from their stack on. What a deployment does not have is passed over.
    rules : tuple of str
        Names of rules, without their pack.
    reason : str
    """

    where: tuple[str, ...]
    rules: tuple[str, ...]
    reason: str


ACKNOWLEDGED: Final = (
    Acknowledged(
        where=("Data/Films/Resource",),
        rules=("S3BucketVersioningEnabled", "S3BucketReplicationEnabled"),
        reason="Films and readings are promised to be gone after their retention, and whoever sent them keeps the "
        "originals. An old version or a copy elsewhere would outlive that promise.",
    ),
    Acknowledged(
        where=("Data/Models/Resource",),
        rules=("S3BucketReplicationEnabled",),
        reason="Models hold nothing of a patient, every version is kept, and the same bundle is in the image of the "
        "function and in the repository that it was built from.",
    ),
    Acknowledged(
        where=("Data/Logs/Resource",),
        rules=("S3DefaultEncryptionKMS",),
        reason="S3 delivers its access logs only to buckets encrypted with its own keys (SSE-S3). They hold addresses, "
        "times and random ids, nothing of a film.",
    ),
    Acknowledged(
        where=("Data/Logs/Resource",),
        rules=("S3BucketVersioningEnabled", "S3BucketReplicationEnabled"),
        reason="Only AWS's log delivery may write here, under names that never come twice, so there is nothing that a "
        "version would bring back. An account that must keep its trail elsewhere too points CloudTrail data events at "
        "its audit account.",
    ),
)


def acknowledge(app: IConstruct) -> None:
    """Tell the rule packs which of their findings stay, and why."""
    for stack in filter(Stack.is_stack, app.node.children):
        for row in ACKNOWLEDGED:
            for construct in filter(None, (_find(stack, where) for where in row.where)):
                Validations.of(construct).acknowledge(
                    *(Acknowledgment(id=f"{pack}-{rule}", reason=row.reason) for rule in row.rules for pack in PACKS)
                )


def place(path: str) -> str:
    """Return a construct's path from its stack on, the same in every stage."""
    return path.partition("/")[2]


def _find(stack: IConstruct, where: str) -> IConstruct | None:
    found: IConstruct | None = stack
    for name in where.split("/"):
        found = found.node.try_find_child(name) if found else None
    return found
