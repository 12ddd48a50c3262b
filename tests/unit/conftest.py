"""Fixtures of the unit tests."""

from __future__ import annotations

import pytest

from fracturelens.assess import Assessor
from tests import graphs


@pytest.fixture(scope="session")
def assessor() -> Assessor:
    """Return an assessor whose network measures brightness (see ``tests.graphs``)."""
    return Assessor(graphs.brightness_bundle(), instances=2)
