"""The command that has the host train: what it takes, and what it does with it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from tests.infra.templates import System, text
from tests.infra.test_host_files import FILES, Machine, machine

__all__ = ["machine"]

ASKED: Final = {
    "data": "data/elbow",
    "weights": "data/imagenet.weights.h5",
    "recipe": "data/short.json",
    "epochs": "3",
    "seed": "7",
    "version": "elbow-2",
    "stop": "yes",
}
HOSTILE: Final = (
    "; rm -rf /",
    "$(id)",
    "`id`",
    "a b",
    "'",
    '"',
    "x'; id; '",
    "a\nb",
    "/../secret",
    "&",
    "|id",
    "{{ x }}",
    "$HOME",
    "\\",
)


def document(system: System) -> Any:
    return system.host.the("AWS::SSM::Document")


def takes(system: System, name: str, value: str) -> bool:
    pattern = document(system)["Content"]["parameters"][name]["allowedPattern"]
    return bool(re.search(pattern.replace("$", r"\Z"), value))  # A dollar of Python's would let a last line break pass.


def test_the_document_has_the_name_that_the_output_says(hosted: System) -> None:
    assert document(hosted)["Name"] == "Fracturelens-dev-train"
    assert "--document-name Fracturelens-dev-train " in text(hosted.host.content["Outputs"]["Train"]["Value"])


@pytest.mark.parametrize("name", list(ASKED))
def test_what_is_meant_is_taken(hosted: System, name: str) -> None:
    parameter = document(hosted)["Content"]["parameters"][name]

    assert takes(hosted, name, ASKED[name])
    assert "default" not in parameter or takes(hosted, name, parameter["default"])


@pytest.mark.parametrize("name", list(ASKED))
@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_that_a_shell_would_take_for_its_own_is_taken(hosted: System, name: str, hostile: str) -> None:
    assert not takes(hosted, name, hostile)
    assert not takes(hosted, name, f"{ASKED[name]}{hostile}")
    assert not takes(hosted, name, f"{hostile}{ASKED[name]}")


@pytest.mark.parametrize(
    "data", ["s3://elsewhere/films", "versions/elbow-1", "jobs/x", "data/../versions", "data/", "/data/x"]
)
def test_films_are_taken_from_one_place_alone(hosted: System, data: str) -> None:
    assert not takes(hosted, "data", data)


def test_every_parameter_is_held_to_a_pattern_and_asked_for_here(hosted: System) -> None:
    parameters = document(hosted)["Content"]["parameters"]

    assert set(parameters) == set(ASKED)
    for name, parameter in parameters.items():
        assert parameter["allowedPattern"].startswith("^"), name
        assert parameter["allowedPattern"].endswith("$"), name


def command(system: System, asked: dict[str, str], machine: Machine) -> str:
    """Return the line that the agent of Systems Manager runs, for the folder that stands for the machine."""
    (step,) = document(system)["Content"]["mainSteps"]
    (line,) = step["inputs"]["runCommand"]
    for name, parameter in document(system)["Content"]["parameters"].items():
        line = line.replace(f"{{{{ {name} }}}}", asked.get(name, parameter.get("default", "")))
    assert "{{" not in line
    return str(line.replace("/opt/fracturelens", str(FILES)))


@pytest.fixture
def ready(machine: Machine) -> Machine:
    """Return a machine with Docker and what differs between hosts."""
    (machine.bin / "docker").write_bytes((machine.bin / ".docker").read_bytes())
    (machine.bin / "docker").chmod(0o755)
    settings = machine.root / "etc" / "fracturelens" / "host.env"
    settings.parent.mkdir(parents=True)
    settings.write_text(
        "REGION=eu-central-1\nMODELS=models\nTRAINING_LOG=fracturelens-dev-training\nTRAINING_IMAGE=training:1\nGPUS=\n"
    )
    return machine


def noted(machine: Machine) -> Path:
    return machine.root / "var" / "lib" / "fracturelens" / "train.env"


def run(machine: Machine) -> list[str]:
    """Return the words of the command that the unit ends up with."""
    told = machine.run(f"bash {FILES}/train.sh run")
    (line,) = (line for line in told if line.startswith("docker run"))
    return line.split()


def test_the_command_notes_what_is_asked_for_and_starts_the_unit(hosted: System, ready: Machine) -> None:
    told = ready.run(command(hosted, ASKED, ready))

    assert told[-1] == "systemctl start --no-block fracturelens-train.service"
    assert dict(line.split("=", 1) for line in noted(ready).read_text().splitlines()) == ASKED
    assert noted(ready).stat().st_mode & 0o077 == 0 or noted(ready).parent.stat().st_mode & 0o077 == 0


def test_the_job_is_given_what_was_asked_for(hosted: System, ready: Machine) -> None:
    ready.run(command(hosted, ASKED, ready))

    words = run(ready)

    options = words[words.index("training:1") + 1 :]
    assert dict(zip(options[::2], options[1::2], strict=True)) == {
        "--data": "s3://models/data/elbow",
        "--registry": "s3://models",
        "--start": "s3://models/data/imagenet.weights.h5",
        "--recipe": "/recipe/recipe.json",
        "--epochs": "3",
        "--seed": "7",
        "--version": "elbow-2",
    }


def test_what_is_left_out_is_the_recipes(hosted: System, ready: Machine) -> None:
    ready.run(command(hosted, {"data": "data/elbow"}, ready))

    options = run(ready)

    assert not {"--recipe", "--epochs", "--seed", "--version", "--gpus"} & set(options)


def test_the_job_takes_the_options_that_it_is_given(hosted: System, ready: Machine) -> None:
    ready.run(command(hosted, ASKED, ready))
    words = run(ready)
    given = {word for word in words[words.index("training:1") :] if word.startswith("--")}

    done = subprocess.run(
        [sys.executable, "-m", "training", "job", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": "200", "PATH": ""},
    )

    assert given <= set(re.findall(r"--[a-z]+", done.stdout))


def test_the_job_is_held_to_its_limits(hosted: System, ready: Machine) -> None:
    ready.run(command(hosted, ASKED, ready))

    line = " ".join(run(ready))

    for limit in ("--read-only", "--cap-drop ALL", "--security-opt no-new-privileges", "--user 10001:10001"):
        assert limit in line
    assert re.search(r"--memory (\d+m) --memory-swap \1 ", line)
    assert "--log-driver awslogs" in line
    assert "--log-opt awslogs-group=fracturelens-dev-training" in line


def test_a_gpu_is_handed_in_where_there_is_one(hosted: System, hosted_with_gpu: System, ready: Machine) -> None:
    script = text(hosted_with_gpu.host.the("AWS::EC2::Instance")["UserData"]["Fn::Base64"])
    assert "\nGPUS=all\n" in script
    settings = ready.root / "etc" / "fracturelens" / "host.env"
    settings.write_text(settings.read_text().replace("GPUS=", "GPUS=all"))
    ready.run(command(hosted, ASKED, ready))

    assert "--gpus all" in " ".join(run(ready))


def test_two_trainings_do_not_get_in_each_others_way(hosted: System, ready: Machine) -> None:
    ready.run(command(hosted, ASKED, ready))
    before = noted(ready).read_text()

    with pytest.raises(AssertionError, match="A training is under way"):
        ready.run(command(hosted, {**ASKED, "data": "data/other"}, ready))

    assert noted(ready).read_text() == before


def test_a_training_that_was_tried_too_often_makes_way_for_the_next(hosted: System, ready: Machine) -> None:
    ready.run(command(hosted, ASKED, ready))
    (ready.state / "failed").touch()

    told = ready.run(command(hosted, {**ASKED, "data": "data/other"}, ready))

    assert "data=data/other\n" in noted(ready).read_text()
    assert told[-2:] == [
        "systemctl reset-failed fracturelens-train.service",
        "systemctl start --no-block fracturelens-train.service",
    ]


@pytest.mark.parametrize(("status", "over"), [("0", True), ("1", True), ("2", True), ("75", False), ("137", False)])
def test_a_job_that_was_stopped_goes_on_and_one_that_is_over_leaves_nothing(
    hosted: System, ready: Machine, status: str, over: bool
) -> None:
    ready.run(command(hosted, ASKED, ready))

    told = ready.run(f"bash {FILES}/train.sh ended", EXIT_CODE="exited", EXIT_STATUS=status)

    assert noted(ready).exists() is not over
    assert ("docker volume rm --force fracturelens-work" in told) is over
    assert ("systemctl --no-block poweroff" in told) is over


def test_the_machine_stays_unless_it_is_to_be_stopped(hosted: System, ready: Machine) -> None:
    ready.run(command(hosted, {**ASKED, "stop": "no"}, ready))

    told = ready.run(f"bash {FILES}/train.sh ended", EXIT_CODE="exited", EXIT_STATUS="0")

    assert "systemctl --no-block poweroff" not in told


def test_the_unit_goes_on_after_a_restart_and_does_not_repeat_what_cannot_work() -> None:
    unit = (FILES / "fracturelens-train.service").read_text()

    assert "ConditionPathExists=/var/lib/fracturelens/train.env\n" in unit
    assert "systemctl enable fracturelens-train.service\n" in (FILES / "install.sh").read_text()
    assert "\nRestart=on-failure\nRestartPreventExitStatus=1 2\n" in unit
    (patience,) = map(int, re.findall(r"docker stop --time (\d+)", unit))
    (limit,) = map(int, re.findall(r"TimeoutStopSec=(\d+)", unit))
    assert patience < limit


def test_a_machine_that_is_stopped_is_stopped_and_not_deleted(hosted_with_gpu: System) -> None:
    assert hosted_with_gpu.host.the("AWS::EC2::Instance")["InstanceInitiatedShutdownBehavior"] == "stop"


@pytest.mark.parametrize(("deployment", "gpu"), [("hosted", "0"), ("hosted_with_gpu", "1")])
def test_cuda_is_in_its_image_where_there_is_a_gpu(deployment: str, gpu: str, request: pytest.FixtureRequest) -> None:
    system: System = request.getfixturevalue(deployment)

    images = {image["dockerFile"]: image for image in system.images_of_the_host}

    assert set(images) == {"container/Dockerfile", "container/training.Dockerfile"}
    assert images["container/training.Dockerfile"]["dockerBuildArgs"]["GPU"] == gpu
    assert {image["platform"] for image in images.values()} == {"linux/amd64"}
