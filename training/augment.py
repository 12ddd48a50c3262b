"""One film changed as another exposure, position or patient might have changed it, outlines along with it."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from fracturelens.radiograph import Grey
from training.recipe import Stage

Outlines = list[list[tuple[float, float]]]
Mask = npt.NDArray[np.bool_]

MAX_ROTATION = 20.0
STRETCH = 0.08
MAX_SHIFT = 0.08
GAMMA = 0.3
CONTRAST = 0.2
NOISE = 0.03
COVERS = 2


def mask(outlines: Outlines, side: int) -> Image.Image:
    """Draw outlines (pixels of a square of ``side``) as a filled one-byte mask."""
    image = Image.new("L", (side, side))
    draw = ImageDraw.Draw(image)
    for ring in outlines:
        draw.polygon(ring, fill=255, outline=255)
    return image


def augment(
    film: npt.NDArray[np.uint8], outlines: Outlines, stage: Stage, random: np.random.Generator
) -> tuple[Grey, Mask]:
    """Return a random variant of the stage's input size.

    Parameters
    ----------
    film : uint8 array, shape (side, side)
        Packed film, ``side`` at least the input size.
    outlines
        Fractures in pixels of the packed film.
    stage : Stage
        How large the result is, and how far it may be zoomed and turned.

    Returns
    -------
    float32 array, shape (size, size), range [0, 1]
    bool array, shape (size, size)
        Where the fractures lie now.
    """
    size = stage.input_size
    matrix = _affine(film.shape[0], stage, random)
    shape = (size, size)
    moved = Image.fromarray(film).transform(shape, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    if outlines:
        drawn = mask(outlines, film.shape[0]).transform(shape, Image.Transform.AFFINE, matrix)
        where = np.asarray(drawn) > 0
    else:
        where = np.zeros(shape, dtype=bool)
    grey = np.asarray(moved, dtype=np.float32) / np.float32(255)
    return _cover(_expose(grey, random), where, random), where


def _affine(side: int, stage: Stage, random: np.random.Generator) -> tuple[float, float, float, float, float, float]:
    """Return the six numbers that take a point of the result to one of the packed film."""
    angle = math.radians(random.uniform(-MAX_ROTATION, MAX_ROTATION))
    if stage.quarter_turns and random.random() < 0.5:
        angle += math.pi / 2 * int(random.integers(4))
    least, greatest = stage.zoom
    scale = side / stage.input_size / math.exp(random.uniform(math.log(least), math.log(greatest)))
    wide = scale * math.exp(random.uniform(-STRETCH, STRETCH))
    high = scale * math.exp(random.uniform(-STRETCH, STRETCH))
    if random.random() < 0.5:
        wide = -wide
    a, b = wide * math.cos(angle), -high * math.sin(angle)
    d, e = wide * math.sin(angle), high * math.cos(angle)
    centre = stage.input_size / 2
    x = side / 2 + side * random.uniform(-MAX_SHIFT, MAX_SHIFT)
    y = side / 2 + side * random.uniform(-MAX_SHIFT, MAX_SHIFT)
    return a, b, x - a * centre - b * centre, d, e, y - d * centre - e * centre


def _expose(grey: Grey, random: np.random.Generator) -> Grey:
    """Change gamma, contrast about the mean, and noise."""
    grey = grey ** np.float32(math.exp(random.normal(0, GAMMA)))
    middle = grey.mean()
    grey = middle + (grey - middle) * np.float32(1 + random.uniform(-CONTRAST, CONTRAST))
    noise = random.uniform(0, NOISE) * random.standard_normal(grey.shape, dtype=np.float32)
    return np.clip(grey + noise.astype(np.float32), 0, 1)


def _cover(grey: Grey, where: Mask, random: np.random.Generator) -> Grey:
    """Cover a few patches, never a fracture: letters and markers must not become evidence."""
    size = grey.shape[0]
    for _ in range(random.integers(0, COVERS + 1)):
        height, width = random.integers(size // 20, size // 6, size=2)
        top, left = random.integers(0, size - height), random.integers(0, size - width)
        patch = np.s_[top : top + height, left : left + width]
        if not where[patch].any():
            grey[patch] = random.choice([0.0, random.random(), 1.0])
    return grey
