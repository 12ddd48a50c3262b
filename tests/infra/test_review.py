"""What reviewers' tools say of the stacks: three rule packs of cdk-nag, and cfn-lint."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from aws_cdk import Validations

from infra import review
from infra.acknowledged import ACKNOWLEDGED, Acknowledged, acknowledge
from infra.config import EDGE_REGION, Deployment
from infra.review import Finding

pytestmark = pytest.mark.slow

OF_THE_CDK = ("W3005",)
"""The CDK writes down, for helpers of its own, dependencies that CloudFormation would see by itself."""


@dataclass(frozen=True)
class Reviewed:
    """One deployment: what the packs find when nothing is acknowledged, and where its templates are."""

    findings: list[Finding]
    templates: list[Path]


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Reviewed]:
    found = {}
    for name, values in review.REVIEWED.items():
        folder = tmp_path_factory.mktemp("cdk.out")
        found[name] = Reviewed(
            review.findings(*review.composed(values, str(folder))), sorted(folder.glob("*.template.json"))
        )
    return found


@pytest.fixture(scope="module")
def found(reviewed: Mapping[str, Reviewed]) -> set[Finding]:
    return {finding for one in reviewed.values() for finding in one.findings}


def test_whatever_the_packs_find_is_acknowledged(found: set[Finding]) -> None:
    left = found.difference(*(review.of(row, found) for row in ACKNOWLEDGED))

    assert not left


@pytest.mark.parametrize("row", ACKNOWLEDGED, ids=lambda row: f"{row.where[0]} {row.rules[0]}")
def test_nothing_is_acknowledged_that_is_not_found(row: Acknowledged, found: set[Finding]) -> None:
    there = review.of(row, found)

    assert {one.rule for one in there} == set(row.rules)
    assert all(any(f"{one.where}/".startswith(f"{at}/") for one in there) for at in row.where)


def test_every_reason_is_its_own() -> None:
    reasons = [row.reason for row in ACKNOWLEDGED]

    assert len(set(reasons)) == len(reasons)
    assert min(map(len, reasons)) > 80


def test_the_packs_let_the_app_pass_as_plugins(tmp_path: Path) -> None:
    app, deployment = review.composed({}, str(tmp_path))
    acknowledge(app, deployment)
    Validations.of(app).add_plugins(*(pack(app) for pack in review.PACKS.values()))

    app.synth()  # raises on any finding


def test_the_packs_stop_the_app_when_nothing_is_acknowledged(tmp_path: Path) -> None:
    app, _ = review.composed({}, str(tmp_path))
    Validations.of(app).add_plugins(*(pack(app) for pack in review.PACKS.values()))

    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()


def test_the_page_lists_the_findings_that_stay(found: set[Finding]) -> None:
    page = review.PAGE.read_text()

    assert page == review.brought_up_to_date(page, found), "python -m infra.review brings docs/security.md up to date"


@pytest.mark.parametrize("name", review.REVIEWED)
def test_cfn_lint_has_nothing_to_say(name: str, reviewed: Mapping[str, Reviewed]) -> None:
    regions = {EDGE_REGION, review.REVIEWED[name].get("region", Deployment().region)}
    templates = reviewed[name].templates
    assert templates

    linter = [str(Path(sys.executable).parent / "cfn-lint"), "--format", "parseable", "--ignore-checks", *OF_THE_CDK]
    done = subprocess.run(
        [*linter, "--regions", *regions, "--", *map(str, templates)], capture_output=True, text=True, check=False
    )

    assert done.stdout + done.stderr == ""
    assert done.returncode == 0
