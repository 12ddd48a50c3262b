"""Fixtures of the unit tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from fracturelens.assess import Assessor
from tests import graphs

if TYPE_CHECKING:
    from tests.buckets import Bucket


@pytest.fixture(scope="session")
def assessor() -> Assessor:
    """Return an assessor whose network measures brightness (see ``tests.graphs``)."""
    return Assessor(graphs.brightness_bundle(), instances=2)


@pytest.fixture(scope="session")
def _first_bucket() -> Iterator[Bucket]:
    from tests import buckets  # moto takes more than a second to import

    with buckets.moto() as first:
        yield first


@pytest.fixture
def bucket(_first_bucket: Bucket) -> Bucket:
    """Return a new bucket of moto's."""
    from tests import buckets

    return buckets.another(_first_bucket)
