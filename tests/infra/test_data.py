"""Films, readings and models: encrypted, private, and gone when they should be."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infra.conftest import Synthesise
from tests.infra.templates import System, Template, statements, text

BUCKETS = ("Films", "Models", "Logs")


def bucket(system: System, what: str) -> Any:
    return system.data.the("AWS::S3::Bucket", what)


@pytest.mark.parametrize("what", ["Films", "Models"])
def test_what_is_kept_is_encrypted_with_the_deployments_own_key(either: System, what: str) -> None:
    (rule,) = bucket(either, what)["BucketEncryption"]["ServerSideEncryptionConfiguration"]

    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    (key,) = either.data.of_type("AWS::KMS::Key")
    assert text(rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]) == f"<{key}.Arn>"
    assert rule["BucketKeyEnabled"]


def test_every_key_is_made_anew_each_year(either: System) -> None:
    keys = [key for template in either.all for key in template.of_type("AWS::KMS::Key").values()]

    assert len(keys) == 3
    assert all(key["EnableKeyRotation"] for key in keys)


def test_nobody_but_the_account_may_use_the_key_of_what_production_keeps(production: System) -> None:
    users = {s.who for s in statements(production.data) if s.kind == "AWS::KMS::Key"}

    (account,) = users
    assert ":root" in account


def every_bucket(system: System) -> list[tuple[Template, str, Any]]:
    return [
        (template, name, properties)
        for template in system.all
        for name, properties in template.of_type("AWS::S3::Bucket").items()
    ]


def test_every_bucket_is_closed_to_the_public_and_encrypted(either: System) -> None:
    for _, name, properties in every_bucket(either):
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}, name
        assert properties["BucketEncryption"], name
        assert "AccessControl" not in properties, name


def test_only_the_bucket_of_cloudfronts_logs_knows_access_control_lists(either: System) -> None:
    owners = {name: b["OwnershipControls"]["Rules"][0]["ObjectOwnership"] for _, name, b in every_bucket(either)}

    assert {name for name, owner in owners.items() if owner != "BucketOwnerEnforced"} == {
        next(name for name in owners if name.startswith("WebLogs"))
    }


def test_every_bucket_refuses_whoever_comes_without_tls_or_with_an_old_one(either: System) -> None:
    for template, name, _ in every_bucket(either):
        refused = [
            s.conditions
            for s in statements(template)
            if s.kind == "AWS::S3::BucketPolicy"
            and s.effect == "Deny"
            and s.actions == ("s3:*",)
            and s.who == '{"AWS": "*"}'
            and s.resources == (f"<{name}.Arn>", f"<{name}.Arn>/*")
        ]

        assert {"Bool": {"aws:SecureTransport": "false"}} in refused, name
        assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in refused, name


@pytest.mark.parametrize("what", ["Films", "Models"])
def test_who_touched_what_is_logged(either: System, what: str) -> None:
    logging = bucket(either, what)["LoggingConfiguration"]

    assert "Logs" in text(logging["DestinationBucketName"])
    assert logging["LogFilePrefix"] == f"{what.lower()}/"


def test_the_log_takes_entries_of_this_accounts_buckets_only(either: System) -> None:
    writers = [s for s in statements(either.data) if "logging.s3.amazonaws.com" in s.who]

    assert len(writers) == 2
    for writer in writers:
        assert writer.actions == ("s3:PutObject",)
        assert writer.conditions["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
        assert "aws:SourceArn" in writer.conditions["ArnLike"]


@pytest.mark.parametrize(("deployment", "days"), [("trial", 1), ("production", 7)])
def test_films_and_readings_are_gone_after_their_days(
    deployment: str, days: int, request: pytest.FixtureRequest
) -> None:
    films = bucket(request.getfixturevalue(deployment), "Films")

    (rule,) = films["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", days)
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert not {"Prefix", "TagFilters", "ObjectSizeGreaterThan"} & set(rule), "the rule holds for every object"
    assert "VersioningConfiguration" not in films, "an old version would outlive the promise"


@pytest.mark.parametrize(("deployment", "days"), [("trial", 365), ("production", 90)])
def test_logs_are_gone_after_their_days(deployment: str, days: int, request: pytest.FixtureRequest) -> None:
    system = request.getfixturevalue(deployment)

    for _, name, properties in every_bucket(system):
        if "Logs" in name:
            assert properties["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] == days, name
    groups = [g for template in system.all for g in template.of_type("AWS::Logs::LogGroup").values()]
    assert groups
    assert {group["RetentionInDays"] for group in groups} == {days}


def test_no_version_of_a_model_is_overwritten(either: System) -> None:
    models = bucket(either, "Models")

    assert models["VersioningConfiguration"] == {"Status": "Enabled"}
    assert all("ExpirationInDays" not in rule for rule in models["LifecycleConfiguration"]["Rules"])


def test_the_page_may_send_films_from_its_own_address_alone(production: System, synthesise: Synthesise) -> None:
    named = synthesise(page_origin="https://d111111abcdef8.cloudfront.net")

    for system, origin in ((production, "films.example.org"), (named, "d111111abcdef8.cloudfront.net")):
        (rule,) = bucket(system, "Films")["CorsConfiguration"]["CorsRules"]
        assert rule["AllowedOrigins"] == [f"https://{origin}"]


def test_until_the_page_has_an_address_only_pages_of_cloudfront_may(trial: System) -> None:
    (rule,) = bucket(trial, "Films")["CorsConfiguration"]["CorsRules"]

    assert rule["AllowedOrigins"] == ["https://*.cloudfront.net"]
    assert rule["AllowedMethods"] == ["POST"]


def test_buckets_are_found_by_name(either: System, trial: System) -> None:
    stage, region = ("dev", "eu-central-1") if either is trial else ("prod", "us-east-1")

    for what in BUCKETS:
        name = text(bucket(either, what)["BucketName"])
        assert name == f"fracturelens-{stage}-{what.lower()}-<AWS::AccountId>-{region}"
        assert len(name.replace("<AWS::AccountId>", "1" * 12)) <= 63


def test_production_outlives_its_stacks(production: System) -> None:
    held = {"AWS::S3::Bucket", "AWS::KMS::Key", "AWS::Logs::LogGroup", "AWS::Cognito::UserPool"}

    for template in production.all:
        for name, resource in template.resources.items():
            if resource["Type"] in held and not name.startswith("WebFiles"):
                assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain", name


def test_production_is_not_deleted_by_mistake(trial: System, production: System) -> None:
    assert all(template.protected for template in production.all)
    assert not any(template.protected for template in trial.all)


def test_a_trial_leaves_nothing_behind(trial: System) -> None:
    for template in trial.all:
        left = [name for name, resource in template.resources.items() if resource.get("DeletionPolicy") == "Retain"]
        assert not left


def test_buckets_of_a_trial_are_emptied_before_they_go(trial: System) -> None:
    for template, name, _ in every_bucket(trial):
        emptied = {text(r["BucketName"]) for r in template.of_type("Custom::S3AutoDeleteObjects").values()}
        assert f"<{name}>" in emptied


def test_production_s_data_needs_nothing_but_buckets_and_a_key(production: System) -> None:
    kinds = {resource["Type"] for resource in production.data.resources.values()}

    assert kinds == {"AWS::KMS::Key", "AWS::S3::Bucket", "AWS::S3::BucketPolicy"}
