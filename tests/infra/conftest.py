"""Deployments that several tests look at, each synthesised once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.infra.templates import System, system

Synthesise = Callable[..., System]


@pytest.fixture(scope="session")
def synthesise(tmp_path_factory: pytest.TempPathFactory, need_program: Callable[..., Path]) -> Synthesise:
    """Return a function that synthesises a deployment: ``synthesise(stage="prod")``."""
    need_program("node")
    return lambda **values: system(tmp_path_factory.mktemp("cdk.out"), **values)


@pytest.fixture(scope="session")
def trial(synthesise: Synthesise) -> System:
    """Return a deployment as it comes: the stage dev, in Frankfurt."""
    return synthesise()


@pytest.fixture(scope="session")
def production(synthesise: Synthesise) -> System:
    """Return a deployment with everything set, where CloudFront's own region is."""
    return synthesise(
        stage="prod",
        region="us-east-1",
        architecture="arm64",
        memory_mb="3008",
        reserved_concurrency="20",
        requests_per_second="50",
        burst="100",
        requests_per_ip="5000",
        retention_days="7",
        log_retention_days="90",
        mfa="required",
        domain="films.example.org",
        certificate_arn="arn:aws:acm:us-east-1:111122223333:certificate/01234567-89ab-cdef-0123-456789abcdef",
        hosted_zone="Z0123456789ABCDEFGHIJ",
        alarm_email="oncall@example.org",
        usual_mean="0.15,0.45",
        promoted_model="true",
    )


@pytest.fixture(scope="session", params=["trial", "production"])
def either(request: pytest.FixtureRequest) -> System:
    """Return both deployments, one after the other: what holds, holds in each."""
    found: System = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def hosted(synthesise: Synthesise) -> System:
    """Return a deployment with a Docker host as it comes."""
    return synthesise(host="true")


@pytest.fixture(scope="session")
def hosted_with_gpu(synthesise: Synthesise) -> System:
    """Return a deployment that is kept, with a host that trains on a GPU and reaches AWS through a NAT gateway."""
    return synthesise(
        stage="prod", host="true", host_gpu="true", host_nat="true", host_volume_gb="200", alarm_email="a@example.org"
    )


@pytest.fixture(scope="session", params=["hosted", "hosted_with_gpu"])
def either_host(request: pytest.FixtureRequest) -> System:
    """Return both, one after the other."""
    found: System = request.getfixturevalue(request.param)
    return found
