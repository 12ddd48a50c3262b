"""The main job: a film's bytes in, an explained and calibrated assessment out. Every surface calls this."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, replace

import numpy as np

from fracturelens import errors, gate, overlay
from fracturelens.assessment import (
    Assessment,
    ClassName,
    HeatmapChoice,
    ImageInfo,
    ModelInfo,
    OperatingPoints,
    Probabilities,
    Timings,
)
from fracturelens.bundle import CLASSES, Bundle, Manifest
from fracturelens.classifier import Array, Classifier
from fracturelens.decision import calibrate, decide, fracture_probability, more_likely_fracture
from fracturelens.explanation import Map, film_heat, grad_cam
from fracturelens.letterbox import Letterbox, fit, letterbox, shrink
from fracturelens.model import open_model
from fracturelens.radiograph import Radiograph, decode

HEATMAP_SIDE = 512
"""Longest side of a heatmap, pixels; browsers and viewers scale it to the film."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An assessment, and the class maps, float32 (h, w, 3), from which its heatmaps can be drawn again."""

    assessment: Assessment
    class_maps: Array


class Assessor:
    """Reads films with one bundle; safe to call from many threads.

    Parameters
    ----------
    bundle
        The model.
    threads, instances
        Threads of each interpreter, and most interpreters at once (see ``Classifier``).

    Raises
    ------
    BundleDamaged
    """

    def __init__(self, bundle: Bundle, *, threads: int = 1, instances: int | None = None) -> None:
        self.bundle = bundle
        manifest = bundle.manifest
        self.model = ModelInfo(name=manifest.name, version=manifest.version, digest=manifest.graph.sha256)
        self._points = OperatingPoints(**manifest.operating_points.model_dump())
        self._classifier = Classifier(bundle, threads=threads, instances=instances)

    def assess(self, data: bytes, *, heatmaps: HeatmapChoice = HeatmapChoice.PREDICTED) -> Assessment:
        """Read a film; see ``read``."""
        return self.read(data, heatmaps=heatmaps).assessment

    def read(self, data: bytes, *, heatmaps: HeatmapChoice = HeatmapChoice.PREDICTED) -> Reading:
        """Read a film: PNG, JPEG, TIFF, WebP or DICOM bytes.

        Parameters
        ----------
        heatmaps
            ``predicted`` draws the more probable fracture class whatever the outcome, because where a fracture would
            be is what a reader wants to check; ``all`` draws all three classes.

        Raises
        ------
        FilmError
            The bytes cannot be read as a film; see ``decode``.
        BundleDamaged
            The graph fails.
        """
        manifest = self.bundle.manifest
        start = time.perf_counter()
        film = decode(data)
        canvas, place = letterbox(film.pixels, manifest.input_size)
        decoded = time.perf_counter()
        prediction = self._classifier.run(canvas)
        inferred = time.perf_counter()
        probabilities = calibrate(prediction.logits, manifest.calibration)
        refusals = gate.examine(film, manifest.gate, prediction.novelty)
        notes = film.notes if refusals else film.notes + gate.remarks(manifest.gate, prediction.several_views)
        decision = decide(probabilities, manifest.operating_points, refusals, notes)
        drawn: dict[ClassName, str] = {}
        for name in _to_draw(heatmaps, probabilities):
            width, height = _heatmap_size(film)
            heat = _heat(manifest, prediction.class_maps, name, place, width, height)
            drawn[name] = overlay.data_url(overlay.heatmap_png(heat))
        rendered = time.perf_counter()
        assessment = Assessment(
            id=uuid.uuid4().hex,
            outcome=decision.outcome,
            fracture_probability=fracture_probability(probabilities),
            probabilities=probabilities,
            severity=decision.severity,
            reasons=decision.reasons,
            image=ImageInfo(kind=film.kind, width=film.width, height=film.height),
            model=self.model,
            operating_points=self._points,
            timings_ms=Timings(
                decode=_milliseconds(start, decoded),
                infer=_milliseconds(decoded, inferred),
                render=_milliseconds(inferred, rendered),
                total=_milliseconds(start, rendered),
            ),
            heatmaps=drawn,
        )
        return Reading(assessment, prediction.class_maps)

    def overlay(
        self,
        data: bytes,
        class_maps: Array,
        class_name: ClassName,
        *,
        opacity: float = 0.5,
        longest_side: int | None = None,
        manifest: Manifest | None = None,
    ) -> bytes:
        """Draw a film with one class's Grad-CAM over it, as PNG.

        Parameters
        ----------
        data
            The film's bytes.
        class_maps
            Of its ``Reading``.
        opacity : float, range [0, 1]
        longest_side
            As ``film``; the caption is below.
        manifest
            Of the model that made the class maps, if that was another.

        Raises
        ------
        FilmError
            As ``read``.
        InvalidParameter
            There is no such class, or the opacity is out of range.
        """
        if class_name not in CLASSES:
            raise errors.InvalidParameter(f"There is no such class; the classes are {', '.join(CLASSES)}.")
        if not 0 <= opacity <= 1:
            raise errors.InvalidParameter(f"The opacity must lie between 0 and 1, not at {opacity:g}.")
        film = _drawn(data, longest_side)
        height, width = film.pixels.shape
        manifest = manifest or self.bundle.manifest
        place = fit(width, height, manifest.input_size)
        heat = _heat(manifest, class_maps, class_name, place, width, height)
        return overlay.composite_png(film, heat, opacity)

    def film(self, data: bytes, *, longest_side: int | None = None) -> bytes:
        """Draw a film as it was read, upright and grey, as PNG: for formats that browsers do not show.

        Parameters
        ----------
        longest_side : int, at least 1
            Most pixels of the longer side. Nothing is enlarged: a film is read, and drawn if this is left out, at 512
            to 1,023 pixels, or its own size if that is smaller.

        Raises
        ------
        FilmError
            As ``read``.
        """
        return overlay.film_png(_drawn(data, longest_side))

    def prove(self) -> None:
        """Run the network once, on nothing but grey.

        Raises
        ------
        BundleDamaged
            The graph fails.
        """
        size = self.bundle.manifest.input_size
        self._classifier.run(np.full((size, size), 0.5, dtype=np.float32))


def open_assessor(model: str | None = None, *, threads: int = 1, instances: int | None = None) -> Assessor:
    """Open the model that a name stands for (see ``open_model``) and make it ready to read films.

    Raises
    ------
    BundleError, BundleNotFound, BundleDamaged, BundleTooNew, RegistryUnavailable, UnknownVersion
    """
    return Assessor(open_model(model), threads=threads, instances=instances)


def _heat(manifest: Manifest, class_maps: Array, name: ClassName, place: Letterbox, width: int, height: int) -> Map:
    cam = grad_cam(class_maps[:, :, CLASSES.index(name)])
    return film_heat(cam, place, manifest.cell_stride, manifest.cell_offset, width, height)


def _drawn(data: bytes, longest_side: int | None) -> Radiograph:
    film = decode(data)
    return film if longest_side is None else replace(film, pixels=shrink(film.pixels, longest_side))


def _to_draw(choice: HeatmapChoice, probabilities: Probabilities) -> tuple[ClassName, ...]:
    if choice is HeatmapChoice.ALL:
        return CLASSES
    return () if choice is HeatmapChoice.NONE else (more_likely_fracture(probabilities),)


def _heatmap_size(film: Radiograph) -> tuple[int, int]:
    scale = min(1.0, HEATMAP_SIDE / max(film.width, film.height))
    return max(1, round(film.width * scale)), max(1, round(film.height * scale))


def _milliseconds(start: float, end: float) -> float:
    return round((end - start) * 1000, 3)
