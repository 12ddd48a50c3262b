"""What reviewers' tools say of the stacks: three rule packs of cdk-nag, and cfn-lint."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

import pytest

from infra.config import EDGE_REGION, Deployment

if TYPE_CHECKING:  # The CDK starts Node as soon as it is imported, and a laptop may have none.
    from infra.review import Finding

pytestmark = pytest.mark.slow

OF_THE_CDK: Final = ("W3005",)
"""The CDK writes down, for helpers of its own, dependencies that CloudFormation would see by itself."""


@dataclass(frozen=True)
class Reviewed:
    """One deployment: what the packs find when nothing is acknowledged, and where its templates are."""

    findings: list[Finding]
    region: str
    templates: list[Path]


@pytest.fixture(scope="module")
def review(need_program: Callable[..., Path]) -> ModuleType:
    need_program("node")
    from infra import review

    return review


@pytest.fixture(scope="module")
def acknowledged(review: ModuleType) -> ModuleType:
    from infra import acknowledged

    return acknowledged


@pytest.fixture(scope="module")
def reviewed(review: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Reviewed]:
    found = {}
    for name, values in review.REVIEWED.items():
        folder = tmp_path_factory.mktemp("cdk.out")
        app, deployment = review.composed(values, str(folder))
        findings = review.findings(app, deployment)
        found[name] = Reviewed(findings, deployment.region, sorted(folder.glob("*.template.json")))
    return found


@pytest.fixture(scope="module")
def found(reviewed: Mapping[str, Reviewed]) -> set[Finding]:
    return {finding for one in reviewed.values() for finding in one.findings}


def test_whatever_the_packs_find_is_acknowledged(
    review: ModuleType, acknowledged: ModuleType, found: set[Finding]
) -> None:
    left = found.difference(*(review.of(row, found) for row in acknowledged.ACKNOWLEDGED))

    assert not left


def test_nothing_is_acknowledged_that_is_not_found(
    review: ModuleType, acknowledged: ModuleType, found: set[Finding]
) -> None:
    for row in acknowledged.ACKNOWLEDGED:
        there = review.of(row, found)

        assert {one.rule for one in there} == set(row.rules)
        assert {one.where for one in there} == set(row.where)


def test_every_reason_is_its_own(acknowledged: ModuleType) -> None:
    reasons = [row.reason for row in acknowledged.ACKNOWLEDGED]

    assert len(set(reasons)) == len(reasons)
    assert min(map(len, reasons)) > 80


def test_every_kind_of_deployment_is_reviewed(review: ModuleType) -> None:
    deployments = [Deployment(**values) for values in review.REVIEWED.values()]

    assert {one.mfa for one in deployments} == {"optional", "required"}
    assert {one.promoted_model for one in deployments} == {True, False}
    assert {one.keep_data for one in deployments} == {True, False}
    assert {(one.host, one.host_gpu, one.host_nat) for one in deployments} == {
        *((False, False, False), (True, False, True), (True, True, False)),
    }
    assert {one.region == EDGE_REGION for one in deployments} == {True, False}
    for key in ("domain", "hosted_zone", "page_origin", "alarm_email", "usual_mean", "reserved_concurrency"):
        assert {getattr(one, key) is None for one in deployments} == {True, False}, key


def test_the_packs_let_the_app_pass(review: ModuleType, acknowledged: ModuleType, tmp_path: Path) -> None:
    from aws_cdk import Validations

    app, deployment = review.composed({}, str(tmp_path))
    acknowledged.acknowledge(app, deployment)
    Validations.of(app).add_plugins(*(pack(app) for pack in review.PACKS.values()))

    app.synth()  # raises on any finding


def test_the_packs_stop_an_app_that_acknowledges_nothing(review: ModuleType, tmp_path: Path) -> None:
    from aws_cdk import Validations

    app, _ = review.composed({}, str(tmp_path))
    Validations.of(app).add_plugins(*(pack(app) for pack in review.PACKS.values()))

    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()


def test_the_page_lists_the_findings_that_stay(root: Path, found: set[Finding]) -> None:
    from infra.pages import findings_renewed

    page = (root / "docs" / "security.md").read_text(encoding="utf-8")

    assert page == findings_renewed(page, found), "python -m infra.pages brings the page up to date"


def test_cfn_lint_has_nothing_to_say(review: ModuleType, reviewed: Mapping[str, Reviewed]) -> None:
    regions = {EDGE_REGION, *(one.region for one in reviewed.values())}
    templates = [str(template) for one in reviewed.values() for template in one.templates]
    assert len(templates) == sum(4 if values.get("host") else 3 for values in review.REVIEWED.values())

    linter = [str(Path(sys.executable).parent / "cfn-lint"), "--format", "parseable", "--ignore-checks", *OF_THE_CDK]
    done = subprocess.run(
        [*linter, "--regions", *regions, "--", *templates], capture_output=True, text=True, check=False
    )

    assert done.stdout + done.stderr == ""
    assert done.returncode == 0
