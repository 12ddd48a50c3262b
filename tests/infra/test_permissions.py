"""Who may call what: every statement of every policy, in every stack."""

from __future__ import annotations

import json
import re

from tests.infra.templates import Statement, System, statements, text

# Where a policy says `*`, and why it must.
ANY_RESOURCE = {
    "AWS::KMS::Key": "In the policy of a key, `*` is that key.",
}
ANY_ACTION = {
    "AWS::KMS::Key": "The account must be able to look after its own key, else nobody could ever again; AWS's default.",
}


def allowed(system: System) -> list[Statement]:
    return [s for template in system.all for s in statements(template) if s.effect == "Allow"]


def test_nobody_may_do_everything_unless_a_reason_is_written_down(either: System) -> None:
    wide = {
        s.kind: s for s in allowed(either) if any(re.fullmatch(r"\*|[a-z0-9-]+:\*", action) for action in s.actions)
    }

    assert set(wide) == set(ANY_ACTION)
    assert ":root" in wide["AWS::KMS::Key"].who


def test_nobody_may_do_something_to_everything_unless_a_reason_is_written_down(either: System) -> None:
    assert {s.kind for s in allowed(either) if "*" in s.resources} == set(ANY_RESOURCE)


def test_no_policy_of_awss_own_is_used(either: System) -> None:
    for template in either.all:
        assert not re.search(r"iam::aws:policy", json.dumps(template.content["Resources"]))


def test_nothing_is_open_to_everybody(either: System) -> None:
    for statement in allowed(either):
        assert statement.who not in ('"*"', '{"AWS": "*"}'), statement


def test_roles_are_taken_on_by_services_alone(either: System) -> None:
    takers = {s.who for s in allowed(either) if s.actions == ("sts:AssumeRole",)}

    assert takers == {'{"Service": "lambda.amazonaws.com"}', '{"Service": "codedeploy.amazonaws.com"}'}


def of_the_function(system: System) -> list[Statement]:
    role = text(system.service.the("AWS::Lambda::Function", "^Reader")["Role"]).strip("<>").removesuffix(".Arn")
    policies = [text(arn).strip("<>") for arn in system.service.resources[role]["Properties"]["ManagedPolicyArns"]]
    assert "Policies" not in system.service.resources[role]["Properties"]
    assert not [p for p in system.service.of_type("AWS::IAM::Policy").values() if f"<{role}>" in map(text, p["Roles"])]
    return [s for s in statements(system.service) if s.place in policies]


def of_models(statement: Statement) -> bool:
    return any("DataModels" in resource for resource in statement.resources)


def test_the_function_touches_what_it_keeps_and_its_own_log_and_nothing_else(either: System) -> None:
    may = {action: s for s in of_the_function(either) if not of_models(s) for action in s.actions}

    assert set(may) == {
        *("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"),
        *("kms:Decrypt", "kms:GenerateDataKey", "logs:CreateLogStream", "logs:PutLogEvents"),
    }
    for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
        assert [resource.partition("/")[2] for resource in may[action].resources] == ["readings/*", "uploads/*"]
        assert all("DataFilms" in resource for resource in may[action].resources)
    (log,) = may["logs:PutLogEvents"].resources
    (group,) = (name for name in either.service.of_type("AWS::Logs::LogGroup") if name.startswith("ReaderLog"))
    assert log == f"<{group}.Arn>"


def test_the_function_lists_under_its_two_prefixes_only(either: System) -> None:
    (listing,) = (s for s in of_the_function(either) if "s3:ListBucket" in s.actions)

    assert listing.conditions == {"StringLike": {"s3:prefix": ["readings/*", "uploads/*"]}}
    assert len(listing.resources) == 1


def test_the_function_uses_one_key_and_only_through_s3(either: System) -> None:
    (keys,) = (s for s in of_the_function(either) if "kms:Decrypt" in s.actions)

    (key,) = keys.resources
    assert "DataKey" in key
    assert keys.conditions == {"StringEquals": {"kms:ViaService": f"s3.{either.service.region}.amazonaws.com"}}


def test_the_function_cannot_reach_models_or_logs(trial: System) -> None:
    reached = " ".join(resource for s in of_the_function(trial) for resource in s.resources)

    assert "DataModels" not in reached
    assert "DataLogs" not in reached


def test_the_function_reads_what_is_promoted_where_asked_to_and_writes_nothing_there(production: System) -> None:
    (reading,) = filter(of_models, of_the_function(production))

    assert reading.actions == ("s3:GetObject",)
    assert {resource.partition("/")[2] for resource in reading.resources} == {"promoted.json", "versions/*"}


def test_the_function_is_told_of_the_registry_where_asked_to(trial: System, production: System) -> None:
    models = [
        system.service.the("AWS::Lambda::Function", "^Reader")["Environment"]["Variables"].get("FRACTURELENS_MODEL")
        for system in (trial, production)
    ]

    assert models[0] is None
    assert text(models[1]).startswith("s3://<Fracturelens-prod-data.")
    assert "DataModels" in text(models[1])


def test_deployments_move_calls_between_versions_of_this_function_only(either: System) -> None:
    (moving,) = (s for s in allowed(either) if "lambda:UpdateAlias" in s.actions)

    (function,) = (name for name in either.service.of_type("AWS::Lambda::Function") if name.startswith("Reader"))
    assert set(moving.resources) == {f"<{function}.Arn>", f"<{function}.Arn>:*"}


def test_only_the_api_calls_the_function_and_only_by_its_alias(either: System) -> None:
    (live,) = either.service.of_type("AWS::Lambda::Alias")
    (api,) = either.service.of_type("AWS::ApiGatewayV2::Api")

    permissions = either.service.of_type("AWS::Lambda::Permission").values()

    assert len(permissions) == 2
    for permission in permissions:
        assert permission["Principal"] == "apigateway.amazonaws.com"
        assert text(permission["FunctionName"]) == f"<{live}>"
        assert f":<{api}>/" in text(permission["SourceArn"])


def test_cloudwatch_encrypts_logs_of_this_account_only(either: System) -> None:
    users = [s for s in allowed(either) if re.search(r"logs\.[a-z0-9-]+\.amazonaws\.com", s.who)]

    assert users
    for user in users:
        log = user.conditions["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
        assert re.fullmatch(r"arn:aws:logs:[a-z0-9-]+:<AWS::AccountId>:log-group:\*", text(log))


def test_every_log_group_is_encrypted_with_a_key_of_the_deployment(either: System) -> None:
    for template in either.all:
        for name, group in template.of_type("AWS::Logs::LogGroup").items():
            assert re.fullmatch(r"<\w*Key\w+\.Arn>", text(group["KmsKeyId"])), name


def test_every_function_writes_to_a_log_of_the_deployment(either: System) -> None:
    for template in either.all:
        for name, function in template.of_type("AWS::Lambda::Function").items():
            assert text(function["LoggingConfig"]["LogGroup"]).strip("<>") in template.resources, name
