"""The usual way to an explained prediction, saved and served: Keras ``predict``, then Grad-CAM by ``tf.GradientTape``.

``--compiled`` does the same in one ``tf.function``, which is about the best that TensorFlow can do.

``python -m benchmarks.usual save FILE`` writes the shipped network as Keras saves it, ``... serve FILE`` serves it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import keras
import tensorflow as tf
import typer
import uvicorn

from benchmarks.gradient_tape import KerasAssessor, KerasClassifier
from fracturelens.api import create_app
from fracturelens.bundle import Bundle, open_bundle
from fracturelens.settings import load
from training import network
from training.recipe import Recipe

WEIGHTS = Path(__file__).parent.parent / "training" / "weights" / "elbow.weights.h5"

app = typer.Typer(help=__doc__, rich_markup_mode=None, no_args_is_help=True, pretty_exceptions_enable=False)


def shipped_model(bundle: Bundle) -> keras.Model:
    """Build the bundle's network with the weights that it was exported from."""
    model = network.build(Recipe.of(bundle.manifest.training.get("recipe", {})))
    model.load_weights(WEIGHTS)
    return model


@app.command()
def save(file: Path) -> None:
    """Write the shipped network to FILE (.keras)."""
    shipped_model(open_bundle()).save(file)


@app.command()
def serve(
    file: Path,
    *,
    compiled: Annotated[bool, typer.Option(help="Explain in one compiled function.")] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="TensorFlow's threads.  [default: its own choice]")] = None,
) -> None:
    """Serve the network in FILE; settings come from FRACTURELENS_* variables."""
    if threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    settings, bundle = load(), open_bundle()
    classifier = KerasClassifier(bundle, keras.models.load_model(file, compile=False), compiled=compiled)
    served = create_app(settings, assessor=KerasAssessor(bundle, classifier))
    uvicorn.run(served, host=settings.host, port=settings.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    app()
