"""Edge: the firewall in front of the page and the API, and its log."""

from __future__ import annotations

from typing import Final

from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from infra.config import Deployment
from infra.encryption import Key
from infra.logs import LogGroup

FILMS: Final = "/v1/assessments"
"""Where the body of a request is a film."""

# Rules of AWSManagedRulesCommonRuleSet that look into bodies, and the label that each leaves.
# https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
BODY_RULES: Final = {
    "SizeRestrictions_BODY": "SizeRestrictions_Body",
    "CrossSiteScripting_BODY": "CrossSiteScripting_Body",
    "GenericLFI_BODY": "GenericLFI_Body",
    "GenericRFI_BODY": "GenericRFI_Body",
    "EC2MetaDataSSRF_BODY": "EC2MetaDataSSRF_Body",
}
COMMON_LABELS: Final = "awswaf:managed:aws:core-rule-set:"

Rule = waf.CfnWebACL.RuleProperty
Statement = waf.CfnWebACL.StatementProperty


class Firewall(Construct):
    """What CloudFront asks before it answers anybody."""

    def __init__(self, scope: Construct, identity: str, deployment: Deployment) -> None:
        super().__init__(scope, identity)
        self._acl = waf.CfnWebACL(
            self,
            "Acl",
            name=deployment.named(),
            description=f"{deployment.named()}: page and API",
            scope="CLOUDFRONT",
            default_action=waf.CfnWebACL.DefaultActionProperty(allow=waf.CfnWebACL.AllowActionProperty()),
            visibility_config=_visible(deployment.named()),
            rules=[
                _managed(0, "AWSManagedRulesAmazonIpReputationList"),
                _managed(1, "AWSManagedRulesKnownBadInputsRuleSet"),
                # A film is megabytes of arbitrary bytes, in which such rules find markup or paths by chance; it is
                # decoded as a picture and never shown, run or followed. So they only count, and the next rule acts.
                _managed(2, "AWSManagedRulesCommonRuleSet", only_counted=tuple(BODY_RULES)),
                _blocking(3, "SuspiciousBodies", _suspicious_bodies_but_films()),
                _blocking(4, "Rate", _rate(deployment.requests_per_ip)),
            ],
        )
        self._log(deployment)

    @property
    def arn(self) -> str:
        return self._acl.attr_arn

    def _log(self, deployment: Deployment) -> None:
        """Log what was stopped or stood out, without what would let a reader of the log sign in."""
        key = Key(self, "Key", deployment, "the firewall's log")
        key.open_to_logs()
        # AWS delivers to groups of this prefix only.
        group = LogGroup(self, "Log", deployment, key=key, name=f"aws-waf-logs-{deployment.named()}")
        kept = ("BLOCK", "COUNT", "EXCLUDED_AS_COUNT")
        waf.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=self.arn,
            log_destination_configs=[group.plain_arn],
            logging_filter={
                "DefaultBehavior": "DROP",
                "Filters": [
                    {
                        "Behavior": "KEEP",
                        "Requirement": "MEETS_ANY",
                        "Conditions": [{"ActionCondition": {"Action": action}} for action in kept],
                    }
                ],
            },
            redacted_fields=[
                waf.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": "authorization"}),
                # Signing in returns to the page with a code in the query.
                waf.CfnLoggingConfiguration.FieldToMatchProperty(query_string={}),
            ],
        )


def _managed(priority: int, name: str, only_counted: tuple[str, ...] = ()) -> Rule:
    count = waf.CfnWebACL.RuleActionProperty(count=waf.CfnWebACL.CountActionProperty())
    overrides = [waf.CfnWebACL.RuleActionOverrideProperty(name=rule, action_to_use=count) for rule in only_counted]
    group = waf.CfnWebACL.ManagedRuleGroupStatementProperty(
        vendor_name="AWS", name=name, rule_action_overrides=overrides or None
    )
    return Rule(
        name=name,
        priority=priority,
        statement=Statement(managed_rule_group_statement=group),
        override_action=waf.CfnWebACL.OverrideActionProperty(none={}),
        visibility_config=_visible(name),
    )


def _blocking(priority: int, name: str, statement: Statement) -> Rule:
    return Rule(
        name=name,
        priority=priority,
        statement=statement,
        action=waf.CfnWebACL.RuleActionProperty(block=waf.CfnWebACL.BlockActionProperty()),
        visibility_config=_visible(name),
    )


def _suspicious_bodies_but_films() -> Statement:
    labels = [
        Statement(
            label_match_statement=waf.CfnWebACL.LabelMatchStatementProperty(
                scope="LABEL", key=f"{COMMON_LABELS}{label}"
            )
        )
        for label in BODY_RULES.values()
    ]
    films = waf.CfnWebACL.ByteMatchStatementProperty(
        field_to_match=waf.CfnWebACL.FieldToMatchProperty(uri_path={}),
        positional_constraint="EXACTLY",
        search_string=FILMS,
        text_transformations=[waf.CfnWebACL.TextTransformationProperty(priority=0, type="NONE")],
    )
    no_film = Statement(
        not_statement=waf.CfnWebACL.NotStatementProperty(statement=Statement(byte_match_statement=films))
    )
    suspicious = Statement(or_statement=waf.CfnWebACL.OrStatementProperty(statements=labels))
    return Statement(and_statement=waf.CfnWebACL.AndStatementProperty(statements=[suspicious, no_film]))


def _rate(limit: int) -> Statement:
    return Statement(
        rate_based_statement=waf.CfnWebACL.RateBasedStatementProperty(
            limit=limit, aggregate_key_type="IP", evaluation_window_sec=300
        )
    )


def _visible(name: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    # Samples of requests are kept by AWS outside of our log, and cannot be redacted.
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )
