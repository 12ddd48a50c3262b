"""The model bundle: a folder with the graph, its manifest and its model card, verified before use.

``manifest.json`` says what the graph expects and how its output is read; the graph is only used if its size and
SHA-256 are those that the manifest names. Unknown fields are ignored, so that an older program reads a bundle with
minor additions; a change of meaning raises ``schema_version``.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from fracturelens import errors

CLASSES: Final = ("normal", "hairline", "displaced")
"""The classes, in the order of every array that has a class axis."""
SCHEMA_VERSION = 1
"""The newest manifest that this version reads."""
MAX_GRAPH_BYTES = 256 * 1024 * 1024
"""Largest graph loaded; the shipped one has about 9 MB."""
MAX_MANIFEST_BYTES = 4 * 1024 * 1024

MANIFEST_FILE = "manifest.json"
GRAPH_FILE = "model.tflite"
MODEL_CARD_FILE = "MODEL_CARD.md"

Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Bias = Annotated[float, Field(ge=-50.0, le=50.0)]
Classes = tuple[Literal["normal"], Literal["hairline"], Literal["displaced"]]
Content = bytes  # GraphFile has a field named "bytes"


class Part(BaseModel):
    """Base of the manifest's parts: immutable, finite numbers, tolerant of additions."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Calibration(Part):
    """Logits to probabilities: ``softmax(logits / temperature + class_bias)``.

    Temperature scaling (Guo et al., 2017) with a bias per class, which undoes the class balance of the training
    batches (bias-corrected temperature scaling: Alexandari et al., 2020).
    """

    temperature: Annotated[float, Field(ge=1e-3, le=1e3)] = 1.0
    class_bias: tuple[Bias, Bias, Bias] = (0.0, 0.0, 0.0)


class OperatingPoints(Part):
    """Calibrated fracture probabilities from which on a fracture is called suspected, and likely."""

    suspected: Probability
    likely: Probability

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.suspected > self.likely:
            raise ValueError(f"suspected ({self.suspected}) must not exceed likely ({self.likely})")
        return self


class Gate(Part):
    """What a film must be like to be assessed at all; ``fracturelens.gate`` says what each figure measures.

    The defaults were set on the 3,129 FracAtlas films, of which they refuse none (lowest contrast 0.27, fewest greys
    0.19, longest 2.5 times its width, highest negative score 0.48), and on their negatives, of which they refuse
    98.4 % (3,079). FracAtlas has no colour: that limit lies between "slightly" and "moderately colourful" of
    Hasler and Süsstrunk (2003).

    Attributes
    ----------
    novelty_limit
        Greatest ``novelty`` (an output of the graph) of a film that is assessed; ``None``: novelty is not used.
    several_views_limit
        Least ``several_views`` (an output of the graph) at which a film is said to hold several films; ``None``: this
        is not looked at.
    fitted
        For people: how novelty is measured, and how well the gate was found to work.
    """

    min_contrast: Probability = 0.15
    min_grey_share: Probability = 0.08
    max_colourfulness: Annotated[float, Field(ge=0.0)] = 0.1
    max_aspect: Annotated[float, Field(ge=1.0)] = 4.0
    max_negative_score: Probability = 0.5
    novelty_limit: Annotated[float, Field(ge=0.0)] | None = None
    several_views_limit: Probability | None = None
    fitted: dict[str, Any] = {}


class GraphFile(Part):
    """The graph's file name inside the bundle, and what its bytes must be."""

    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] = GRAPH_FILE
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=1, le=MAX_GRAPH_BYTES)]

    @classmethod
    def of(cls, graph: Content) -> Self:
        """Describe a graph."""
        return cls(sha256=hashlib.sha256(graph).hexdigest(), bytes=len(graph))


class Manifest(Part):
    """What a bundle says about itself.

    Attributes
    ----------
    input_size
        Side of the square input, pixels.
    pixel_convention
        ``grey_0_1``: one channel, 0 black to 1 white.
    cell_stride, cell_offset
        Cell ``i`` of a class map looks at the input around pixel index ``cell_stride * i + cell_offset``.
    training, metrics
        For people and for the model card: where the model comes from (data digest, recipe, code version), and how
        good it was found to be.
    """

    schema_version: Annotated[int, Field(ge=1)] = SCHEMA_VERSION
    name: Annotated[str, Field(min_length=1, max_length=100)]
    version: Annotated[str, Field(min_length=1, max_length=100)]
    classes: Classes = CLASSES
    input_size: Annotated[int, Field(ge=32, le=2048)]
    pixel_convention: Literal["grey_0_1"] = "grey_0_1"
    cell_stride: Annotated[int, Field(ge=1, le=256)]
    cell_offset: Annotated[float, Field(ge=0.0, le=256.0)]
    calibration: Calibration = Calibration()
    operating_points: OperatingPoints
    gate: Gate = Gate()
    training: dict[str, Any] = {}
    metrics: dict[str, Any] = {}
    graph: GraphFile


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle in memory; ``location`` is where it was read from."""

    manifest: Manifest
    graph: bytes = field(repr=False)
    location: str


def default_bundle_path() -> Path:
    """Return the folder of the bundle that ships inside the package."""
    return Path(__file__).parent / "bundles" / "elbow"


def open_bundle(name: str | None = None) -> Bundle:
    """Read the bundle at a place, or the shipped one for ``None``.

    Raises
    ------
    BundleError, BundleNotFound, BundleDamaged, BundleTooNew
    """
    if not name:
        return load(default_bundle_path())
    if "://" in name:
        raise errors.BundleError(
            "The model is named by an address; this version reads bundles from folders only. "
            "Copy the bundle to a folder and name that."
        )
    return load(Path(name).expanduser())


def load(folder: Path | str) -> Bundle:
    """Read a bundle folder and verify it.

    Raises
    ------
    BundleNotFound
        There is no manifest.
    BundleTooNew
        The manifest's ``schema_version`` is one that this version does not know.
    BundleDamaged
        The manifest is malformed (the message names the field), or the graph is missing or not what it says.
    """
    folder = Path(folder)
    manifest = parse(_read(folder / MANIFEST_FILE, MAX_MANIFEST_BYTES, missing=errors.BundleNotFound))
    graph = _read(folder / manifest.graph.file, MAX_GRAPH_BYTES, missing=errors.BundleDamaged)
    return verified(manifest, graph, str(folder))


def verified(manifest: Manifest, graph: bytes, location: str) -> Bundle:
    """Return a bundle, if the graph is the one that the manifest describes.

    Raises
    ------
    BundleDamaged
    """
    _verify(manifest, graph)
    return Bundle(manifest, graph, location)


def write(folder: Path | str, manifest: Manifest, graph: bytes, model_card: str) -> None:
    """Write a bundle folder; other files in it are left alone.

    Each file is replaced atomically and the manifest last: a reader meanwhile sees the old bundle, the new one,
    or one that it refuses by its digest.

    Raises
    ------
    BundleDamaged
        The manifest does not describe this graph (make it with ``GraphFile.of``).
    """
    _verify(manifest, graph)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / manifest.graph.file, graph)
    _replace(folder / MODEL_CARD_FILE, model_card.encode())
    _replace(folder / MANIFEST_FILE, (manifest.model_dump_json(indent=2) + "\n").encode())


def _read(path: Path, limit: int, *, missing: type[errors.BundleError]) -> bytes:
    try:
        size = path.stat().st_size
        if size > limit:
            raise errors.BundleDamaged(f"{path.name} has {size:,} bytes; at most {limit:,} are read.")
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise missing(f"There is no {path.name} in the model bundle {str(path.parent)!r}.") from error
    except OSError as error:
        raise errors.BundleDamaged(f"{path.name} of the model bundle cannot be read: {error.strerror}.") from error


def parse(text: bytes) -> Manifest:
    """Read a manifest.

    Raises
    ------
    BundleTooNew, BundleDamaged
    """
    try:
        content = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise errors.BundleDamaged(f"{MANIFEST_FILE} of the model bundle is not JSON.") from error
    if not isinstance(content, dict):
        raise errors.BundleDamaged(f"{MANIFEST_FILE} of the model bundle is not a JSON object.")
    version = content.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise errors.BundleTooNew(
            f"The model bundle has schema version {version}; this version of Fracturelens reads up to "
            f"{SCHEMA_VERSION}. Upgrade Fracturelens, or name an older bundle."
        )
    try:
        # Extra defaults are for writers; what is read must say which schema it follows.
        return Manifest.model_validate({"schema_version": None, **content})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise errors.BundleDamaged(f"{MANIFEST_FILE} of the model bundle: field {where!r}: {first['msg']}.") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _verify(manifest: Manifest, graph: bytes) -> None:
    found = hashlib.sha256(graph).hexdigest()
    if len(graph) != manifest.graph.bytes or found != manifest.graph.sha256:
        raise errors.BundleDamaged(
            f"{manifest.graph.file} of the model bundle is not the file that the manifest describes "
            f"({manifest.graph.bytes:,} bytes, SHA-256 {manifest.graph.sha256[:12]}…; "
            f"found {len(graph):,} bytes, {found[:12]}…). Copy the bundle again."
        )


def _replace(path: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as temporary:
        try:
            temporary.write(content)
            temporary.flush()
            os.fsync(temporary.fileno())
            Path(temporary.name).chmod(0o644)
            Path(temporary.name).replace(path)
        except BaseException:
            Path(temporary.name).unlink(missing_ok=True)
            raise
