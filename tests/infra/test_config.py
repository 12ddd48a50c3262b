"""Which values make a deployment, and what the others are told."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra import config
from infra.config import Deployment, InvalidDeployment, load

CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/01234567-89ab-cdef-0123-456789abcdef"


def test_nothing_given_is_a_trial_that_forgets_after_a_day_and_can_be_destroyed() -> None:
    deployment = load({})

    assert (deployment.stage, deployment.region, deployment.retention_days) == ("dev", "eu-central-1", 1)
    assert not deployment.keep_data


def test_words_from_the_command_line_become_numbers_and_choices() -> None:
    deployment = load(
        {
            "memory_mb": "3008",
            "reserved_concurrency": "20",
            "keep_data": "true",
            "usual_mean": "0.15,0.45",
            "architecture": "arm64",
        }
    )

    assert (deployment.memory_mb, deployment.reserved_concurrency, deployment.keep_data) == (3008, 20, True)
    assert deployment.usual_mean == (0.15, 0.45)


def test_values_of_cdk_json_may_be_numbers_already() -> None:
    assert load({"retention_days": 7, "keep_data": False}).retention_days == 7


@pytest.mark.parametrize(("stage", "kept"), [("prod", True), ("production", True), ("dev", False), ("trial", False)])
def test_what_production_holds_is_kept_unless_told_otherwise(stage: str, kept: bool) -> None:
    assert load({"stage": stage}).keep_data is kept
    assert load({"stage": stage, "keep_data": str(not kept)}).keep_data is not kept


def test_an_empty_value_counts_as_not_given() -> None:
    assert load({"domain": "", "alarm_email": "", "stage": ""}) == load({})


def test_what_the_cdk_keeps_in_the_context_is_none_of_ours() -> None:
    context = {"aws:cdk:enable-path-metadata": True, "@aws-cdk/core:newStyle": True, "acknowledged-issue-numbers": [1]}

    assert load(context) == load({})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("stage", "Prod"),
        ("stage", "2nd"),
        ("stage", "a-data"),
        ("stage", "averyverylongone"),
        ("stage", "onaws"),
        ("region", "frankfurt"),
        ("region", "cn-north-1"),
        ("region", "us-gov-west-1"),
        ("region", "eu-central-2"),
        ("architecture", "x86"),
        ("memory_mb", "511"),
        ("memory_mb", "10241"),
        ("memory_mb", "lots"),
        ("reserved_concurrency", "0"),
        ("requests_per_second", "0"),
        ("burst", "5001"),
        ("requests_per_ip", "99"),
        ("retention_days", "0"),
        ("retention_days", "1.5"),
        ("retention_days", "366"),
        ("log_retention_days", "8"),
        ("log_retention_days", "a week"),
        ("keep_data", "perhaps"),
        ("mfa", "none"),
        ("domain", "https://films.example.org"),
        ("certificate_arn", "arn:aws:acm:eu-central-1:111122223333:certificate/01234567"),
        ("hosted_zone", "example.org"),
        ("page_origin", "http://d111111abcdef8.cloudfront.net"),
        ("page_origin", "https://d111111abcdef8.cloudfront.net/"),
        ("page_origin", "https://*.cloudfront.net"),
        ("alarm_email", "somebody"),
        ("usual_mean", "0.3"),
        ("usual_mean", "0.5,0.2"),
        ("usual_mean", "0.5,1.2"),
        ("usual_mean", "0.1,0.2,0.3"),
        ("host", "one"),
        ("host_instance_type", "large"),
        ("host_instance_type", "m7i.large; reboot"),
        ("host_volume_gb", "49"),
        ("host_gpu", "perhaps"),
        ("host_nat", "perhaps"),
    ],
)
def test_a_wrong_value_is_told_its_key_what_the_key_takes_and_an_example(key: str, value: str) -> None:
    with pytest.raises(InvalidDeployment) as caught:
        load({key: value})

    (problem,) = [line for line in str(caught.value).splitlines() if line.startswith(f"  {key}:")]
    assert value in problem
    assert re.search(rf"takes .+; for example -c {key}=\S", problem)


@pytest.mark.parametrize("key", list(Deployment.model_fields))
def test_every_example_is_taken(key: str) -> None:
    example = str((Deployment.model_fields[key].examples or [None])[0])
    beside: dict[str, Any] = {"domain": "films.example.org", "certificate_arn": CERTIFICATE}

    with_domain = beside if key in {*beside, "hosted_zone"} else {}
    with_host = {"host": "true"} if key.startswith("host_") else {}

    deployment = load({**with_domain, **with_host, key: example})

    assert str(getattr(deployment, key)).lower() in {example.lower(), f"({example})".replace(",", ", ")}


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({"domain": "films.example.org"}, "certificate_arn"),
        ({"certificate_arn": CERTIFICATE}, "domain"),
        ({"hosted_zone": "Z0123456789ABCDEFGHIJ"}, "domain"),
    ],
)
def test_values_that_need_each_other_ask_for_each_other(values: dict[str, str], missing: str) -> None:
    with pytest.raises(InvalidDeployment, match=f"{missing}: is missing"):
        load(values)


def test_a_domain_leaves_no_doubt_about_the_origin_of_the_page() -> None:
    values = {"domain": "films.example.org", "certificate_arn": CERTIFICATE, "page_origin": "https://a.example.org"}

    with pytest.raises(InvalidDeployment, match=r"page_origin: .*without domain"):
        load(values)


@pytest.mark.parametrize(
    ("given", "meant"),
    [("stge", "stage"), ("retentionDays", "retention_days"), ("alarm-email", "alarm_email"), ("memory", "memory_mb")],
)
def test_a_misspelt_key_is_not_passed_over_in_silence(given: str, meant: str) -> None:
    with pytest.raises(InvalidDeployment, match=rf"{given}: there is no such key; did you mean {meant}\?"):
        load({given: "1"})


def test_what_is_still_to_come_says_so() -> None:
    with pytest.raises(InvalidDeployment, match="batch: is not part of this version"):
        load({"batch": "true"})


@pytest.mark.parametrize("given", [{"host_gpu": "true"}, {"host_nat": "true"}, {"host_instance_type": "t3.large"}])
def test_a_setting_of_the_host_asks_for_the_host(given: dict[str, str]) -> None:
    with pytest.raises(InvalidDeployment, match="host: is missing"):
        load(given)


@pytest.mark.parametrize(
    ("architecture", "machine", "gpu"),
    [
        ("x86_64", "t4g.medium", "false"),
        ("x86_64", "c7gn.large", "false"),
        ("arm64", "t3.medium", "false"),
        ("arm64", "g5.xlarge", "false"),
        ("x86_64", "m7i.large", "true"),
        ("x86_64", "g5g.xlarge", "true"),
    ],
)
def test_a_machine_that_cannot_run_the_images_is_refused(architecture: str, machine: str, gpu: str) -> None:
    values = {"host": "true", "architecture": architecture, "host_instance_type": machine, "host_gpu": gpu}

    with pytest.raises(InvalidDeployment, match=rf"host_instance_type: is '{machine}'; takes .+architecture"):
        load(values)


@pytest.mark.parametrize(
    ("machine", "moved"), [("t3.medium", True), ("m7i.large", True), ("m5d.large", False), ("g5.xlarge", False)]
)
def test_a_machine_with_disks_of_its_own_is_not_moved_by_aws(machine: str, moved: bool) -> None:
    assert load({"host": "true", "host_instance_type": machine}).host_can_be_moved is moved


def test_there_is_no_gpu_for_arm() -> None:
    with pytest.raises(InvalidDeployment, match=r"host_gpu: is 'true'; takes .+for x86_64"):
        load({"host": "true", "architecture": "arm64", "host_gpu": "true"})


@pytest.mark.parametrize(("architecture", "gpu"), [("x86_64", "true"), ("x86_64", "false"), ("arm64", "false")])
def test_the_machine_that_is_taken_if_none_is_named_would_be_taken_if_named(architecture: str, gpu: str) -> None:
    values = {"host": "true", "architecture": architecture, "host_gpu": gpu}
    usual = load(values).host_machine

    assert load({**values, "host_instance_type": usual}).host_machine == usual


def test_every_problem_is_listed_at_once() -> None:
    with pytest.raises(InvalidDeployment) as caught:
        load({"stage": "P", "retention_days": "0", "mfa": "no", "colour": "red"})

    assert [line.split(":")[0].strip() for line in str(caught.value).splitlines()[1:-1]] == [
        *("stage", "retention_days", "mfa", "colour"),
    ]


def test_the_command_ends_with_the_list_and_no_traceback(root: Path, need_program: Callable[..., Path]) -> None:
    need_program("node")
    environment = {**os.environ, "CDK_CONTEXT_JSON": '{"stge": "prod"}'}

    done = subprocess.run(
        [sys.executable, "-m", "infra"],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "did you mean stage?" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_table_has_a_row_for_each_key_with_what_it_takes() -> None:
    rows = config.table().splitlines()[2:]

    assert [row.split("`")[1] for row in rows] == list(Deployment.model_fields)
    assert all(len(row.split(" | ")) == 4 for row in rows)
