"""The way that Fracturelens is measured against is a fair one: it reads every film alike, only slower."""

from __future__ import annotations

import base64
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from fracturelens.assess import Assessor
from fracturelens.assessment import Assessment
from fracturelens.bundle import Bundle, open_bundle

pytestmark = [pytest.mark.training, pytest.mark.slow]


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    return open_bundle()


@pytest.fixture(scope="module")
def saved(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the network as the benchmark saves and loads it."""
    file = tmp_path_factory.mktemp("keras") / "network.keras"
    subprocess.run([sys.executable, "-m", "benchmarks.usual", "save", file], cwd=root, check=True, capture_output=True)
    return file


def drawn(assessment: Assessment, name: str) -> npt.NDArray[np.int64]:
    png = base64.b64decode(assessment.heatmaps[name].partition(",")[2])  # type: ignore[index]
    return np.asarray(Image.open(io.BytesIO(png)), dtype=np.int64)


@pytest.mark.parametrize("compiled", [False, True], ids=["usual", "compiled"])
def test_both_ways_read_a_film_alike(shipped: Bundle, saved: Path, root: Path, compiled: bool) -> None:
    import keras

    from benchmarks.gradient_tape import KerasAssessor, KerasClassifier

    model = keras.models.load_model(saved, compile=False)
    keras_way = KerasAssessor(shipped, KerasClassifier(shipped, model, compiled=compiled))
    sent = [path.read_bytes() for path in sorted((root / "web" / "samples").glob("*.jpg"))]
    for data in sent:
        ours, theirs = Assessor(shipped).assess(data), keras_way.assess(data)

        assert ours.outcome is theirs.outcome
        assert theirs.probabilities.model_dump() == pytest.approx(ours.probabilities.model_dump(), abs=1e-4)
        assert theirs.heatmaps.keys() == ours.heatmaps.keys()
        for name in ours.heatmaps:
            assert np.abs(drawn(ours, name) - drawn(theirs, name)).max() <= 1
