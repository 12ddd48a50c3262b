"""The service's image reads films where a host would run it, says how it is, and keeps to /data and /tmp."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests import films
from tests.container.service import Service
from tests.image import containers
from tests.image.conftest import Image, free_port

pytestmark = [pytest.mark.containers, pytest.mark.slow]

FILES = ("find", "/tmp", "/dev/shm", "-type", "f")  # noqa: S108
WRITABLE = ("find", "/", "-regex", "/proc\\|/sys\\|/dev", "-prune", "-o", "-type", "d", "-writable", "-print")


@pytest.mark.parametrize("name", ["displaced-elbow", "hairline-wrist", "normal-elbow"])
def test_a_real_film_is_read_as_by_the_command_line(service: Service, root: Path, name: str) -> None:
    film = root / "web" / "samples" / f"{name}.jpg"
    command = [sys.executable, "-m", "fracturelens", "assess", "--json", str(film)]
    printed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout

    with service.client() as client:
        answer = client.post("/v1/assessments", content=film.read_bytes(), headers={"Content-Type": "image/jpeg"})

    assert answer.status_code == 200, answer.text
    found, expected = answer.json(), json.loads(printed)
    assert found["outcome"] == expected["outcome"]
    assert found["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-6)


def test_the_page_is_served_with_its_samples(service: Service) -> None:
    with service.client() as client:
        page, sample = client.get("/"), client.get("/samples/normal-elbow.jpg")

    assert "not for diagnosis" in page.text
    assert (sample.status_code, sample.headers["content-type"]) == (200, "image/jpeg")


def test_its_health_check_passes(service: Service) -> None:
    containers.podman("healthcheck", "run", service.container)


def test_its_health_check_fails_where_nothing_answers(service: Service) -> None:
    nobody = f"FRACTURELENS_PORT={free_port()}"

    asked = containers.execute(service.container, "env", nobody, "python3", "container/healthcheck.py")

    assert (asked.returncode, asked.stderr) == (1, "no answer: ConnectionRefusedError\n")


def test_its_health_check_asks_under_a_name_that_is_answered_for(service: Service) -> None:
    others_name = "FRACTURELENS_HOSTS=elbow.example"

    asked = containers.execute(service.container, "env", others_name, "python3", "container/healthcheck.py")

    assert (asked.returncode, asked.stderr) == (1, "answered 421\n")


def test_its_user_is_not_root_and_can_write_nowhere_but_in_data_and_tmp(service: Service) -> None:
    user = containers.execute(service.container, "id", "-u").stdout.strip()
    writable = containers.execute(service.container, *WRITABLE).stdout.split()

    assert user not in ("", "0")
    assert set(writable) == {"/tmp", "/data", "/data/readings", "/data/uploads"}  # noqa: S108


def test_a_reading_is_kept_in_data_and_leaves_nothing_elsewhere(service: Service, film: bytes) -> None:
    before, left_before = service.readings(), containers.execute(service.container, *FILES).stdout

    with service.client() as client:
        reading = client.post("/v1/assessments", files={"file": film}).json()

    assert service.readings() - before == {reading["id"]}
    assert containers.execute(service.container, *FILES).stdout == left_before


def test_several_of_the_largest_films_at_once_fit_into_its_memory(service: Service) -> None:
    largest = films.encoded(np.zeros((6000, 6000), np.float32), mode="RGBA")
    png = {"Content-Type": "image/png"}
    with service.client() as client, ThreadPoolExecutor(4) as pool:
        readings = list(pool.map(lambda _: client.post("/v1/assessments", content=largest, headers=png), range(4)))
        reading = f"/v1/assessments/{readings[0].json()['id']}"
        drawn = list(pool.map(lambda name: client.get(f"{reading}/{name}.png"), ("film", "overlay")))

    assert [answer.status_code for answer in readings + drawn] == [200] * 6


def test_its_log_is_json_and_holds_no_file_name(service: Service, film: bytes) -> None:
    with service.client() as client:
        client.post("/v1/assessments", files={"file": ("doe-jane.png", film)}).raise_for_status()
        client.post("/v1/assessments", files={"file": ("doe-jane.png", b"no film")})
        client.get("/v1/doe-jane")

    lines = service.log_lines()
    told = [json.loads(line) for line in lines]
    assert {line["status"] for line in told if line["event"] == "request"} >= {200, 415, 404}
    assert "doe" not in containers.logs(service.container)


def test_it_says_what_it_is_and_what_it_is_not_for(service_image: Image) -> None:
    labels = containers.inspect(service_image.name)["Labels"]

    described = {name.removeprefix("org.opencontainers.image."): value for name, value in labels.items()}
    assert described["title"] == "Fracturelens"
    assert described["licenses"] == "Apache-2.0"
    assert described["description"].endswith("Research use only, not for diagnosis.")


def test_it_tells_docker_how_to_run_ask_and_stop_it(service_image: Image) -> None:
    config = containers.inspect(service_image.name)["Config"]

    # A number, so that whoever runs it can tell that it is not root's without looking inside.
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", config["User"])
    assert config["ExposedPorts"].keys() == {"8000/tcp"}
    assert config["StopSignal"] == "SIGTERM"
    assert not config.get("Volumes"), "a volume that nobody named outlives its container"


def test_nothing_of_training_testing_or_lambda_is_in_it(service_image: Image) -> None:
    with containers.mounted(service_image.name) as content:
        there = {path.name for path in (content / "app").iterdir()}

    assert {"fracturelens", "web", "uvicorn", "botocore"} <= there
    assert not there & {
        *("tensorflow", "keras", "sklearn", "matplotlib", "scipy", "training", "runs"),
        *("pytest", "moto", "hypothesis", "tests", "benchmarks", "infra", ".git", ".venv"),
        *("awslambdaric", "aws_lambda_powertools", "mangum", "lambda_fn", "bin"),
    }


def test_every_module_is_compiled_and_never_compared_with_its_source(service_image: Image) -> None:
    with containers.mounted(service_image.name) as content:
        sources = [path for path in (content / "app").rglob("*.py") if "-" not in path.parent.name]
        compiled = [next((path.parent / "__pycache__").glob(f"{path.stem}.cpython-*.pyc"), None) for path in sources]
        # PEP 552: bit 0 says that the file is told from its source by a hash, bit 1 that this is checked.
        flags = {found.read_bytes()[4] for found in compiled if found}

    assert compiled
    assert None not in compiled
    assert flags == {0b01}
