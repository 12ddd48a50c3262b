"""The function and the API in front of it: what runs, who is let through, what is written down."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from fracturelens.store.s3 import S3Store
from infra import contract
from tests.infra.templates import System, text

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


def function(system: System) -> Any:
    return system.service.the("AWS::Lambda::Function", "^Reader")


def test_every_route_but_the_health_check_asks_who_is_calling(either: System) -> None:
    routes = {route["RouteKey"]: route for route in either.service.of_type("AWS::ApiGatewayV2::Route").values()}
    (authorizer,) = either.service.of_type("AWS::ApiGatewayV2::Authorizer")

    assert routes.pop("GET /healthz")["AuthorizationType"] == "NONE"
    assert set(routes) == {"ANY /v1/{proxy+}"}
    for route in routes.values():
        assert route["AuthorizationType"] == "JWT"
        assert text(route["AuthorizerId"]) == f"<{authorizer}>"


def test_only_access_tokens_that_this_pool_gave_the_page_are_taken(either: System) -> None:
    authorizer = either.service.the("AWS::ApiGatewayV2::Authorizer")
    (pool,) = either.service.of_type("AWS::Cognito::UserPool")
    (client,) = either.service.of_type("AWS::Cognito::UserPoolClient")

    issuer = text(authorizer["JwtConfiguration"]["Issuer"])

    assert authorizer["AuthorizerType"] == "JWT"
    assert issuer == f"https://cognito-idp.{either.service.region}.amazonaws.com/<{pool}>"
    assert [text(audience) for audience in authorizer["JwtConfiguration"]["Audience"]] == [f"<{client}>"]
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
    scopes = [
        r["AuthorizationScopes"]
        for r in either.service.of_type("AWS::ApiGatewayV2::Route").values()
        if "AuthorizerId" in r
    ]
    assert scopes == [["openid"]]  # An ID token has no scope.


def test_calls_reach_the_live_version_whole_and_in_time(either: System) -> None:
    integration = either.service.the("AWS::ApiGatewayV2::Integration")
    (live,) = either.service.of_type("AWS::Lambda::Alias")

    assert text(integration["IntegrationUri"]) == f"<{live}>"
    assert integration["PayloadFormatVersion"] == "2.0"
    assert function(either)["Timeout"] * 1000 < integration["TimeoutInMillis"] <= 30_000


def test_other_sites_get_nothing_from_the_api(either: System) -> None:
    assert "CorsConfiguration" not in either.service.the("AWS::ApiGatewayV2::Api")


@pytest.mark.parametrize(("deployment", "rate", "burst"), [("trial", 20, 40), ("production", 50, 100)])
def test_the_api_is_throttled(deployment: str, rate: int, burst: int, request: pytest.FixtureRequest) -> None:
    settings = request.getfixturevalue(deployment).service.the("AWS::ApiGatewayV2::Stage")["DefaultRouteSettings"]

    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (rate, burst)


def test_the_access_log_tells_what_went_wrong_and_nothing_of_whom_or_what(either: System) -> None:
    stage = either.service.the("AWS::ApiGatewayV2::Stage")

    entries = set(json.loads(stage["AccessLogSettings"]["Format"]).values())

    assert {"$context.requestId", "$context.routeKey", "$context.status", "$context.responseLatency"} <= entries
    personal = r"identity|claims|principalId|\.path|domainName|userAgent|Header|request\."
    assert not [entry for entry in entries if re.search(personal, entry)]
    assert ":log-group:<GatewayLog" in text(stage["AccessLogSettings"]["DestinationArn"])


@pytest.mark.parametrize(("deployment", "processor"), [("trial", "x86_64"), ("production", "arm64")])
def test_the_image_is_built_for_the_processor_that_runs_it(
    deployment: str, processor: str, request: pytest.FixtureRequest, synthesise: object
) -> None:
    platforms = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}
    system = request.getfixturevalue(deployment)

    (image,) = system.images

    assert function(system)["Architectures"] == [processor]
    assert function(system)["PackageType"] == "Image"
    assert image["platform"] == platforms[processor]
    assert image["dockerFile"] == "lambda_fn/Dockerfile"


def test_the_function_has_what_it_was_given(trial: System, production: System) -> None:
    assert [function(system)["MemorySize"] for system in (trial, production)] == [1769, 3008]
    assert "ReservedConcurrentExecutions" not in function(trial)
    assert function(production)["ReservedConcurrentExecutions"] == 20


def test_the_function_is_told_where_films_are_and_how_long(trial: System, production: System) -> None:
    for system, service, page, hours in (
        (trial, "fracturelens-dev", r"https://<WebDistribution\w+\.DomainName>", "24"),
        (production, "fracturelens-prod", r"https://films\.example\.org", "168"),
    ):
        told = {name: text(value) for name, value in function(system)["Environment"]["Variables"].items()}

        assert re.fullmatch(r"s3://<.*DataFilms\w+>", told["FRACTURELENS_STORE"])
        assert re.fullmatch(page, told["FRACTURELENS_ORIGINS"])
        assert told["FRACTURELENS_RETENTION_HOURS"] == hours
        assert told["POWERTOOLS_SERVICE_NAME"] == service
        assert function(system)["ImageConfig"]["Command"] == [contract.HANDLER]


def test_a_large_film_is_sent_to_the_host_that_the_pages_policy_names(
    either: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    region = either.service.region
    for name, value in function(either)["Environment"]["Variables"].items():
        monkeypatch.setenv(name, text(value))
    for name, value in {"AWS_REGION": region, "AWS_DEFAULT_REGION": region, **CREDENTIALS}.items():
        monkeypatch.setenv(name, value)

    form = S3Store.at("s3://films").of("somebody").new_upload(1_000_000)

    # What CloudFormation calls a bucket's regional domain name.
    assert form.url == f"https://films.s3.{region}.amazonaws.com/"


def test_no_secret_is_in_any_environment(either: System) -> None:
    for environment in (f.get("Environment", {}) for f in either.service.of_type("AWS::Lambda::Function").values()):
        assert not [name for name in environment.get("Variables", {}) if re.search("SECRET|TOKEN|PASSWORD|KEY", name)]


def test_a_new_version_gets_one_call_in_ten_at_first_and_none_once_an_alarm_goes_off(either: System) -> None:
    alias = either.service.resources[next(iter(either.service.of_type("AWS::Lambda::Alias")))]
    group = either.service.the("AWS::CodeDeploy::DeploymentGroup")
    (group_name,) = either.service.of_type("AWS::CodeDeploy::DeploymentGroup")

    assert alias["Properties"]["Name"] == "live"
    assert text(alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"]) == f"<{group_name}>"
    assert group["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
    assert group["AutoRollbackConfiguration"]["Enabled"] is True
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    assert group["AlarmConfiguration"]["Enabled"] is True


def test_a_deployment_looks_at_errors_and_times_of_the_live_version(either: System) -> None:
    group = either.service.the("AWS::CodeDeploy::DeploymentGroup")
    alarms = either.service.of_type("AWS::CloudWatch::Alarm")

    watched = [alarms[text(alarm["Name"]).strip("<>")] for alarm in group["AlarmConfiguration"]["Alarms"]]

    assert {(alarm["MetricName"], alarm.get("Statistic") or alarm["ExtendedStatistic"]) for alarm in watched} == {
        ("Errors", "Sum"),
        ("Duration", "p95"),
    }
    for alarm in watched:
        resource = next(d["Value"] for d in alarm["Dimensions"] if d["Name"] == "Resource")
        assert text(resource).endswith(":live")
        assert alarm["Period"] * alarm["EvaluationPeriods"] < 5 * 60, "must go off while the new version has few calls"
