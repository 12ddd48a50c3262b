"""``fracturelens registry``: what there is, what is read with, and how that is changed and changed back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fracturelens import DISCLAIMER
from fracturelens.registry import open_registry
from tests import buckets, models
from tests.buckets import Bucket
from tests.cli.conftest import Cli


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a registry in a folder, with two versions, none promoted."""
    place = tmp_path / "registry"
    for number in (1, 2):
        open_registry(place).put(f"0.{number}.0", models.bundle_folder(tmp_path / f"bundle-{number}", number))
    return place


@pytest.fixture
def registry(cli: Cli, place: Path) -> Callable[..., Any]:
    """Return a function that runs a command of the group on it."""
    return lambda *arguments, **options: cli("registry", *arguments, "--registry", place, **options)


@pytest.fixture
def compared(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a comparison."""

    def write(verdict: str, **changes: Any) -> Path:
        file = tmp_path / "comparison.json"
        file.write_text(json.dumps(models.comparison(verdict, **changes)))
        return file

    return write


def test_versions_are_listed_and_the_promoted_one_is_marked(registry: Callable[..., Any]) -> None:
    before = registry("list").stdout
    registry("promote", "0.2.0", "--force", "the first")

    result = registry("list")

    assert result.exit_code == 0
    head, columns, first, second, foot = result.stdout.splitlines()
    assert DISCLAIMER in head
    assert columns.split() == ["VERSION", "MODEL", "DIGEST", "PROMOTED"]
    assert first.split() == ["0.1.0", "brightness", "1.0", models.digest(1)[:12]]
    assert second.split()[:5] == ["*", "0.2.0", "brightness", "2.0", models.digest(2)[:12]]
    assert (foot, before.splitlines()[-1]) == ("2 versions.", "2 versions, none promoted.")


def test_a_damaged_version_does_not_hide_the_others(registry: Callable[..., Any], place: Path) -> None:
    (place / "versions" / "0.1.0" / "manifest.json").write_text("{}")

    result = registry("list")
    listed = {version["version"]: version for version in json.loads(registry("list", "--json").stdout)["versions"]}

    assert result.exit_code == 0
    assert "[bundle_damaged]" in result.stdout
    assert "brightness 2.0" in result.stdout
    assert (listed["0.1.0"]["error"], listed["0.2.0"]["error"]) == ("bundle_damaged", None)
    assert listed["0.2.0"]["digest"] == models.digest(2)


def test_a_version_found_better_is_promoted_and_its_figures_are_kept(
    registry: Callable[..., Any], compared: Callable[..., Path], place: Path
) -> None:
    result = registry("promote", "0.1.0", "--comparison", compared("better"))

    assert result.exit_code == 0
    assert f"version 0.1.0 ({models.digest(1)[:12]}) from now on" in result.stdout
    kept = json.loads((place / "promoted.json").read_text())
    assert kept["comparison"]["auroc"] == models.comparison()["auroc"]


def test_a_comparison_comes_by_a_pipe_too(registry: Callable[..., Any]) -> None:
    result = registry("promote", "0.1.0", "--comparison", "-", input=json.dumps(models.comparison("not worse")))

    assert result.exit_code == 0


@pytest.mark.parametrize("verdict", ["worse", "undecided"])
def test_a_version_not_found_as_good_is_refused_with_both_ways_out(
    registry: Callable[..., Any], compared: Callable[..., Path], place: Path, verdict: str
) -> None:
    result = registry("promote", "0.1.0", "--comparison", compared(verdict))

    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("error [not_compared]: ")
    assert verdict in line
    assert "--comparison" in line
    assert "--force" in line
    assert not (place / "promoted.json").exists()


def test_a_reason_promotes_whatever_was_found_and_is_shown(
    registry: Callable[..., Any], compared: Callable[..., Path]
) -> None:
    promoted = registry("promote", "0.1.0", "--comparison", compared("worse"), "--force", "only elbows here\x1b[2J")

    shown = registry("show").stdout

    assert promoted.exit_code == 0
    assert 'worse on 600 films, "only elbows here\\x1b[2J"' in shown
    assert "\x1b" not in shown
    assert DISCLAIMER in shown


def test_a_comparison_of_another_model_is_refused(registry: Callable[..., Any], compared: Callable[..., Path]) -> None:
    result = registry("promote", "0.1.0", "--comparison", compared("better", new={"digest": models.digest(2)}))

    assert (result.exit_code, "another new model" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    ("content", "code"), [("{}", "not_compared"), ("no JSON", "not_compared"), (None, "file_unreadable")]
)
def test_what_is_no_comparison_is_one_line(
    registry: Callable[..., Any], tmp_path: Path, content: str | None, code: str
) -> None:
    file = tmp_path / "comparison.json"
    if content is not None:
        file.write_text(content)

    result = registry("promote", "0.1.0", "--comparison", file)

    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"error [{code}]: ")


def test_a_rollback_leads_back_and_is_in_the_history(registry: Callable[..., Any]) -> None:
    for version in ("0.1.0", "0.2.0"):
        registry("promote", version, "--force", "new")

    result = registry("rollback", "--reason", "misses hairlines")
    shown = json.loads(registry("show", "--json").stdout)

    assert "version 0.1.0" in result.stdout
    assert "instead of 0.2.0" in result.stdout
    assert shown["manifest"]["graph"]["sha256"] == shown["promoted"]["digest"] == models.digest(1)
    assert (shown["promoted"]["rolled_back_from"], shown["promoted"]["reason"]) == ("0.2.0", "misses hairlines")
    assert [turn["version"] for turn in shown["promoted"]["history"]] == ["0.2.0", "0.1.0"]
    again = registry("rollback")
    assert (again.exit_code, "bundle_not_found" in again.stderr) == (1, True)


def test_a_version_is_shown_only_if_it_is_whole(registry: Callable[..., Any], place: Path) -> None:
    whole = registry("show", "0.1.0")
    (place / "versions" / "0.1.0" / "model.tflite").write_bytes(b"damaged")
    damaged = registry("show", "0.1.0")

    assert f"sha256:{models.digest(1)} (verified)" in whole.stdout
    assert (damaged.exit_code, damaged.stdout) == (1, "")
    assert damaged.stderr.startswith("error [bundle_damaged]: ")
    assert registry("show", "0.9.0").stderr.startswith("error [unknown_version]: ")


def test_without_a_registry_it_is_said_how_to_name_one(cli: Cli, monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    for model in (None, str(place)):
        if model:
            monkeypatch.setenv("FRACTURELENS_MODEL", model)
        result = cli("registry", "list")
        assert result.exit_code == 2
        assert "--registry s3://BUCKET" in result.stderr


@pytest.mark.aws
@pytest.mark.parametrize("path", ["", "/versions/0.1.0"])
def test_the_bucket_that_the_server_reads_from_is_the_default(
    cli: Cli, bucket: Bucket, place: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    open_registry(f"s3://{bucket.name}", client=bucket.client).put("0.1.0", place / "versions" / "0.1.0")
    monkeypatch.setenv("FRACTURELENS_MODEL", f"s3://{bucket.name}{path}")

    with buckets.environment(bucket.endpoint):
        promoted = cli("registry", "promote", "0.1.0", "--force", "first", "--json")
        model = cli("model", "show", "--json")

    assert json.loads(promoted.stdout)["promoted"]["digest"] == models.digest(1)
    assert json.loads(model.stdout)["location"] == f"s3://{bucket.name}/versions/0.1.0"
