"""How the function initialises: quickly, because nothing that it makes then is garbage, and most is not needed yet."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import BaseModel


@contextmanager
def swiftly() -> Iterator[None]:
    """Import without looking for garbage, now or ever after, and build each model's validator when it is first used.

    Importing makes some hundred thousand objects, hardly any of them garbage, and FastAPI alone brings dozens of models
    that describe its documents, which nobody asks a function for. Each saves a tenth or more of the processor time from
    start to first reading (together about 160 of 650 ms on the machine where it was tried).
    """
    gc.disable()
    BaseModel.model_config["defer_build"] = True
    try:
        yield
    finally:
        del BaseModel.model_config["defer_build"]
        gc.freeze()
        gc.enable()
