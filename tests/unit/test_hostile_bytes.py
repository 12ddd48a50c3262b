"""Whatever is done to a valid file, reading it gives a film or one of our errors: never anything else."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from fracturelens import errors
from fracturelens.radiograph import decode
from tests import films

BONE = films.bone(48, 40)


def with_exif(file_format: Any) -> bytes:
    exif = Image.Exif()
    exif[274], exif[270], exif[282] = 6, "film", 300.0
    out = io.BytesIO()
    films.as_image(BONE).save(out, file_format, exif=exif)
    return out.getvalue()


VALID = (
    *(films.encoded(BONE, "PNG", mode) for mode in ("L", "I;16", "P", "RGBA", "1")),
    *(films.encoded(BONE, "JPEG", mode) for mode in ("L", "RGB", "CMYK")),
    films.encoded(BONE, "JPEG", "RGB", progressive=True),
    *(films.encoded(BONE, "TIFF", mode) for mode in ("L", "I;16", "F", "CMYK")),
    *(films.encoded(BONE, "TIFF", "L", compression=how) for how in ("tiff_deflate", "tiff_lzw", "packbits", "jpeg")),
    *(films.encoded(BONE, "WEBP", "RGB", lossless=lossless) for lossless in (False, True)),
    *(with_exif(file_format) for file_format in ("JPEG", "PNG", "TIFF", "WEBP")),
    films.animation(BONE, "PNG"),
    films.animation(BONE, "WEBP"),
    films.dicom(BONE),
    films.dicom(BONE, photometric="MONOCHROME1", frames=2, window=(2048, 4096)),
    films.dicom_without_pixels(),
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Draw a valid file with some bytes overwritten, taken out, doubled or cut off."""
    data = bytearray(draw(st.sampled_from(VALID)))
    # Most bytes are pixels; the first few hundred are where structure is.
    places = st.integers(0, len(data) - 1) | st.integers(0, min(len(data), 400) - 1)
    for place in draw(st.lists(places, max_size=6)):
        kind = draw(st.sampled_from(["set", "flip", "take out", "double"]))
        if kind == "set":
            extreme = draw(st.sampled_from([b"\0", b"\xff", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff", b"\x80"]))
            data[place : place + len(extreme)] = extreme
        elif kind == "flip":
            data[min(place, len(data) - 1)] ^= 1 << draw(st.integers(0, 7))
        elif kind == "take out":
            del data[place : place + draw(st.integers(1, 20))]
        else:
            data[place:place] = data[place : place + draw(st.integers(1, 20))]
    if draw(st.booleans()):
        del data[draw(places) :]
    return bytes(data)


@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=mutated())
def test_a_mutated_file_is_a_film_or_a_film_error(data: bytes) -> None:
    try:
        film = decode(data)
    except errors.FilmError as error:
        assert error.message  # noqa: PT017 - either outcome is fine
        return

    assert film.pixels.dtype == np.float32
    assert film.pixels.ndim == 2
    assert np.isfinite(film.pixels).all()
    assert film.pixels.min() >= 0
    assert film.pixels.max() <= 1
    assert min(film.width, film.height) >= 32


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.sampled_from([data[:16] for data in VALID] + [bytes(128) + b"DICM"]), st.binary(max_size=500))
def test_noise_behind_a_valid_start_is_a_film_error(start: bytes, noise: bytes) -> None:
    try:
        decode(start + noise)
    except errors.FilmError as error:
        assert error.message  # noqa: PT017 - either outcome is fine
