"""What rule packs for security object to in the app, in every kind of deployment."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cdk_nag
from aws_cdk import App

from infra.acknowledged import Acknowledged, place, placeless
from infra.app import compose
from infra.config import Deployment, load

ROOT: Final = Path(__file__).parent.parent

REVIEWED: Final[Mapping[str, Mapping[str, str]]] = {
    "as it comes": {},
    "production": {
        "stage": "prod",
        "region": "us-east-1",
        "architecture": "arm64",
        "reserved_concurrency": "20",
        "mfa": "required",
        "domain": "films.example.org",
        "certificate_arn": "arn:aws:acm:us-east-1:111122223333:certificate/01234567-89ab-cdef-0123-456789abcdef",
        "hosted_zone": "Z0123456789ABCDEFGHIJ",
        "alarm_email": "oncall@example.org",
        "usual_mean": "0.15,0.45",
        "promoted_model": "true",
        "host": "true",
        "host_nat": "true",
    },
    "elsewhere": {
        "stage": "trial",
        "region": "eu-west-1",
        "mfa": "required",
        "page_origin": "https://d111111abcdef8.cloudfront.net",
        "host": "true",
        "host_gpu": "true",
    },
}
"""Between them they take every value that adds, leaves out or changes a resource."""

PACKS: Final[Mapping[str, Callable[[App], cdk_nag.NagPack]]] = {
    "AwsSolutions": cdk_nag.AwsSolutionsChecks,
    "HIPAA.Security": cdk_nag.HIPAASecurityChecks,
    "NIST.800.53.R5": cdk_nag.NIST80053R5Checks,
}


@dataclass(frozen=True, order=True)
class Finding:
    """What one rule objects to in one resource.

    Attributes
    ----------
    where : str
        Path of the resource, from its stack on.
    rule : str
        Without the name of the pack, since packs share rules.
    pack : str
    says : str
        The rule's own words, without the paragraphs of the standard.
    """

    where: str
    rule: str
    pack: str
    says: str


def composed(values: Mapping[str, str], folder: str) -> tuple[App, Deployment]:
    """Return the app as ``cdk synth`` composes it for ``-c key=value``; its templates will go to a folder."""
    flags = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    app = App(context={**flags, **values}, outdir=folder)
    deployment = load(app.node.get_all_context())
    compose(app, deployment)
    return app, deployment


def findings(app: App, deployment: Deployment) -> list[Finding]:
    """Write an app's templates, and return what the packs find in it and it does not acknowledge."""
    app.synth()  # Packs look at what the constructs have become.
    found = set()
    for name, pack in PACKS.items():
        for violation in pack(app).validate_scope(app).violations:
            rule = placeless(violation.rule_name.removeprefix(f"{name}-"), deployment)
            says = violation.description.split(" - (Control ID")[0]
            for resource in violation.violating_resources:
                found.add(Finding(place(str(resource.construct_path)), rule, name, says))
    return sorted(found)


def of(row: Acknowledged, found: Iterable[Finding]) -> list[Finding]:
    """Return the findings that a row acknowledges."""
    return [
        one for one in found if one.rule in row.rules and any(f"{one.where}/".startswith(f"{at}/") for at in row.where)
    ]
