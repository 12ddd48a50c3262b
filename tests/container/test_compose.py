"""The compose file is valid, and starts nothing that other machines reach or that may do more than compute."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from fracturelens.cli.serve import GRACE_SECONDS

Config = Callable[..., subprocess.CompletedProcess[str]]
SERVICES = ("service", "train")


@pytest.fixture(scope="module")
def folder(root: Path) -> Path:
    return root / "container"


@pytest.fixture(scope="module")
def services(folder: Path) -> dict[str, Any]:
    """Return what the compose file says of each service."""
    said: dict[str, Any] = yaml.safe_load((folder / "compose.yaml").read_text())["services"]
    return said


@pytest.fixture
def config(folder: Path, need_program: Callable[..., Path]) -> Config:
    """Return a function that has compose files checked and joined."""
    program = need_program("docker-compose")
    own = {name: value for name, value in os.environ.items() if name not in {"FILMS", "OUT", "PORT"}}

    def check(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *words, "config"], cwd=folder, env=own | environment, capture_output=True, text=True, check=False
        )

    return check


@pytest.mark.parametrize("words", [(), ("--profile", "train"), ("-f", "compose.yaml", "-f", "compose.gpu.yaml")])
def test_compose_takes_it(config: Config, words: tuple[str, ...]) -> None:
    checked = config(*words)

    assert (checked.returncode, checked.stderr) == (0, "")


def test_only_the_service_starts_by_itself(services: dict[str, Any]) -> None:
    assert [name for name, said in services.items() if not said.get("profiles")] == ["service"]


def test_the_service_is_published_on_this_machine_only(services: dict[str, Any], config: Config) -> None:
    (port,) = services["service"]["ports"]

    assert port == "127.0.0.1:${PORT:-8000}:8000"
    assert "127.0.0.1:8123:8000" in config(PORT="8123").stdout
    assert "ports" not in services["train"]


@pytest.mark.parametrize("name", SERVICES)
def test_each_container_is_read_only_and_without_rights(services: dict[str, Any], name: str) -> None:
    said = services[name]

    assert said["read_only"] is True
    assert said["cap_drop"] == ["ALL"]
    assert said["security_opt"] == ["no-new-privileges:true"]
    assert not said.keys() & {"privileged", "cap_add", "network_mode", "pid", "ipc", "devices", "user"}


@pytest.mark.parametrize("name", SERVICES)
def test_each_container_has_its_limits(services: dict[str, Any], name: str) -> None:
    said = services[name]

    assert said["mem_limit"] == said["memswap_limit"], "no swapping on top"
    assert said["pids_limit"] > 0
    assert all(re.search(r":size=\d+[mg]\b", place) for place in said["tmpfs"])
    assert said["logging"] == {"driver": "json-file", "options": {"max-size": "10m", "max-file": "5"}}


def test_the_service_has_the_memory_that_its_image_is_tested_with(services: dict[str, Any]) -> None:
    from tests.container import service
    from tests.image import containers

    assert services["service"]["mem_limit"] == containers.MEMORY[1]
    assert services["service"]["tmpfs"] == [service.TMP]
    assert services["service"]["stop_grace_period"] == f"{service.GRACE_SECONDS}s"


def test_the_service_may_finish_what_it_has_accepted(services: dict[str, Any]) -> None:
    assert int(services["service"]["stop_grace_period"].removesuffix("s")) > GRACE_SECONDS


def test_the_service_comes_back_and_is_asked_how_it_is_as_its_image_says(
    services: dict[str, Any], folder: Path
) -> None:
    (command,) = re.findall(r"HEALTHCHECK [^[]*\[(.*)\]", (folder / "Dockerfile").read_text())

    assert services["service"]["restart"] == "unless-stopped"
    assert services["service"]["healthcheck"]["test"] == ["CMD", *yaml.safe_load(f"[{command}]")]


@pytest.mark.parametrize("name", SERVICES)
def test_each_place_that_is_written_to_belongs_to_the_image_s_user(
    services: dict[str, Any], folder: Path, name: str
) -> None:
    written = {volume.rpartition(":")[2] for volume in services[name]["volumes"] if not volume.endswith(":ro")}
    dockerfile = (folder.parent / services[name]["build"]["dockerfile"]).read_text()
    (owner, made) = re.findall(r"^RUN install -d -o (\d+) -g \d+ -m 700 (/.*)$", dockerfile, re.MULTILINE)[0]

    # A new volume takes its owner from the image's folder.
    assert written
    assert written == set(made.split())
    assert f"\nUSER {owner}:" in dockerfile


def test_training_changes_no_film(services: dict[str, Any], config: Config, tmp_path: Path) -> None:
    (films,) = (volume for volume in services["train"]["volumes"] if ":/data" in volume)

    assert films.endswith(":/data:ro")
    assert f"{tmp_path}:/data:ro" in config("--profile", "train", FILMS=str(tmp_path)).stdout


def test_a_graphics_processor_is_asked_for_in_a_file_of_its_own(services: dict[str, Any], config: Config) -> None:
    joined = config("-f", "compose.yaml", "-f", "compose.gpu.yaml", "--profile", "train")
    train = yaml.safe_load(joined.stdout)["services"]["train"]

    (device,) = train["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}
    assert train["build"]["args"] == {"GPU": "1"}
    assert "deploy" not in services["train"]
