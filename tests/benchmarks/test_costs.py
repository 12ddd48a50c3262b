"""docs/costs.md follows from what was measured and what is assumed, and counts what the templates deploy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import bill, cold_result, costs
from benchmarks.bill import FIXED, Load, per_month, per_reading
from benchmarks.cold_result import ColdStart
from benchmarks.prices import ASSUMPTIONS, PRICES
from benchmarks.result import OURS


@pytest.fixture
def kept() -> ColdStart:
    return cold_result.read()


def test_the_page_is_made_of_the_figures_kept(kept: ColdStart, root: Path) -> None:
    assert (root / "docs" / "costs.md").read_text() == costs.render(kept)


def test_the_page_says_that_prices_are_assumptions(kept: ColdStart) -> None:
    shown = costs.render(kept)

    assert "**Prices are assumptions**" in shown
    for name, price in PRICES.items():
        assert any(line.startswith(f"| {name} | ") and price.source in line for line in shown.splitlines()), name
    for name, assumption in ASSUMPTIONS.items():
        assert any(line.startswith(f"| {name} | ") and assumption.why in line for line in shown.splitlines()), name


def test_a_function_that_takes_twice_as_long_costs_twice_as_much_to_run() -> None:
    # What is waited for is not measured, so only the difference doubles.
    nothing, once, twice = (per_reading(Load(event, 0), "x86_64")["Lambda, running"] for event in (0, 50, 100))

    assert twice - nothing == pytest.approx(2 * (once - nothing))


def test_a_slower_start_costs_its_share_of_cold_starts(kept: ColdStart) -> None:
    load = Load.of(kept, OURS)
    fast, slow = per_reading(load, "x86_64"), per_reading(Load(load.event_ms, 3 * load.init_ms), "x86_64")

    assert slow["Lambda, starting"] == pytest.approx(3 * fast["Lambda, starting"])
    assert {name for name in fast if fast[name] != slow[name]} == {"Lambda, starting"}


def test_only_lambda_tells_processors_apart(kept: ColdStart) -> None:
    x86, arm = (per_reading(Load.of(kept, OURS), architecture) for architecture in bill.ARCHITECTURES)

    assert {name for name in x86 if x86[name] != arm[name]} == {"Lambda, running", "Lambda, starting"}


def test_a_month_is_its_readings_and_what_is_paid_anyway(kept: ColdStart) -> None:
    reading = sum(per_reading(Load.of(kept, OURS), "x86_64").values())
    expected = costs.dollars(sum(per_month().values()) + 100_000 * reading)

    assert any(line.startswith(f"| 100,000 | {expected} |") for line in costs.render(kept).splitlines())


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory, need_program: Callable[..., Path]) -> list[dict[str, Any]]:
    """Return the resources of all stacks, as they come."""
    need_program("node")
    import aws_cdk as cdk

    from infra.app import compose
    from infra.config import load

    context = json.loads((Path(__file__).parents[2] / "cdk.json").read_text())["context"]
    app = cdk.App(
        context={**context, "aws:cdk:disable-asset-staging": True}, outdir=str(tmp_path_factory.mktemp("cdk.out"))
    )
    compose(app, load(app.node.get_all_context()))
    return [resource for stack in app.synth().stacks for resource in stack.template["Resources"].values()]


@pytest.mark.slow
def test_what_is_paid_each_month_is_what_the_templates_deploy(templates: list[dict[str, Any]]) -> None:
    def of_type(kind: str) -> list[dict[str, Any]]:
        return [resource["Properties"] for resource in templates if resource["Type"] == kind]

    watched = [
        alarm.get("Metrics", [{"MetricStat": alarm.get("MetricName")}]) for alarm in of_type("AWS::CloudWatch::Alarm")
    ]
    banded = [metrics for metrics in watched if "ANOMALY_DETECTION_BAND" in str(metrics)]
    plain = [metrics for metrics in watched if metrics not in banded]

    assert FIXED["KMS, key"] == len(of_type("AWS::KMS::Key"))
    assert FIXED["WAF, web ACL"] == len(of_type("AWS::WAFv2::WebACL"))
    assert FIXED["WAF, rule"] == sum(len(acl["Rules"]) for acl in of_type("AWS::WAFv2::WebACL"))
    assert FIXED["CloudWatch, dashboard"] == len(of_type("AWS::CloudWatch::Dashboard"))
    assert FIXED["CloudWatch, anomaly band"] == len(banded)
    assert FIXED["CloudWatch, alarm"] == sum("MetricStat" in metric for metrics in plain for metric in metrics)
    assert max(function.get("MemorySize", 0) for function in of_type("AWS::Lambda::Function")) == bill.MEMORY_MB
