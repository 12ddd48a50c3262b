"""What rule packs for security object to in the app, and what ``docs/security.md`` says of it.

``python -m infra.review`` runs the packs over every deployment in ``REVIEWED`` and brings the page up to date.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import cdk_nag
from aws_cdk import App

from infra.acknowledged import ACKNOWLEDGED, FILMS, Acknowledged, acknowledge, place, placeless
from infra.app import compose
from infra.config import Deployment, load

__all__ = ["ACKNOWLEDGED", "PACKS", "REVIEWED", "Finding", "acknowledge", "composed", "findings", "of", "section"]

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = ROOT / "docs" / "security.md"
BEGIN: Final = "<!-- Findings: written by `python -m infra.review`; do not edit. -->"
END: Final = "<!-- End of the findings. -->"

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
    },
    "elsewhere": {
        "stage": "trial",
        "region": "eu-west-1",
        "mfa": "required",
        "page_origin": "https://d111111abcdef8.cloudfront.net",
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


def section(found: Iterable[Finding]) -> str:
    """Return the table of findings that stay, in Markdown."""
    found = sorted(set(found))
    rows = [f"| {_where(row)} | {_rules(of(row, found))} | {row.reason} |" for row in ACKNOWLEDGED]
    return "\n".join(("| where | what the packs find | why it stays |", "|---|---|---|", *rows)) + "\n"


def brought_up_to_date(page: str, found: Iterable[Finding]) -> str:
    """Return the page with its section written anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{section(found)}\n{END}{after}"


def _where(row: Acknowledged) -> str:
    return "<br>".join(f"`{at.removesuffix('/Resource')}`" for at in row.where)


def _rules(found: list[Finding]) -> str:
    """Return what was found, each sentence with the rules that say so and their packs."""
    said: dict[str, dict[str, set[str]]] = {}
    for one in found:
        rule = one.rule.replace(FILMS, "<films bucket>")
        said.setdefault(one.says.rstrip("."), {}).setdefault(rule, set()).add(one.pack)
    return "<br>".join(
        f"{says}: " + ", ".join(f"`{rule}` ({', '.join(sorted(packs))})" for rule, packs in sorted(rules.items()))
        for says, rules in sorted(said.items())
    )


def main() -> None:
    """Bring the page up to date; say what is not acknowledged, and fail if there is anything."""
    found: set[Finding] = set()
    for values in REVIEWED.values():
        with TemporaryDirectory() as folder:
            found.update(findings(*composed(values, folder)))
    PAGE.write_text(brought_up_to_date(PAGE.read_text(), found))
    open_ones = found.difference(*(of(row, found) for row in ACKNOWLEDGED))
    for one in sorted(open_ones):
        print(f"{one.where}: {one.says} {one.pack}-{one.rule}")
    print(f"{len(found)} findings, {len(open_ones)} of them not acknowledged.")
    sys.exit(bool(open_ones))


if __name__ == "__main__":
    main()
