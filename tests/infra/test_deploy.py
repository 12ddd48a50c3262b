"""``cdk bootstrap``, ``cdk deploy`` and ``cdk destroy`` for real, on an account that moto stands in for.

moto's CloudFormation makes keys, roles, policies, log groups, functions and buckets, and of a bucket no more than its
encryption; what it does not know it passes over. The other tests of this folder hold the templates to the rest.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from fracturelens import errors
from fracturelens.store.s3 import S3Store
from tests import buckets
from tests.readings import FILM, MAPS, reading

pytestmark = [pytest.mark.aws, pytest.mark.slow]

ACCOUNT: Final = "123456789012"
REGION: Final = "eu-central-1"
EDGE_REGION: Final = "us-east-1"
STACK: Final = "Fracturelens-dev"
DATA: Final = f"{STACK}-data"
EDGE: Final = f"{STACK}-edge"
NO_DOCKER: Final = """#!/bin/sh
# Stands in for Docker, which would only build the image and push it: says yes to everything.
[ "$1" = login ] && cat >/dev/null
exit 0
"""
PATIENCE_S: Final = 600


@dataclass(frozen=True)
class Account:
    """An account, and the environment in which AWS's tools take it for AWS."""

    endpoint: str
    environment: Mapping[str, str]
    cdk_out: Path

    def client(self, service: str, region: str = REGION, **credentials: str) -> Any:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            **(credentials or {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}),
        )

    def cdk(self, *arguments: str, folder: Path) -> None:
        """Run the CDK's command line in a folder."""
        command = [str(folder_of_programs() / "cdk"), "--no-notices", *arguments]
        done = subprocess.run(
            command, cwd=folder, env=self.environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        assert done.returncode == 0, done.stderr

    def stacks(self) -> dict[str, str]:
        """Return the stacks that are there, and how they are."""
        found = (self.client("cloudformation", region).describe_stacks()["Stacks"] for region in (REGION, EDGE_REGION))
        return {stack["StackName"]: stack["StackStatus"] for stacks in found for stack in stacks}

    def buckets(self) -> set[str]:
        """Return the buckets that are there, without those of ``cdk bootstrap``."""
        found = {bucket["Name"] for bucket in self.client("s3").list_buckets()["Buckets"]}
        return {name for name in found if not name.startswith("cdk-")}


def folder_of_programs() -> Path:
    return Path(__file__).resolve().parents[2] / "node_modules" / ".bin"


def named(what: str, stage: str = "dev") -> str:
    return f"fracturelens-{stage}-{what}-{ACCOUNT}-{REGION}"


@pytest.fixture(scope="module")
def account(need_program: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    need_program("node")
    need_program(str(folder_of_programs() / "cdk"))
    folder = tmp_path_factory.mktemp("account")
    docker = folder / "docker"
    docker.write_text(NO_DOCKER)
    docker.chmod(0o755)
    with _moto() as endpoint:
        yield Account(endpoint, _environment(endpoint, docker), folder / "cdk.out")


@contextmanager
def _moto() -> Iterator[str]:
    server = [sys.executable, str(Path(__file__).with_name("moto_account.py"))]
    with subprocess.Popen(
        server, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as moto:
        assert moto.stdin
        assert moto.stdout
        try:
            # Of any other host name the CDK takes the first part for a bucket's.
            yield f"http://localhost:{int(moto.stdout.readline())}"
        finally:
            moto.stdin.close()
            moto.wait(PATIENCE_S)


def _environment(endpoint: str, docker: Path) -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
    return {
        **mine,
        **buckets.CREDENTIALS,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ENDPOINT_URL_S3": endpoint,
        "AWS_ENDPOINT_URL_S3_FOR_CLOUDFORMATION": endpoint,
        "CDK_DOCKER": str(docker),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
    }


@pytest.fixture(scope="module")
def deployed(account: Account, root: Path) -> Account:
    """Give the account with everything deployed: from an empty one, by the commands of docs/deploy.md."""
    environments = [f"aws://{ACCOUNT}/{region}" for region in (REGION, EDGE_REGION)]
    account.cdk("bootstrap", *environments, folder=account.cdk_out.parent)
    account.cdk("deploy", "--all", "--require-approval", "never", "--output", str(account.cdk_out), folder=root)
    return account


@pytest.fixture
def function(deployed: Account) -> Iterator[Any]:
    """Give the deployed function, with what its role may do."""
    functions = deployed.client("lambda").list_functions()["Functions"]
    function = next(one for one in functions if one["FunctionName"].startswith(f"{STACK}-ReaderFunction"))
    iam = deployed.client("iam")
    policies = [policy["Arn"] for policy in iam.list_policies(Scope="Local")["Policies"]]
    role = {
        "RoleName": function["Role"].rpartition("/")[2],
        "PolicyArn": next(arn for arn in policies if "ReaderRoleMay" in arn),
    }
    iam.attach_role_policy(**role)  # moto makes role and policy and leaves them apart.
    yield function
    iam.detach_role_policy(**role)


@pytest.fixture
def store(deployed: Account, function: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Store]:
    """Give the store that the deployed function opens, in the role of the function."""
    taken_on = deployed.client("sts").assume_role(RoleArn=function["Role"], RoleSessionName="reader")["Credentials"]
    with buckets.environment(deployed.endpoint):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", taken_on["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", taken_on["SecretAccessKey"])
        monkeypatch.setenv("AWS_SESSION_TOKEN", taken_on["SessionToken"])
        yield S3Store.at(function["Environment"]["Variables"]["FRACTURELENS_STORE"]).of("somebody")


@pytest.fixture
def enforced(store: S3Store, deployed: Account) -> Iterator[None]:
    """Let moto ask IAM whether a request is allowed, which it does not do otherwise."""
    httpx.post(f"{deployed.endpoint}/moto-api/reset-auth", content="0").raise_for_status()
    yield
    httpx.post(f"{deployed.endpoint}/moto-api/reset-auth", content="inf").raise_for_status()


def test_every_stack_is_there(deployed: Account) -> None:
    stacks = deployed.stacks()

    assert {STACK, DATA, EDGE} <= set(stacks)
    assert set(stacks.values()) == {"CREATE_COMPLETE"}


def test_films_and_models_are_encrypted_with_a_key_that_is_renewed(deployed: Account) -> None:
    s3, kms = deployed.client("s3"), deployed.client("kms")

    for what in ("films", "models"):
        (rule,) = s3.get_bucket_encryption(Bucket=named(what))["ServerSideEncryptionConfiguration"]["Rules"]
        default = rule["ApplyServerSideEncryptionByDefault"]
        key = kms.describe_key(KeyId=default["KMSMasterKeyID"])["KeyMetadata"]
        assert default["SSEAlgorithm"] == "aws:kms"
        assert key["Description"] == "fracturelens-dev: films, readings and models"
        assert kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"]


@pytest.mark.usefixtures("enforced")
def test_the_store_keeps_a_reading_with_the_rights_of_the_function(store: S3Store) -> None:
    given = reading()

    store.check()
    store.put(given, MAPS, FILM)

    kept = store.kept(given.id)
    assert kept.film == FILM
    assert kept.assessment.id == given.id
    assert (kept.class_maps == MAPS).all()


@pytest.mark.usefixtures("enforced")
def test_what_is_not_there_or_anothers_is_not_found(store: S3Store) -> None:
    given = reading()
    store.put(given, MAPS, FILM)

    for asked, entry_id in ((store, reading().id), (store.of("somebody else"), given.id)):
        with pytest.raises(errors.NotFound):
            asked.get(entry_id)


def test_a_browser_sends_a_film_to_the_deployed_bucket(store: S3Store) -> None:
    upload = store.new_upload(1000 * len(FILM), size=len(FILM), content_type="image/png")

    answer = httpx.post(upload.url, data=upload.fields, files={"file": ("film", FILM, "image/png")})

    assert answer.status_code in {200, 204}
    assert store.read_upload(upload.upload_id, len(FILM)) == FILM


@pytest.mark.usefixtures("enforced")
def test_the_function_can_reach_nothing_else(deployed: Account) -> None:
    films, models = named("films"), named("models")
    mine = {name: os.environ[f"AWS_{name.upper()}"] for name in ("access_key_id", "secret_access_key", "session_token")}
    s3, iam, kms = (
        deployed.client(service, **{f"aws_{name}": value for name, value in mine.items()})
        for service in ("s3", "iam", "kms")
    )

    forbidden = {
        "a film outside the two prefixes written": partial(s3.put_object, Bucket=films, Key="elsewhere/film", Body=b""),
        "read": partial(s3.get_object, Bucket=films, Key="elsewhere/film"),
        "deleted": partial(s3.delete_object, Bucket=films, Key="elsewhere/film"),
        "a model read": partial(s3.get_object, Bucket=models, Key="model.tflite"),
        "replaced": partial(s3.put_object, Bucket=models, Key="model.tflite", Body=b""),
        "the bucket deleted": partial(s3.delete_bucket, Bucket=films),
        "opened": partial(s3.put_bucket_policy, Bucket=films, Policy="{}"),
        "others found": s3.list_buckets,
        "roles found": iam.list_roles,
        "keys found": kms.list_keys,
    }
    for what, attempt in forbidden.items():
        with pytest.raises(ClientError, match="AccessDenied"):
            pytest.fail(f"{what}: {attempt()}")


def test_deploying_again_changes_nothing(deployed: Account) -> None:
    before = deployed.client("cloudformation").describe_stacks(StackName=DATA)["Stacks"][0]

    deployed.cdk("deploy", DATA, "--app", str(deployed.cdk_out), folder=deployed.cdk_out.parent)

    assert deployed.client("cloudformation").describe_stacks(StackName=DATA)["Stacks"][0] == before


def test_a_stage_that_keeps_its_data_outlives_its_stack(deployed: Account, root: Path, tmp_path: Path) -> None:
    stack = "Fracturelens-prod-data"
    cloudformation = deployed.client("cloudformation")
    deployed.cdk(
        *("deploy", stack, "-c", "stage=prod", "--require-approval", "never", "--output", str(tmp_path / "cdk.out")),
        folder=root,
    )
    assert cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["EnableTerminationProtection"]

    cloudformation.update_termination_protection(StackName=stack, EnableTerminationProtection=False)
    deployed.cdk("destroy", stack, "--force", "--app", str(tmp_path / "cdk.out"), folder=tmp_path)

    assert stack not in deployed.stacks()
    assert {named(what, "prod") for what in ("films", "models", "logs")} <= deployed.buckets()
    kms = deployed.client("kms")
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    assert "Enabled" in {key["KeyState"] for key in keys if key["Description"].startswith("fracturelens-prod:")}


def test_destroying_leaves_nothing_behind(deployed: Account) -> None:
    """Comes last: the account is empty afterwards."""
    s3 = deployed.client("s3")
    for entry in s3.list_objects_v2(Bucket=named("films")).get("Contents", ()):
        s3.delete_object(Bucket=named("films"), Key=entry["Key"])  # AWS calls a function of the CDK for it

    deployed.cdk("destroy", "--all", "--force", "--app", str(deployed.cdk_out), folder=deployed.cdk_out.parent)

    kms = deployed.client("kms")
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    assert not [name for name in deployed.stacks() if name.startswith(STACK)]
    assert not [name for name in deployed.buckets() if "-dev-" in name]
    assert "Enabled" not in {key["KeyState"] for key in keys if key["Description"].startswith("fracturelens-dev:")}
    assert deployed.client("logs").describe_log_groups(logGroupNamePrefix=STACK)["logGroups"] == []
