"""What docs/deploy.md, docs/host.md and docs/security.md tell a cloud team is so, from commands to tests."""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import boto3
import botocore.session
import pytest
from botocore import xform_name
from moto import mock_aws

from infra.config import Deployment, load, table
from tests import buckets
from tests.infra.templates import System

PAGES: Final = ("deploy.md", "host.md", "security.md")
GLOBAL: Final = {"region", "query", "output", "profile"}
"""Options that every command of the AWS CLI takes."""
BY_HAND: Final[dict[tuple[str, str], set[str]]] = {
    ("s3", "rb"): {"force"},
    ("s3", "cp"): set(),
    ("s3", "sync"): set(),
    ("logs", "tail"): {"since"},
}
"""Commands that the AWS CLI makes of several operations, and what they are given here."""
CDK: Final = {"bootstrap", "deploy", "destroy", "diff", "synth"}


@pytest.fixture(scope="module")
def deploy(root: Path) -> str:
    return (root / "docs" / "deploy.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def host(root: Path) -> str:
    return (root / "docs" / "host.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def security(root: Path) -> str:
    return (root / "docs" / "security.md").read_text(encoding="utf-8")


def commands(page: str) -> Iterator[list[str]]:
    """Yield every command of a page: of its console blocks, of lines in tables and of the text around them."""
    for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            for part in line.strip().removeprefix("$ ").split(" && "):
                yield from _with_substituted(part)
    for quoted in re.findall(r"`((?:aws|npx|make|cdk) [^`]*)`", page.replace("\n", " ")):
        yield shlex.split(quoted)


def _with_substituted(line: str) -> Iterator[list[str]]:
    for inner in re.findall(r"\$\((.*?)\)", line):
        yield shlex.split(inner)
    words = shlex.split(re.sub(r"\$\(.*?\)", "VALUE", line))
    if words and not re.match(r"[A-Z]+=", words[0]):
        yield words


def of(program: str, page: str) -> list[list[str]]:
    """Return the commands of one program, without its name and that of ``npx``."""
    found = [words[1:] if words[0] == "npx" else words for words in commands(page)]
    return [words[1:] for words in found if words[0] == program]


@pytest.mark.parametrize(("page", "most"), [("deploy", 15), ("host", 5)])
def test_every_command_of_the_aws_cli_exists_and_takes_what_it_is_given(
    page: str, most: int, request: pytest.FixtureRequest
) -> None:
    session = botocore.session.get_session()

    found = of("aws", request.getfixturevalue(page))

    assert len(found) > most
    for service, operation, *rest in found:
        given = {word[2:] for word in rest if word.startswith("--")} - GLOBAL
        if (service, operation) in BY_HAND:
            assert given <= BY_HAND[service, operation]
            continue
        model = session.get_service_model(service)
        names = {xform_name(name, "-"): name for name in model.operation_names}
        shape = model.operation_model(names[operation]).input_shape
        members = {xform_name(name, "-"): member for name, member in (shape.members if shape else {}).items()}
        flags = {f"no-{name}" for name, member in members.items() if member.type_name == "boolean"}
        assert given <= {*members, *flags}, (service, operation)
        if given:  # A bare name in the text is no command to copy.
            needed = {xform_name(name, "-") for name in (shape.required_members if shape else ())}
            assert needed <= {name.removeprefix("no-") for name in given}, (service, operation)


def test_the_commands_about_users_work(deploy: str) -> None:
    with buckets.environment(), mock_aws():
        cognito = boto3.client("cognito-idp")
        pool = cognito.create_user_pool(PoolName="fracturelens-dev")["UserPool"]["Id"]
        cognito.create_group(UserPoolId=pool, GroupName="clinician")

        done = []
        for service, operation, *rest in of("aws", deploy):
            if service == "cognito-idp" and "--user-pool-id" in rest:
                rest = [pool if word == "$USERS" else word.replace("them@", "you@") for word in rest]
                done.append(operation)
                getattr(cognito, operation.replace("-", "_"))(**_arguments(cognito, operation, rest))

        assert {"admin-create-user", "admin-add-user-to-group", "admin-disable-user"} <= set(done)
        (user,) = cognito.list_users(UserPoolId=pool)["Users"]
        groups = cognito.admin_list_groups_for_user(UserPoolId=pool, Username=user["Username"])["Groups"]
        assert {"Name": "email", "Value": "you@example.org"} in user["Attributes"]
        assert [group["GroupName"] for group in groups] == ["clinician"]
        assert not user["Enabled"]


def _arguments(client: Any, operation: str, words: list[str]) -> dict[str, Any]:
    """Return what a command of the AWS CLI sends: its options by the names of the service."""
    model = client.meta.service_model
    names = {xform_name(name, "-"): name for name in model.operation_names}
    members = model.operation_model(names[operation]).input_shape.members
    given = {name: rest.split() for name, _, rest in (part.partition(" ") for part in " ".join(words).split("--")[1:])}
    return {
        name: _value(member, given[xform_name(name, "-")])
        for name, member in members.items()
        if xform_name(name, "-") in given
    }


def _value(shape: Any, words: list[str]) -> Any:
    match shape.type_name:
        case "list":
            return [_value(shape.member, [word]) for word in words]
        case "structure":
            pairs = (part.split("=") for part in words[0].split(","))
            return {name: _value(shape.members[name], [value]) for name, value in pairs}
        case "boolean":
            return words == ["true"]
        case _:
            return words[0]


def test_every_make_target_and_module_exists(root: Path, deploy: str, security: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in (deploy, security):
        for target, *_ in of("make", page):
            assert target in targets
        for module in re.findall(r"python -m ([a-z.]+)", page):
            place = root.joinpath(*module.split("."))
            assert place.with_suffix(".py").is_file() or (place / "__main__.py").is_file(), module


@pytest.mark.parametrize(("page", "most"), [("deploy", 6), ("host", 3)])
def test_every_command_of_the_cdk_is_one_and_its_options_make_a_deployment(
    page: str, most: int, request: pytest.FixtureRequest
) -> None:
    found = of("cdk", request.getfixturevalue(page))
    assert len(found) > most

    for command, *rest in found:
        assert command in CDK
        values = [after for word, after in pairwise(rest) if word == "-c"]
        load(dict(value.split("=", 1) for value in values))


@pytest.mark.parametrize("page", PAGES)
def test_every_option_that_is_named_is_one(root: Path, page: str) -> None:
    text = (root / "docs" / page).read_text(encoding="utf-8")

    assert set(re.findall(r"-c (?!key=)([a-z_]+)=", text)) <= set(Deployment.model_fields)
    assert re.findall(r"-c (?!key=)([a-z_]+)=", text)


def test_the_options_are_those_of_the_app(deploy: str) -> None:
    from_begin = deploy.partition("<!-- Options: written by `python -m infra.pages`; do not edit. -->\n\n")[2]

    assert from_begin.partition("\n<!-- Options: end. -->")[0] == table(), "python -m infra.pages brings it up to date"


def test_every_alarm_is_explained_in_its_own_words(deploy: str, trial: System, production: System) -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", deploy.partition("## Alarms")[2], re.MULTILINE))

    there: dict[str, str] = {}
    for system in (trial, production):
        for name, alarm in system.service.of_type("AWS::CloudWatch::Alarm").items():
            short = re.sub(r"^(?:ObservabilityAlarms|Reader)|[0-9A-F]{8}$", "", name)
            there[short] = alarm["AlarmDescription"]
    rows = {name: said for name, said in told.items() if name in there}
    assert set(rows) == set(there)
    for name, said in there.items():
        assert _wording(rows[name]) == _wording(said), name


def _wording(text: str) -> str:
    """Return a sentence without what differs between deployments."""
    return re.sub(r"(?:0\.\d+|the band of `usual_mean`)\.$", "…", text)


def test_every_alarm_of_the_host_is_explained_in_its_own_words(host: str, hosted: System) -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", host.partition("## Alarms")[2], re.MULTILINE))

    alarms = hosted.host.of_type("AWS::CloudWatch::Alarm").items()
    there = {re.sub(r"^Alarms|[0-9A-F]{8}$", "", name): alarm["AlarmDescription"] for name, alarm in alarms}
    assert {name: said for name, said in told.items() if name in there} == there


def test_every_parameter_of_the_training_is_explained(host: str, hosted: System) -> None:
    told = dict(
        re.findall(r"^\| `(\w+)` \| (.+?) \|", host.partition("## Train")[2].partition("\n## ")[0], re.MULTILINE)
    )

    parameters = hosted.host.the("AWS::SSM::Document")["Content"]["parameters"]
    assert set(told) == set(parameters)
    for name, parameter in parameters.items():
        if parameter.get("default"):
            assert told[name] == f"`{parameter['default']}`"


def test_every_output_that_is_named_is_there(deploy: str, trial: System) -> None:
    outputs = set(trial.service.content["Outputs"])

    named = set(re.findall(r"`Fracturelens-dev\.(\w+)`", deploy))

    assert named == outputs
    assert set(re.findall(r"OutputKey=='(\w+)'", deploy)) <= outputs


def test_every_stack_and_log_that_is_named_is_there(deploy: str, host: str, trial: System, hosted: System) -> None:
    log = json.dumps([template.content for template in trial.all])

    assert set(re.findall(r"`Fracturelens-dev(-\w+)?`", deploy)) == {"", "-data", "-edge", "-host"}
    groups = {
        group["LogGroupName"]
        for group in hosted.host.of_type("AWS::Logs::LogGroup").values()
        if "LogGroupName" in group
    }
    assert set(re.findall(r"`(fracturelens-dev-\w+)`", host)) == groups
    for name in re.findall(r"`(/aws/[\w/-]+|aws-waf-[\w-]+)`", deploy):
        assert f'"{name}"' in log


def test_every_test_that_is_named_exists(root: Path, security: str) -> None:
    there = {
        node.name
        for path in (root / "tests").rglob("test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }

    named = set(re.findall(r"`(test_\w+)`", security))

    assert len(named) > 50
    assert named <= there


def test_every_threat_names_a_test(security: str) -> None:
    rows = re.findall(r"^\|.*\|$", security.partition("## Who might attack it")[2].partition("\n## ")[0], re.MULTILINE)

    assert len(rows) > 20
    for row in rows[2:]:
        assert "`test_" in row.split(" | ")[-1], row


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_pages_and_sections(root: Path, page: str) -> None:
    docs = root / "docs"
    text = (docs / page).read_text(encoding="utf-8")

    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", text)

    assert links
    for target, section in links:
        other = docs / target if target else docs / page
        assert other.is_file(), target
        if section:
            assert section in {_anchor(title) for title in re.findall(r"^#+ (.+)$", other.read_text(), re.MULTILINE)}


def _anchor(title: str) -> str:
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_what_it_is_not_for_and_what_was_not_run(root: Path, page: str) -> None:
    text: Any = (root / "docs" / page).read_text(encoding="utf-8")

    assert "Research use only, not for diagnosis" in text
    assert re.search(r"on\s+an\s+account\s+of\s+AWS", text)
