"""What somebody is told, and whom."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.infra.templates import System, statements, text


def alarms(system: System) -> dict[str, Any]:
    return system.service.of_type("AWS::CloudWatch::Alarm")


def metrics_of(alarm: Any) -> set[str]:
    if "MetricName" in alarm:
        return {alarm["MetricName"]}
    return {m["MetricStat"]["Metric"]["MetricName"] for m in alarm["Metrics"] if "MetricStat" in m}


def alarm_on(system: System, metric: str) -> Any:
    (found,) = (alarm for alarm in alarms(system).values() if metric in metrics_of(alarm))
    return found


@pytest.mark.parametrize(
    "metric",
    [
        *("Errors", "Throttles", "Duration", "5xx"),
        *("ServerErrors", "StoreErrors", "BundleErrors", "DeadlineExceeded", "MalformedEvents"),
        *("CannotAssess",),
    ],
)
def test_what_goes_wrong_sets_an_alarm_off(either: System, metric: str) -> None:
    alarm = alarm_on(either, metric)

    assert alarm["AlarmDescription"]
    assert alarm["TreatMissingData"] == "notBreaching", "where nobody reads films, nothing is wrong"


def test_a_promoted_model_that_cannot_be_used_sets_an_alarm_off(production: System) -> None:
    assert alarm_on(production, "BundleFallback")["AlarmDescription"]


def test_every_alarm_tells_the_topic_when_it_begins_and_when_it_is_over(either: System) -> None:
    (topic,) = either.service.of_type("AWS::SNS::Topic")

    for name, alarm in alarms(either).items():
        assert [text(action) for action in alarm["AlarmActions"]] == [f"<{topic}>"], name
        assert alarm["OKActions"] == alarm["AlarmActions"], name
        assert alarm.get("ActionsEnabled", True) is True, name


def test_own_metrics_are_this_deployments_alone(either: System, trial: System) -> None:
    service = {"Name": "service", "Value": "fracturelens-dev" if either is trial else "fracturelens-prod"}

    own = json.dumps([a for a in alarms(either).values() if '"Fracturelens"' in json.dumps(a)])

    assert own.count(json.dumps("Fracturelens")) == own.count(json.dumps(service))


def test_most_films_refused_sets_an_alarm_off_but_not_the_first_one_of_a_morning(either: System) -> None:
    alarm = alarm_on(either, "CannotAssess")

    assert metrics_of(alarm) == {"CannotAssess", "Readings"}
    (expression,) = (m["Expression"] for m in alarm["Metrics"] if "Expression" in m)
    assert expression == "IF(readings >= 10, rate, 0)"
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0.5, "GreaterThanThreshold")


def test_drift_is_what_is_unusual_unless_the_usual_is_known(trial: System) -> None:
    alarm = alarm_on(trial, "FractureProbability")

    assert alarm["ComparisonOperator"] == "LessThanLowerOrGreaterThanUpperThreshold"
    assert any("ANOMALY_DETECTION_BAND" in m.get("Expression", "") for m in alarm["Metrics"])


def test_drift_out_of_the_known_band_sets_an_alarm_off_on_either_side(production: System) -> None:
    sides = [alarm for alarm in alarms(production).values() if metrics_of(alarm) == {"FractureProbability"}]

    assert {(alarm["ComparisonOperator"], alarm["Threshold"]) for alarm in sides} == {
        ("LessThanThreshold", 0.15),
        ("GreaterThanThreshold", 0.45),
    }
    assert {(alarm["Statistic"], alarm["Period"]) for alarm in sides} == {("Average", 24 * 3600)}


def test_alarms_reach_who_asked_for_them(trial: System, production: System) -> None:
    assert not trial.service.of_type("AWS::SNS::Subscription")
    subscription = production.service.the("AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "oncall@example.org")


def test_alarms_travel_encrypted(either: System) -> None:
    topic = either.service.the("AWS::SNS::Topic")
    refused = [s for s in statements(either.service) if s.kind == "AWS::SNS::TopicPolicy" and s.effect == "Deny"]

    assert text(topic["KmsMasterKeyId"]).startswith("<Key")
    assert [(s.actions, s.conditions) for s in refused] == [
        (("sns:Publish",), {"Bool": {"aws:SecureTransport": "false"}})
    ]


def test_only_alarms_of_this_account_reach_the_topic(either: System) -> None:
    (publisher,) = (s for s in statements(either.service) if s.kind == "AWS::SNS::TopicPolicy" and s.effect == "Allow")

    assert publisher.who == '{"Service": "cloudwatch.amazonaws.com"}'
    source = text(publisher.conditions["ArnLike"]["aws:SourceArn"])
    assert source == f"arn:aws:cloudwatch:{either.service.region}:<AWS::AccountId>:alarm:*"


def test_cloudwatch_may_encrypt_what_it_tells(either: System) -> None:
    (user,) = (
        s for s in statements(either.service) if s.kind == "AWS::KMS::Key" and "cloudwatch.amazonaws.com" in s.who
    )

    assert set(user.actions) == {"kms:Decrypt", "kms:GenerateDataKey*"}


def test_the_dashboard_shows_every_alarm_and_what_the_function_measures(either: System) -> None:
    dashboard = text(either.service.the("AWS::CloudWatch::Dashboard")["DashboardBody"])

    for name in alarms(either):
        assert f"<{name}.Arn>" in dashboard
    for metric in ("Readings", "CannotAssess", "FractureProbability", "ReadingTime", "ColdStart", "5xx", "Throttles"):
        assert f'"{metric}"' in dashboard


def test_whoever_deploys_is_told_where_the_page_is_and_how_its_first_user_comes_to_be(either: System) -> None:
    outputs = {name: text(output["Value"]) for name, output in either.service.content["Outputs"].items()}
    (pool,) = either.service.of_type("AWS::Cognito::UserPool")

    assert outputs["Page"].startswith("https://")
    assert outputs["Users"] == f"<{pool}>"
    assert f"admin-create-user --user-pool-id <{pool}>" in outputs["FirstUser"]
    assert "--group-name clinician" in outputs["FirstUser"]


def test_everything_says_what_it_belongs_to(either: System, trial: System) -> None:
    stage = "dev" if either is trial else "prod"

    for template in either.all:
        for name, properties in template.of_type("AWS::S3::Bucket").items():
            tags = {tag["Key"]: tag["Value"] for tag in properties["Tags"]}
            assert tags | {"project": "fracturelens", "stage": stage} == tags, name
