"""Strangers drawn from formulas and fonts: text, line drawings, charts, noise, gradients."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter, rotate

from fracturelens.radiograph import Grey, Radiograph
from training.gate.strangers.stranger import Half, Stranger

SOURCE = "drawn"
EACH = 25
"""Drawings of each maker."""
SIZE = (454, 373)
"""Height and width, pixels: those of most FracAtlas films, so that the format gives nothing away."""

_PHRASES = (
    "the of and patient was seen on examination with no evidence joint space preserved report history referred for "
    "left right lateral view follow up in weeks pain after fall swelling normal alignment dear colleague regards"
)
_FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"

Random = np.random.Generator
Values = npt.NDArray[np.float64]


def drawings() -> Iterator[Stranger]:
    """Yield every drawing; the same ones each time."""
    for number, (kind, half, make) in enumerate(_MAKERS):
        for index in range(EACH):
            pixels = make(np.random.default_rng([number, index]))
            original = f"{make.__name__.strip('_')}-{index}"
            yield Stranger(kind, SOURCE, original, half, _film(pixels))


def _film(pixels: Any) -> Radiograph:
    grey: Grey = np.clip(pixels, 0, 1).astype(np.float32)
    height, width = grey.shape
    return Radiograph(grey, width, height, "png")


def _single_column(random: Random) -> Values:
    """Type text in one column, dark on paper grey."""
    return _text(random, ["DejaVuSans.ttf", "DejaVuSansMono.ttf"], columns=1)


def _journal_page(random: Random) -> Values:
    """Set two columns in a serif face, scanned a little askew."""
    page = _text(random, ["STIXGeneral.ttf", "cmr10.ttf"], columns=2)
    turned: Values = rotate(page, random.uniform(-4, 4), reshape=False, order=1, mode="nearest")
    return turned


def _text(random: Random, faces: list[str], columns: int) -> Values:
    height, width = SIZE
    paper, ink = random.uniform(0.75, 1.0), random.uniform(0.0, 0.3)
    page = Image.new("L", (width, height), round(paper * 255))
    pen = ImageDraw.Draw(page)
    size = int(random.integers(8, 18))
    font = ImageFont.truetype(_FONTS / str(random.choice(faces)), size)
    words = _PHRASES.split()
    column = (width - 20 * (columns + 1)) // columns
    for left in (20 + number * (column + 20) for number in range(columns)):
        y = 20.0
        while y < height - 30:
            line = ""
            while font.getlength(line) < column * 0.9:
                line += str(random.choice(words)) + " "
            pen.text((left, y), line[: max(1, int(len(line) * column / font.getlength(line)))], round(ink * 255), font)
            y += size * (1.3 if random.random() > 0.1 else 2.6)
    grain = random.normal(0, 0.02, SIZE)
    return np.asarray(gaussian_filter(np.asarray(page) / 255.0, random.uniform(0, 0.8)) + grain)


def _line_drawing(random: Random) -> Values:
    """Draw circles, boxes, polygons and lines, dark on light or light on dark."""
    height, width = SIZE
    page = Image.new("L", (width, height), 0)
    pen = ImageDraw.Draw(page)
    for _ in range(int(random.integers(5, 40))):
        points = [
            (float(x), float(y)) for x, y in random.uniform(0, 1, (int(random.integers(2, 6)), 2)) * (width, height)
        ]
        shade, thickness = int(random.integers(90, 255)), int(random.integers(1, 6))
        (left, right), (top, bottom) = (sorted(point[axis] for point in points[:2]) for axis in (0, 1))
        match int(random.integers(4)):
            case 0:
                pen.ellipse((left, top, right, bottom), outline=shade, width=thickness)
            case 1:
                pen.rectangle((left, top, right, bottom), outline=shade, width=thickness)
            case 2:
                pen.polygon(points, outline=shade, width=thickness)
            case _:
                pen.line(points, fill=shade, width=thickness, joint="curve")
    values = np.asarray(page) / 255.0
    return np.asarray(1 - values if random.random() < 0.5 else values)


def _chart(random: Random) -> Values:
    """Plot as a report or a slide would hold it."""
    import matplotlib.figure

    figure = matplotlib.figure.Figure(figsize=(3.73, 4.54), dpi=100, facecolor=str(random.uniform(0.6, 1)))
    axes = figure.subplots()
    count = int(random.integers(5, 60))
    values = random.normal(size=(count, 3)).cumsum(axis=0)
    match int(random.integers(4)):
        case 0:
            axes.plot(values, color=str(random.uniform(0, 0.5)))
        case 1:
            axes.bar(np.arange(count), np.abs(values[:, 0]), color=str(random.uniform(0.2, 0.7)))
        case 2:
            axes.scatter(values[:, 0], values[:, 1], c=values[:, 2], cmap="gray")
        case _:
            axes.imshow(values @ values.T, cmap="gray")
    axes.set(title="Results", xlabel="time", ylabel="value")
    out = io.BytesIO()
    figure.savefig(out, format="png")
    with Image.open(out) as image:
        return np.asarray(image.convert("L")) / 255.0


def _white_noise(random: Random) -> Values:
    """Draw every pixel by itself, even or bell-shaped."""
    if random.random() < 0.5:
        return random.uniform(0, 1, SIZE)
    return random.normal(random.uniform(0.3, 0.7), random.uniform(0.1, 0.3), SIZE)


def _blurred_noise(random: Random) -> Values:
    """Draw clouds of one size."""
    return _stretched(gaussian_filter(random.normal(size=SIZE), random.uniform(1, 12)))


def _scale_free_noise(random: Random) -> Values:
    """Draw noise whose power falls with frequency, as in pictures of nature."""
    height, width = SIZE
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None, :])
    frequency[0, 0] = 1
    spectrum = np.fft.fft2(random.normal(size=SIZE)) / frequency ** random.uniform(0.6, 2.0)
    return _stretched(np.fft.ifft2(spectrum).real)


def _speckle(random: Random) -> Values:
    """Multiply clouds with noise, as in ultrasound."""
    clouds = _stretched(gaussian_filter(random.normal(size=SIZE), random.uniform(15, 50)))
    return np.asarray(clouds * gaussian_filter(random.exponential(1, SIZE), random.uniform(0, 1.5)) * 0.7)


def _linear_gradient(random: Random) -> Values:
    """Ramp up in any direction."""
    y, x = np.mgrid[0 : 1 : SIZE[0] * 1j, 0 : 1 : SIZE[1] * 1j]
    angle = random.uniform(0, 2 * np.pi)
    return _stretched(x * np.cos(angle) + y * np.sin(angle)) * random.uniform(0.4, 1) + random.normal(0, 0.01, SIZE)


def _radial_gradient(random: Random) -> Values:
    """Glow, as of a lamp or a dark corner."""
    y, x = np.mgrid[0 : 1 : SIZE[0] * 1j, 0 : 1 : SIZE[1] * 1j]
    centre, width = random.uniform(0.2, 0.8, 2), random.uniform(0.15, 0.6)
    glow = np.exp(-(((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / width**2))
    return np.asarray((glow if random.random() < 0.7 else 1 - glow) + random.normal(0, 0.01, SIZE))


def _blank(random: Random) -> Values:
    """Leave the film unexposed, or fully exposed: one grey with grain."""
    return np.asarray(random.uniform(0, 1) + random.normal(0, random.uniform(0.001, 0.03), SIZE))


def _stretched(values: Values) -> Values:
    low, high = np.percentile(values, (0.5, 99.5))
    return np.asarray(((values - low) / (high - low)).clip(0, 1))


_MAKERS: tuple[tuple[str, Half, Callable[[Random], Values]], ...] = (
    ("text pages", Half.CHOOSING, _single_column),
    ("text pages", Half.REPORTING, _journal_page),
    ("drawings", Half.CHOOSING, _line_drawing),
    ("charts", Half.REPORTING, _chart),
    ("noise", Half.CHOOSING, _white_noise),
    ("noise", Half.CHOOSING, _blurred_noise),
    ("noise", Half.REPORTING, _scale_free_noise),
    ("noise", Half.REPORTING, _speckle),
    ("blank and gradients", Half.CHOOSING, _linear_gradient),
    ("blank and gradients", Half.REPORTING, _radial_gradient),
    ("blank and gradients", Half.REPORTING, _blank),
)
