"""The service's image, built once for all tests, and containers of it as ``container/compose.yaml`` would run them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.container.service import Service
from tests.image import containers
from tests.image.conftest import Image, base

__all__ = ["base"]  # the fixture, for the tests of this folder too

Start = Callable[..., Service]


@pytest.fixture(scope="session")
def service_image(base: str, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """Build the service's image from this checkout."""
    work = tmp_path_factory.mktemp("service")
    with containers.built("container/Dockerfile", base=base, context=root, work=work) as name:
        yield Image(name, base)


@pytest.fixture(scope="session")
def service(service_image: Image) -> Iterator[Service]:
    """Run the service; one container for all tests that leave it running."""
    with Service.started(service_image.name) as started:
        yield started


@pytest.fixture
def start(service_image: Image) -> Iterator[Start]:
    """Return a function that runs a service of the test's own, with some variables."""
    with ExitStack() as stack:
        yield lambda **environment: stack.enter_context(Service.started(service_image.name, **environment))
