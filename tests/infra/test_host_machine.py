"""The machine: what it is, what it may do, and who is told when it fails."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.infra.conftest import Synthesise
from tests.infra.templates import Statement, System, statements, text


def machine(system: System) -> Any:
    return system.host.the("AWS::EC2::Instance")


def of_the_host(system: System) -> dict[str, list[Statement]]:
    """Return what the host's role allows, by action."""
    profile = system.host.resources[text(machine(system)["IamInstanceProfile"]).strip("<>")]["Properties"]
    (role,) = (text(role).strip("<>") for role in profile["Roles"])
    properties = system.host.resources[role]["Properties"]
    assert "Policies" not in properties
    policies = [text(arn).strip("<>") for arn in properties["ManagedPolicyArns"]]
    assert not system.host.of_type("AWS::IAM::Policy")
    may: dict[str, list[Statement]] = {}
    for statement in statements(system.host):
        if statement.place in policies:
            for action in statement.actions:
                may.setdefault(action, []).append(statement)
    return may


def under(system: System, action: str, bucket: str) -> set[str]:
    """Return the prefixes of a bucket for which the host may do something."""
    resources = [resource for s in of_the_host(system)[action] for resource in s.resources]
    return {resource.partition("/")[2] for resource in resources if bucket in resource}


def test_without_the_option_nothing_of_the_host_is_there(trial: System, hosted: System) -> None:
    assert trial.docker_host is None

    for without, with_host in zip((trial.data, trial.edge, trial.service), hosted.all, strict=False):
        assert with_host.resources == without.resources


def test_its_credentials_are_given_to_sessions_alone_and_reach_a_container_and_no_further(either_host: System) -> None:
    assert machine(either_host)["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 2}


def test_its_disk_is_encrypted_with_a_key_of_the_deployment(either_host: System) -> None:
    (disk,) = machine(either_host)["BlockDeviceMappings"]

    assert disk["Ebs"]["Encrypted"] is True
    assert text(disk["Ebs"]["KmsKeyId"]).startswith("<Key")
    assert disk["Ebs"]["VolumeType"] == "gp3"
    assert disk["Ebs"]["DeleteOnTermination"] is True


def test_nobody_has_a_key_to_it(either_host: System) -> None:
    assert "KeyName" not in machine(either_host)
    assert not either_host.host.of_type("AWS::EC2::KeyPair")


def test_it_has_no_public_address(either_host: System) -> None:
    (interface,) = machine(either_host)["NetworkInterfaces"]

    assert interface["AssociatePublicIpAddress"] is False


@pytest.mark.parametrize(
    ("values", "kind", "system"),
    [
        ({}, "t3.medium", "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64"),
        ({"architecture": "arm64"}, "t4g.medium", "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-arm64"),
        (
            {"host_gpu": "true", "host_instance_type": "g5.xlarge"},
            "g5.xlarge",
            "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-amazon-linux-2023/latest/ami-id",
        ),
    ],
)
def test_it_starts_with_the_newest_system_for_its_processor(
    values: dict[str, str], kind: str, system: str, synthesise: Synthesise
) -> None:
    deployed = synthesise(host="true", **values)

    assert machine(deployed)["InstanceType"] == kind
    parameter = deployed.host.content["Parameters"][text(machine(deployed)["ImageId"]).strip("<>")]
    assert parameter == {"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "Default": system}


def test_it_touches_films_as_the_function_does(either_host: System) -> None:
    for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
        assert under(either_host, action, "DataFilms") == {"readings/*", "uploads/*"}, action
    (listing,) = (s for s in of_the_host(either_host)["s3:ListBucket"] if "DataFilms" in s.resources[0])
    assert listing.conditions == {"StringLike": {"s3:prefix": ["readings/*", "uploads/*"]}}


def test_it_makes_versions_and_cannot_promote_one(either_host: System) -> None:
    assert under(either_host, "s3:GetObject", "DataModels") == {"*"}
    assert under(either_host, "s3:PutObject", "DataModels") == {"jobs/*", "versions/*"}
    assert under(either_host, "s3:DeleteObject", "DataModels") == {"jobs/*"}


def test_it_may_do_nothing_else(either_host: System) -> None:
    assert set(of_the_host(either_host)) == {
        *("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "kms:Decrypt", "kms:GenerateDataKey"),
        *("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
        *("ecr:GetAuthorizationToken", "logs:CreateLogStream", "logs:PutLogEvents", "cloudwatch:PutMetricData"),
        *("ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel"),
        *("ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel", "ec2messages:AcknowledgeMessage"),
        *("ec2messages:DeleteMessage", "ec2messages:FailMessage", "ec2messages:GetEndpoint"),
        *("ec2messages:GetMessages", "ec2messages:SendReply"),
    }


def test_it_uses_the_key_of_what_is_kept_only_through_s3(either_host: System) -> None:
    (keys,) = of_the_host(either_host)["kms:Decrypt"]

    assert keys.conditions == {"StringEquals": {"kms:ViaService": f"s3.{either_host.host.region}.amazonaws.com"}}
    assert ["DataKey" in resource for resource in keys.resources] == [True]


def test_it_writes_to_its_own_logs_and_metrics_alone(either_host: System) -> None:
    groups = {
        f"<{name}.Arn>"
        for name in either_host.host.of_type("AWS::Logs::LogGroup")
        if name.startswith(("Machine", "Training"))
    }
    (metrics,) = of_the_host(either_host)["cloudwatch:PutMetricData"]

    assert {r for s in of_the_host(either_host)["logs:PutLogEvents"] for r in s.resources} <= groups
    assert metrics.conditions == {"StringEquals": {"cloudwatch:namespace": "Fracturelens"}}


def test_it_fetches_images_from_one_repository(either_host: System) -> None:
    (fetching,) = of_the_host(either_host)["ecr:BatchGetImage"]

    (repository,) = fetching.resources
    assert re.search(r":repository/cdk-\w+-container-assets-\$\{AWS::AccountId\}-[a-z0-9-]+$", repository), repository


def test_only_aws_s_own_services_take_its_roles_on_and_nothing_is_open_to_everybody(either_host: System) -> None:
    allowed = [s for s in statements(either_host.host) if s.effect == "Allow"]

    assert {json.loads(s.who)["Service"] for s in allowed if s.actions == ("sts:AssumeRole",)} == {
        *("ec2.amazonaws.com", "lambda.amazonaws.com", "vpc-flow-logs.amazonaws.com"),
    }
    assert {s.kind for s in allowed if s.who in ('"*"', '{"AWS": "*"}')} == {"AWS::EC2::VPCEndpoint"}
    assert not re.search(r"iam::aws:policy", json.dumps(either_host.host.content["Resources"]))


def test_every_log_of_the_host_is_encrypted_and_gone_after_its_days(either_host: System) -> None:
    groups = either_host.host.of_type("AWS::Logs::LogGroup")

    assert len(groups) >= 3
    for name, group in groups.items():
        assert text(group["KmsKeyId"]).startswith("<Key"), name
        assert group["RetentionInDays"] == 365, name


def test_a_trial_s_host_leaves_nothing_behind(hosted: System) -> None:
    assert not [n for n, resource in hosted.host.resources.items() if resource.get("DeletionPolicy") == "Retain"]
    assert not hosted.host.protected


def test_the_host_of_a_kept_deployment_is_not_deleted_by_mistake(hosted_with_gpu: System) -> None:
    assert hosted_with_gpu.host.protected


def alarm(system: System, name: str) -> Any:
    return system.host.the("AWS::CloudWatch::Alarm", f"^Alarms{name}")


@pytest.mark.parametrize(
    ("name", "metric", "action"),
    [("Machine", "StatusCheckFailed_System", "recover"), ("System", "StatusCheckFailed_Instance", "reboot")],
)
def test_a_machine_that_fails_is_brought_back_by_aws(hosted: System, name: str, metric: str, action: str) -> None:
    found = alarm(hosted, name)

    assert found["MetricName"] == metric
    assert found["Dimensions"] == [{"Name": "InstanceId", "Value": {"Ref": one_name(hosted)}}]
    assert text(found["AlarmActions"][0]) == f"arn:aws:automate:{hosted.host.region}:ec2:{action}"


def test_a_machine_that_aws_cannot_move_is_told_of_all_the_same(hosted_with_gpu: System) -> None:
    found = alarm(hosted_with_gpu, "Machine")

    assert not any("automate" in text(action) for action in found["AlarmActions"])
    assert found["AlarmDescription"] == "The machine under the host failed; stop and start it."


def one_name(system: System) -> str:
    (name,) = system.host.of_type("AWS::EC2::Instance")
    return name


@pytest.mark.parametrize(("deployment", "silence"), [("hosted", "breaching"), ("hosted_with_gpu", "notBreaching")])
def test_a_service_that_is_down_is_told_but_a_gpu_host_may_be_stopped(
    deployment: str, silence: str, request: pytest.FixtureRequest
) -> None:
    found = alarm(request.getfixturevalue(deployment), "Service")

    assert (found["MetricName"], found["Threshold"], found["ComparisonOperator"]) == (
        *("HostHealthy", 1),
        "LessThanThreshold",
    )
    assert found["TreatMissingData"] == silence


def test_every_alarm_of_the_host_tells_its_topic_and_what_it_is_about(either_host: System) -> None:
    (topic,) = either_host.host.of_type("AWS::SNS::Topic")

    for name, found in either_host.host.of_type("AWS::CloudWatch::Alarm").items():
        assert f"<{topic}>" in map(text, found["AlarmActions"]), name
        assert [text(one) for one in found["OKActions"]] == [f"<{topic}>"], name
        assert found["AlarmDescription"], name


def test_alarms_of_the_host_reach_who_asked_for_them(hosted: System, hosted_with_gpu: System) -> None:
    assert not hosted.host.of_type("AWS::SNS::Subscription")
    assert hosted_with_gpu.host.the("AWS::SNS::Subscription")["Endpoint"] == "a@example.org"


def test_whoever_deploys_is_told_how_to_reach_the_host(hosted: System) -> None:
    reach = text(hosted.host.content["Outputs"]["Reach"]["Value"])

    assert reach.startswith(f"aws ssm start-session --region eu-central-1 --target <{one_name(hosted)}> ")
    assert "AWS-StartPortForwardingSession" in reach


def test_it_runs_the_image_of_its_commit(either_host: System) -> None:
    script = text(machine(either_host)["UserData"]["Fn::Base64"])

    assert re.search(r"\nSERVICE_IMAGE=\S+/cdk-\w+-container-assets-\S+:[0-9a-f]{64}\n", script)
