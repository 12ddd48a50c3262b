"""Films as another machine, another radiographer or another archive might have made them.

FracAtlas has one look: two sizes, one make, always upright. A measure of novelty that is fitted to it alone takes any
other crop or grain for a stranger, so it is fitted to, and judged on, such alterations too.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy.ndimage import rotate

from fracturelens.radiograph import Grey

Random = np.random.Generator


def turned(film: Grey, random: Random) -> Grey:
    """Turn by a multiple of 90 degrees, or mirror."""
    quarter = np.rot90(film, int(random.integers(1, 4)))
    return np.ascontiguousarray(quarter[:, ::-1] if random.random() < 0.5 else quarter)


def tilted(film: Grey, random: Random) -> Grey:
    """Turn by up to 20 degrees; the corners become black."""
    return np.asarray(rotate(film, random.uniform(-20, 20), reshape=bool(random.random() < 0.5), order=1), np.float32)


def cropped(film: Grey, random: Random) -> Grey:
    """Keep 55 to 95 % of each side: another collimation, another aspect."""
    height, width = film.shape
    rows, columns = (int(side * random.uniform(0.55, 0.95)) for side in (height, width))
    top, left = int(random.integers(0, height - rows + 1)), int(random.integers(0, width - columns + 1))
    return film[top : top + rows, left : left + columns].copy()


def surrounded(film: Grey, random: Random) -> Grey:
    """Add a margin of up to a quarter of each side, black, grey or white."""
    rows, columns = (int(side * random.uniform(0.02, 0.25)) for side in film.shape)
    shade = random.choice([0.0, 0.0, random.uniform(0, 0.3), 1.0])
    return np.pad(film, ((rows, rows), (columns, columns)), constant_values=np.float32(shade))


def toned(film: Grey, random: Random) -> Grey:
    """Another tone curve and window."""
    low, high = random.uniform(0, 0.15), random.uniform(0.7, 1.15)
    return np.asarray((film ** np.exp(random.uniform(-0.5, 0.5)) * (high - low) + low).clip(0, 1), np.float32)


def grained(film: Grey, random: Random) -> Grey:
    """Noise of a low dose, up to 4 % of full scale."""
    return np.asarray((film + random.normal(0, random.uniform(0.005, 0.04), film.shape)).clip(0, 1), np.float32)


def blurred(film: Grey, random: Random) -> Grey:
    """Lose detail, as if stored at down to a third of the size."""
    height, width = film.shape
    factor = random.uniform(1.2, 3)
    small = Image.fromarray(film).resize((int(width / factor), int(height / factor)), Image.Resampling.BILINEAR)
    return np.asarray(small.resize((width, height), Image.Resampling.BILINEAR))


ALTERATIONS: dict[str, Callable[[Grey, Random], Grey]] = {
    "turned or mirrored": turned,
    "tilted": tilted,
    "cropped": cropped,
    "with a margin": surrounded,
    "other tones": toned,
    "grainy": grained,
    "blurred": blurred,
}


def altered(film: Grey, random: Random) -> Grey:
    """Apply one to three alterations, float32 (h, w) in [0, 1] to the same, of another size where they say so."""
    for name in random.choice(list(ALTERATIONS), size=int(random.integers(1, 4)), replace=False):
        film = ALTERATIONS[str(name)](film, random)
    return film
