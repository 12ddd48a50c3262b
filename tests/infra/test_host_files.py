"""What is put on the machine: scripts that can be run twice, and a unit that holds the service to its limits.

The scripts run here as they are, in a folder, with stand-ins for the programs that change a machine.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.infra.templates import System, text

ROOT: Final = Path(__file__).resolve().parents[2]
FILES: Final = ROOT / "infra" / "host" / "files"
TOOLS: Final = (
    "bash",
    "cat",
    "cmp",
    "df",
    "dirname",
    "install",
    "mkdir",
    "mv",
    "rm",
    "sed",
    "sleep",
    "tail",
    "tr",
    "touch",
    "test",
    "chmod",
)
MOST_USER_DATA: Final = 16 * 1024
"""AWS takes no more. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html"""

STAND_INS: Final = {
    "dnf": """
        for package in "$@"; do
            case $package in
                docker) chmod +x "$BIN/.docker" && install "$BIN/.docker" "$BIN/docker" ;;
                amazon-ecr-credential-helper) touch "$BIN/docker-credential-ecr-login"
                                              chmod +x "$BIN/docker-credential-ecr-login" ;;
            esac
        done""",
    ".docker": """
        case "$1 $2" in
            "image inspect") test -e "$STATE/image-${3##*:}" ;;
            "pull --quiet") if test -e "$STATE/late"; then rm "$STATE/late"; exit 1; fi
                            touch "$STATE/image-${3##*:}" ;;
            "inspect --format") cat "$STATE/health" ;;
        esac""",
    "systemctl": """
        case $1 in
            is-failed) test -e "$STATE/failed" ;;
            enable) for unit in "$@"; do touch "$STATE/enabled-$unit"; done ;;
        esac""",
    "aws": """
        test ! -e "$STATE/no-cloudwatch" """,
}


@dataclass(frozen=True)
class Machine:
    """A folder that stands for a machine."""

    root: Path
    bin: Path
    state: Path

    def run(self, script: str, **environment: str) -> list[str]:
        """Run a script, and return the commands that it gave to the stand-ins."""
        told = self.state / "told"
        told.write_text("")
        settings = {
            "PATH": str(self.bin),
            "BIN": str(self.bin),
            "STATE": str(self.state),
            "ROOT": str(self.root),
            "HOME": str(self.root),
            "PATIENCE": "0",
        }
        done = subprocess.run(
            [str(self.bin / "bash"), "-c", script],
            env={**settings, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return told.read_text().splitlines()

    def everything(self) -> dict[str, tuple[int, bytes]]:
        """Return every file of the machine, with its mode and content."""
        there = [*self.root.rglob("*"), *self.bin.iterdir(), *self.state.iterdir()]
        return {
            str(path): (path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
            for path in there
            if path != self.state / "told" and not path.is_symlink()
        }


@pytest.fixture
def machine(tmp_path: Path, need_program: Callable[..., Path]) -> Machine:
    """Return a machine without Docker."""
    found = Machine(tmp_path / "root", tmp_path / "bin", tmp_path / "state")
    for folder in (found.root / "etc", found.bin, found.state):
        folder.mkdir(parents=True)
    for tool in TOOLS:
        (found.bin / tool).symlink_to(need_program(tool))
    for name, body in STAND_INS.items():
        program = found.bin / name
        program.write_text(f'#!{need_program("bash")}\necho "${{0##*/}} $*" >>"$STATE/told"\n{body}\n')
        program.chmod(0o755)
    return found


def user_data(system: System, machine: Machine) -> str:
    """Return what the machine starts with, as AWS fills it in, for the folder that stands for it."""
    script = text(system.host.the("AWS::EC2::Instance")["UserData"]["Fn::Base64"])
    script = script.replace("${AWS::AccountId}", "1" * 12).replace("${AWS::URLSuffix}", "amazonaws.com")
    script = re.sub(r"<[\w:.-]+>", "filled-in", script)
    moved = re.compile(r"(?<=[ >])(?=/(?:opt|etc)/fracturelens)")
    lines = script.split("\n")
    frame = [moved.sub(str(machine.root), line) if re.match(r"mkdir|cat >|bash ", line) else line for line in lines]
    return "\n".join(frame)


def test_it_starts_with_docker_and_the_service(hosted: System, machine: Machine) -> None:
    told = machine.run(user_data(hosted, machine))

    assert "dnf --assumeyes --quiet install docker" in told
    pulled, other = (line for line in told if line.startswith("docker pull"))
    assert re.fullmatch(r"docker pull --quiet 1{12}\.dkr\.ecr\.eu-central-1\.amazonaws\.com/\S+:[0-9a-f]{64}", pulled)
    enabled = {path.name.removeprefix("enabled-") for path in machine.state.glob("enabled-*")}
    assert {"docker.service", "fracturelens.service", "fracturelens-health.timer"} <= enabled
    assert told.index(pulled) < told.index("systemctl restart fracturelens.service") < told.index(other)


def test_starting_twice_leaves_the_same_machine(either_host: System, machine: Machine) -> None:
    script = user_data(either_host, machine)
    machine.run(script)
    once = machine.everything()

    told = machine.run(script)

    assert machine.everything() == once
    changes = [line for line in told if re.match(r"dnf|docker pull|systemctl (?!enable)", line)]
    assert not changes, "what is as it should be stays"


def test_a_changed_unit_is_taken_up(hosted: System, machine: Machine) -> None:
    machine.run(user_data(hosted, machine))
    unit = machine.root / "etc" / "systemd" / "system" / "fracturelens.service"
    whole = unit.read_text()
    unit.write_text("broken")

    told = machine.run(user_data(hosted, machine))

    assert unit.read_text() == whole
    assert told.index("systemctl daemon-reload") < told.index("systemctl restart fracturelens.service")


def test_doors_that_open_late_are_waited_for(hosted: System, machine: Machine) -> None:
    (machine.state / "late").touch()

    told = machine.run(user_data(hosted, machine))

    assert len([line for line in told if line.startswith("docker pull")]) == 3
    assert len(list(machine.state.glob("image-*"))) == 2


def test_no_token_of_the_registry_is_kept(hosted: System, machine: Machine) -> None:
    machine.run(user_data(hosted, machine))

    config = machine.root / "etc" / "fracturelens" / "docker" / "config.json"
    assert re.fullmatch(r'\{"credHelpers": \{"1{12}\.dkr\.ecr\.[\w.-]+": "ecr-login"\}\}\n', config.read_text())
    assert "AWS_ECR_DISABLE_CACHE=true" in (FILES / "install.sh").read_text()


def test_what_it_starts_with_fits_and_holds_no_secret(either_host: System) -> None:
    script = text(either_host.host.the("AWS::EC2::Instance")["UserData"]["Fn::Base64"])

    assert len(script.encode()) < MOST_USER_DATA
    assert not re.search(r"(?i)aws_secret|aws_access_key|password", script)
    for path in FILES.iterdir():
        assert path.read_text() in script, path.name


@pytest.mark.parametrize(
    ("status", "value", "restarted"), [("healthy", 1, False), ("unhealthy", 0, True), ("starting", 0, False)]
)
def test_a_service_that_hangs_is_told_and_started_anew(
    status: str, value: int, restarted: bool, machine: Machine
) -> None:
    shutil.copy(machine.bin / ".docker", machine.bin / "docker")
    (machine.state / "health").write_text(f"{status}\n")

    told = machine.run(
        (FILES / "health.sh").read_text(), SERVICE="fracturelens-dev", REGION="eu-central-1", NAMESPACE="N"
    )

    (metrics,) = (line for line in told if line.startswith("aws cloudwatch put-metric-data"))
    assert (
        f"MetricName=HostHealthy,Value={value},Unit=Count,Dimensions=[{{Name=service,Value=fracturelens-dev}}]"
        in metrics
    )
    assert re.search(r"MetricName=HostDiskUsed,Value=\d+,Unit=Percent", metrics)
    assert ("systemctl restart fracturelens.service" in told) is restarted


def test_a_service_that_hangs_is_started_anew_without_cloudwatch_too(machine: Machine) -> None:
    shutil.copy(machine.bin / ".docker", machine.bin / "docker")
    (machine.state / "health").write_text("unhealthy\n")
    (machine.state / "no-cloudwatch").touch()

    told = machine.run((FILES / "health.sh").read_text(), SERVICE="s", REGION="eu-central-1", NAMESPACE="N")

    assert "systemctl restart fracturelens.service" in told


def options(unit: str) -> str:
    """Return the command that a unit starts, on one line."""
    content = re.sub(r"\\\n\s*", "", (FILES / unit).read_text())
    (command,) = re.findall(r"^ExecStart=(.*)$", content, re.MULTILINE)
    return str(command)


def test_the_service_is_held_to_its_limits(hosted: System) -> None:
    run = options("fracturelens.service")

    for limit in ("--read-only", "--cap-drop ALL", "--security-opt no-new-privileges", "--user 10001:10001"):
        assert limit in run
    assert re.search(r"--memory (\S+) --memory-swap \1 ", run), "no swap"
    assert re.search(r"--pids-limit \d+", run)
    assert "--privileged" not in run
    assert "--volume" not in run
    assert "--network" not in run


def test_the_service_is_there_for_the_machine_itself_alone(hosted: System) -> None:
    script = text(hosted.host.the("AWS::EC2::Instance")["UserData"]["Fn::Base64"])

    assert "--publish ${PUBLISH}:8000 " in options("fracturelens.service")
    assert "\nPUBLISH=127.0.0.1:8000\n" in script
    assert "\nFRACTURELENS_HOSTS=localhost,127.0.0.1\n" in script


def test_the_service_logs_to_its_own_group_and_makes_none(hosted: System) -> None:
    run = options("fracturelens.service")

    assert "--log-driver awslogs --log-opt awslogs-region=${REGION} --log-opt awslogs-group=${SERVICE_LOG}" in run
    assert "awslogs-create-group=false" in run


def test_a_service_that_ends_is_started_again_and_one_that_is_stopped_finishes(hosted: System) -> None:
    unit = (FILES / "fracturelens.service").read_text()

    assert "\nRestart=always\n" in unit
    assert "\nStartLimitIntervalSec=0\n" in unit, "it is never given up"
    (patience,) = map(int, re.findall(r"docker stop --time (\d+)", unit))
    (limit,) = map(int, re.findall(r"TimeoutStopSec=(\d+)", unit))
    assert 30 < patience < limit


def test_every_value_that_a_unit_asks_for_is_given(either_host: System) -> None:
    script = text(either_host.host.the("AWS::EC2::Instance")["UserData"]["Fn::Base64"])
    given = set(re.findall(r"^([A-Z_]+)=", script, re.MULTILINE))

    for unit in FILES.glob("*.service"):
        assert set(re.findall(r"\$\{([A-Z_]+)\}", unit.read_text())) <= given, unit.name


@pytest.mark.slow
def test_each_image_is_built_of_what_its_own_list_allows(tmp_path: Path, need_program: Callable[..., Path]) -> None:
    need_program("node")
    from infra.review import composed

    app, _ = composed({"host": "true"}, str(tmp_path))
    app.synth()

    images = json.loads((tmp_path / "Fracturelens-dev-host.assets.json").read_text())["dockerImages"].values()
    parts = {}
    for image in images:
        context = tmp_path / image["source"]["directory"]
        files = [path.relative_to(context) for path in context.rglob("*") if path.is_file()]
        parts[image["source"]["dockerFile"]] = {path.parts[0] for path in files}
        own = Path(f"{image['source']['dockerFile']}.dockerignore")
        assert {Path(image["source"]["dockerFile"]), own} <= set(files), "the builder looks for its list beside it"
    always = {".dockerignore", "LICENSE", "NOTICE", "container", "fracturelens", "requirements"}
    assert parts == {"container/Dockerfile": {*always, "web"}, "container/training.Dockerfile": {*always, "training"}}


def test_shellcheck_has_nothing_to_say() -> None:
    scripts = sorted(map(str, FILES.glob("*.sh")))
    assert scripts

    done = subprocess.run(
        [str(Path(sys.executable).parent / "shellcheck"), *scripts],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout + done.stderr == ""
    assert done.returncode == 0
