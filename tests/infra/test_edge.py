"""The firewall: what it stops, what it lets films do, what it writes down, and where it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.infra.conftest import Synthesise
from tests.infra.templates import System, text

BODIES = {
    f"awswaf:managed:aws:core-rule-set:{rule}_Body"
    for rule in ("SizeRestrictions", "CrossSiteScripting", "GenericLFI", "GenericRFI", "EC2MetaDataSSRF")
}


def rules(system: System) -> dict[str, Any]:
    acl = system.edge.the("AWS::WAFv2::WebACL")
    return {rule["Name"]: rule for rule in sorted(acl["Rules"], key=lambda rule: rule["Priority"])}


def test_the_firewall_is_where_cloudfront_looks_for_it(either: System) -> None:
    assert either.edge.region == "us-east-1"
    assert either.edge.the("AWS::WAFv2::WebACL")["Scope"] == "CLOUDFRONT"


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "ap-southeast-2"])
def test_the_page_finds_its_firewall_from_every_region(synthesise: Synthesise, region: str) -> None:
    system = synthesise(region=region)
    config = system.service.the("AWS::CloudFront::Distribution")["DistributionConfig"]

    found = config["WebACLId"]["Fn::GetStackOutput"]

    assert found["OutputName"] in system.edge.content["Outputs"]
    assert text(system.edge.content["Outputs"][found["OutputName"]]["Value"]).startswith("<FirewallAcl")
    assert found.get("Region", region) == "us-east-1"
    assert system.service.region == system.data.region == region
    helpers = [kind for kind in _kinds(system) if kind.startswith("Custom::") and "Cross" in kind]
    assert not helpers, "no function is needed to carry a name from one region to another"


def _kinds(system: System) -> set[str]:
    return {resource["Type"] for template in system.all for resource in template.resources.values()}


def test_awss_rules_act_as_they_say_but_on_bodies(either: System) -> None:
    managed = {name: rule for name, rule in rules(either).items() if "ManagedRuleGroupStatement" in rule["Statement"]}

    assert set(managed) == {
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesCommonRuleSet",
    }
    for rule in managed.values():
        assert rule["OverrideAction"] == {"None": {}}
        for override in rule["Statement"]["ManagedRuleGroupStatement"].get("RuleActionOverrides", []):
            assert override["Name"].endswith("_BODY")
            assert override["ActionToUse"] == {"Count": {}}


def test_a_suspicious_body_is_stopped_unless_it_is_a_film(either: System) -> None:
    found = rules(either)
    rule = found["SuspiciousBodies"]

    suspicious, no_film = rule["Statement"]["AndStatement"]["Statements"]

    assert rule["Action"] == {"Block": {}}
    assert rule["Priority"] > found["AWSManagedRulesCommonRuleSet"]["Priority"], "labels come from rules before it"
    labels = {s["LabelMatchStatement"]["Key"] for s in suspicious["OrStatement"]["Statements"]}
    assert labels == BODIES
    film = no_film["NotStatement"]["Statement"]["ByteMatchStatement"]
    assert (film["PositionalConstraint"], film["SearchString"]) == ("EXACTLY", "/v1/assessments")


def test_every_body_rule_that_only_counts_is_acted_on_later(either: System) -> None:
    group = rules(either)["AWSManagedRulesCommonRuleSet"]["Statement"]["ManagedRuleGroupStatement"]

    counted = {override["Name"].lower() for override in group["RuleActionOverrides"]}

    assert counted == {label.rpartition(":")[2].lower() for label in BODIES}


@pytest.mark.parametrize(("deployment", "limit"), [("trial", 1000), ("production", 5000)])
def test_one_address_cannot_flood_the_page(deployment: str, limit: int, request: pytest.FixtureRequest) -> None:
    rate = rules(request.getfixturevalue(deployment))["Rate"]

    assert rate["Action"] == {"Block": {}}
    assert rate["Statement"]["RateBasedStatement"] == {
        "AggregateKeyType": "IP",
        "EvaluationWindowSec": 300,
        "Limit": limit,
    }


def test_the_log_holds_what_was_stopped_and_no_token(either: System) -> None:
    logging = either.edge.the("AWS::WAFv2::LoggingConfiguration")

    kept = {
        condition["ActionCondition"]["Action"]
        for kept in logging["LoggingFilter"]["Filters"]
        for condition in kept["Conditions"]
    }

    assert logging["LoggingFilter"]["DefaultBehavior"] == "DROP"
    assert "BLOCK" in kept
    assert "ALLOW" not in kept
    assert {"SingleHeader": {"Name": "authorization"}} in logging["RedactedFields"]
    assert {"QueryString": {}} in logging["RedactedFields"]  # Signing in comes back with a code in the query.


def test_the_log_has_the_name_that_aws_asks_for(either: System, trial: System) -> None:
    logging = either.edge.the("AWS::WAFv2::LoggingConfiguration")
    group = either.edge.the("AWS::Logs::LogGroup")

    assert group["LogGroupName"] == f"aws-waf-logs-fracturelens-{'dev' if either is trial else 'prod'}"
    (destination,) = map(text, logging["LogDestinationConfigs"])
    assert destination.startswith("arn:aws:logs:us-east-1:<AWS::AccountId>:log-group:<FirewallLog")
    assert not destination.endswith("*")


def test_no_sample_of_a_request_is_kept_outside_the_log(either: System) -> None:
    assert '"SampledRequestsEnabled": true' not in json.dumps(either.edge.the("AWS::WAFv2::WebACL"))
