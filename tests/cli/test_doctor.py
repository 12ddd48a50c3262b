"""``fracturelens doctor``: finds what is wrong, and says what to do."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from fracturelens import DISCLAIMER
from tests import buckets
from tests.buckets import Bucket
from tests.cli.conftest import Cli


@pytest.fixture(autouse=True)
def _any_free_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRACTURELENS_PORT", "0")


def problems(output: str) -> dict[str, str]:
    return {check["name"]: check["remedy"] for check in json.loads(output)["checks"] if not check["ok"]}


def test_a_sound_installation_is_well(cli: Cli, tmp_path: Path) -> None:
    result = cli("doctor")

    assert result.exit_code == 0, result.stdout
    assert [line.split()[1] for line in result.stdout.splitlines()[:-1]] == [
        "python", "model", "reading", "data", "disk", "port", "page",
    ]  # fmt: skip
    assert "digest verified" in result.stdout
    assert result.stdout.splitlines()[-1] == f"All is well. {DISCLAIMER}"
    assert not (tmp_path / "xdg").exists(), "looking leaves nothing behind"


def test_the_checks_as_json(cli: Cli) -> None:
    report = json.loads(cli("doctor", "--json").stdout)

    assert report["ok"] is True
    assert all(set(check) == {"name", "ok", "seen", "remedy"} for check in report["checks"])


def test_a_missing_model_is_a_problem_with_a_remedy(cli: Cli, tmp_path: Path) -> None:
    result = cli("doctor", "--json", "--model", tmp_path)

    assert result.exit_code == 1
    assert "--model" in problems(result.stdout)["model"]
    assert set(problems(result.stdout)) == {"model", "reading"}


def test_a_taken_port_is_a_problem_with_a_remedy(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setenv("FRACTURELENS_PORT", str(port))
        result = cli("doctor")

    assert result.exit_code == 1
    assert f"Port {port}" in result.stdout
    assert "-> " in result.stdout
    assert f"Fix the problems above. {DISCLAIMER}" in result.stdout


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_a_data_folder_that_cannot_be_is_a_problem(
    below: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FRACTURELENS_STORE", str(tmp_path / "file" / below))

    result = cli("doctor", "--json")

    assert result.exit_code == 1
    assert "FRACTURELENS_STORE" in problems(result.stdout)["data folder"]


@pytest.mark.aws
def test_a_bucket_is_written_and_read_and_left_as_it_was(
    cli: Cli, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRACTURELENS_STORE", f"s3://{bucket.name}/clinic")

    with buckets.environment(bucket.endpoint):
        report = json.loads(cli("doctor", "--json").stdout)

    seen = {check["name"]: check["seen"] for check in report["checks"] if check["ok"]}
    assert seen["data folder"].startswith(f"s3://{bucket.name}/clinic")
    assert seen["disk"]
    assert bucket.keys() == []


@pytest.mark.aws
def test_a_bucket_that_cannot_be_used_is_a_problem_with_a_remedy(
    cli: Cli, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRACTURELENS_STORE", f"s3://{bucket.name}-of-somebody-else")

    with buckets.environment(bucket.endpoint):
        result = cli("doctor", "--json")

    assert result.exit_code == 1
    assert "FRACTURELENS_STORE" in problems(result.stdout)["data folder"]


def test_keeping_nothing_needs_no_data_folder(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FRACTURELENS_STORE", str(tmp_path / "file"))
    monkeypatch.setenv("FRACTURELENS_RETENTION_HOURS", "0")

    assert cli("doctor").exit_code == 0
