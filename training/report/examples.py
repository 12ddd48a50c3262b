"""Pictures of the example films: the outlined film beside its map, out of fold, as the product would show it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from fracturelens import DISCLAIMER
from fracturelens.bundle import CLASSES
from fracturelens.explanation import film_heat, grad_cam
from fracturelens.letterbox import fit
from fracturelens.overlay import CAPTION_HEIGHT, composite_png
from fracturelens.radiograph import Grey, Radiograph
from training.batches import cell_offset
from training.datasets import Dataset, Film
from training.packing import read_film
from training.readings import OutOfFold
from training.recipe import Recipe
from training.report.figures import digest
from training.report.gallery import CREDITS, picture

HEIGHT = 320
"""Height of each of a picture's two films, pixels."""
OPACITY = 0.7
"""Of the hottest spot; the page of the product starts with the same."""
OUTLINE = (64, 224, 255)
"""Cyan: a colour that the heat never takes."""
QUALITY = 80


def draw(dataset: Dataset, predicted: OutOfFold, results: dict[str, Any], folder: Path) -> None:
    """Write a JPEG for each example of ``results`` into ``folder``, and take away any that is left from before.

    Films are drawn only if their licence lets everybody show them: those of a set that ``CREDITS`` names.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.jpg"):
        old.unlink()
    if dataset.name not in CREDITS:
        return
    film_of = {film.id: film for film in dataset.films}
    maps_of = dict(zip(predicted.mapped, predicted.class_maps, strict=True))
    recipe = Recipe.of(results["recipe"])
    for example in results["examples"]:
        class_map = maps_of[example["film"]][..., CLASSES.index(example["shown"])].astype(np.float32)
        pair = side_by_side(film_of[example["film"]], class_map, recipe)
        caption(pair, DISCLAIMER, f"Film {example['film']}: {CREDITS[dataset.name][0]}").save(
            folder / picture(example), quality=QUALITY, optimize=True, comment=digest(example)
        )


def side_by_side(film: Film, class_map: npt.NDArray[np.float32], recipe: Recipe) -> Image.Image:
    """Draw a film with its outlines beside the film with the Grad-CAM of one class, from its map (h, w)."""
    pixels = read_film(film)
    height, width = pixels.shape
    place, stride = fit(width, height, recipe.input_size), recipe.output_stride
    heat = film_heat(grad_cam(class_map), place, stride, cell_offset(stride), width, height)
    composite = composite_png(Radiograph(pixels, width, height, "jpeg"), heat, OPACITY)
    with Image.open(io.BytesIO(composite)) as picture_of_heat:
        heated = picture_of_heat.convert("RGB").crop((0, 0, width, picture_of_heat.height - CAPTION_HEIGHT))
    size = (max(1, round(width * HEIGHT / height)), HEIGHT)
    pair = Image.new("RGB", (2 * size[0] + 4, HEIGHT), "white")
    pair.paste(_outlined(film, pixels, size), (0, 0))
    pair.paste(heated.resize(size, Image.Resampling.LANCZOS), (size[0] + 4, 0))
    return pair


def caption(picture_above: Image.Image, *lines: str) -> Image.Image:
    """Add lines of text below a picture: what is said there goes where the picture goes."""
    size = 12.0
    widest = picture_above.width - 8
    ruler = ImageDraw.Draw(picture_above)
    while size > 6 and max(ruler.textlength(line, ImageFont.load_default(size)) for line in lines) > widest:
        size -= 0.5
    page = Image.new("RGB", (picture_above.width, picture_above.height + 16 * len(lines) + 4))
    page.paste(picture_above)
    canvas = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        middle = (page.width / 2, picture_above.height + 10 + 16 * number)
        canvas.text(middle, line, fill=(210, 210, 210), anchor="mm", font=ImageFont.load_default(size))
    return page


def _outlined(film: Film, pixels: Grey, size: tuple[int, int]) -> Image.Image:
    grey = Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).resize(size, Image.Resampling.LANCZOS)
    outlined = grey.convert("RGB")
    canvas = ImageDraw.Draw(outlined)
    for ring in film.polygons or ():
        corners = [(float(x), float(y)) for x, y in ring * np.array(size)]
        canvas.line([*corners, corners[0]], fill=OUTLINE, width=2)
    return outlined
