"""The model made ready for a command: opened, warmed up, and its runtime's greeting kept off standard error."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image

from fracturelens.assess import Assessor, open_assessor
from fracturelens.assessment import HeatmapChoice
from fracturelens.settings import Settings

_GREETING = b"INFO: "


def opened(settings: Settings) -> Assessor:
    """Open the assessor that the settings name.

    Raises
    ------
    BundleError, BundleNotFound, BundleDamaged, BundleTooNew, RegistryUnavailable, UnknownVersion
    """
    return open_assessor(settings.model, threads=settings.threads, instances=settings.readers)


def ready_assessor(settings: Settings, open_as: Callable[[Settings], Assessor] = opened) -> Assessor:
    """Open an assessor, and read a synthetic film with it; raises what opening it does."""
    with _without_greeting():
        assessor = open_as(settings)
        assessor.read(synthetic_film(64), heatmaps=HeatmapChoice.NONE)
    return assessor


def synthetic_film(side: int) -> bytes:
    """Draw a bright shaft on a dark ground, as a square PNG; ``side`` in pixels."""
    across = np.abs(np.linspace(-1, 1, side))
    shaft = np.clip(1.2 - 3 * across, 0.05, 1) * (0.8 + 0.2 * np.sin(np.linspace(0, 60, side)))[:, None]
    out = io.BytesIO()
    Image.fromarray(np.rint(255 * shaft).astype(np.uint8)).save(out, format="PNG")
    return out.getvalue()


@contextmanager
def _without_greeting() -> Iterator[None]:
    """Leave out the line that LiteRT's native code writes on its first run; whatever else it says is passed on.

    It has no switch for it, and a server's standard error is JSON lines, a batch's is empty unless something is wrong.
    """
    try:
        kept = os.dup(2)
    except OSError:  # closed (``2>&-``): nothing can be written there
        yield
        return
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            said.seek(0)
            os.write(2, b"".join(line for line in said if not line.startswith(_GREETING)))
