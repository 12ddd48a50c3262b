"""Decoding stays within 300 MB, whatever a file of a few megabytes (or a hundred bytes) claims."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests import films

SIDE = 6000  # 36 megapixels: as many as are decoded
LIMIT_MB = 300

# The peak is that of the address space: ru_maxrss would start from the parent's, which exec passes on.
MEASURE = """
import pathlib
import sys
from fracturelens.radiograph import decode
from fracturelens import dicom, errors

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))

data = pathlib.Path(sys.argv[1]).read_bytes()
before = peak()
try:
    outcome = str(decode(data).pixels.shape)
except errors.FilmError as error:
    outcome = error.code
print(round(peak() - before), outcome)
"""

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="measures memory as Linux reports it")


def picture(mode: str, file_format: str, **options: Any) -> bytes:
    image = Image.new(mode, (SIDE, SIDE))
    image.paste(Image.linear_gradient("L").resize((SIDE, SIDE // 8)).convert(mode if mode != "PA" else "P"))
    out = io.BytesIO()
    image.save(out, file_format, **options)
    return out.getvalue()


def deep(file_format: str, dtype: Any, **options: Any) -> bytes:
    levels = np.zeros((SIDE, SIDE), dtype=dtype)
    levels[::100] = 4000
    out = io.BytesIO()
    Image.fromarray(levels).save(out, file_format, **options)
    return out.getvalue()


def one_strip(data: bytes) -> bytes:
    """Return a TIFF whose rows are claimed to lie in a single strip."""
    at = data.index(struct.pack("<HH", 278, 3))
    return data[:at] + struct.pack("<HHII", 278, 4, 1, SIDE) + data[at + 12 :]


def dicom_film() -> bytes:
    levels = np.zeros((4000, 3000), dtype=np.float32)
    levels[1000:2000] = 1
    return films.dicom(levels, window=(2048, 4096))


CASES: dict[str, tuple[Callable[[], bytes], str]] = {
    "RGBA PNG": (lambda: picture("RGBA", "PNG", compress_level=1), "(545, 545)"),
    "palette PNG with transparency": (lambda: picture("P", "PNG", compress_level=1, transparency=0), "(545, 545)"),
    "16-bit PNG": (lambda: deep("PNG", np.uint16, compress_level=1), "(545, 545)"),
    "CMYK JPEG": (lambda: picture("CMYK", "JPEG"), "(750, 750)"),
    "progressive JPEG": (lambda: picture("RGB", "JPEG", progressive=True, subsampling=0), "(750, 750)"),
    "progressive CMYK JPEG": (lambda: picture("CMYK", "JPEG", progressive=True), "too_many_pixels"),
    "CMYK TIFF": (lambda: picture("CMYK", "TIFF", compression="tiff_deflate"), "(545, 545)"),
    "floating-point TIFF": (lambda: deep("TIFF", np.float32, compression="tiff_deflate"), "(545, 545)"),
    "RGBA TIFF, turned": (
        lambda: picture("RGBA", "TIFF", compression="tiff_deflate", tiffinfo={274: 6}),
        "too_many_pixels",
    ),
    "RGBA TIFF, one strip": (lambda: one_strip(picture("RGBA", "TIFF", compression="tiff_deflate")), "too_many_pixels"),
    "WebP": (lambda: picture("RGB", "WEBP", method=0), "too_many_pixels"),
    "claim of 60,000 x 60,000": (lambda: films.png_claiming(60_000, 60_000), "too_many_pixels"),
    "16-bit DICOM of 32 MB": (dicom_film, "(571, 428)"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_the_largest_films_are_decoded_within_300_mb(case: str, tmp_path: Path) -> None:
    make, expected = CASES[case]
    (tmp_path / "film").write_bytes(make())

    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", MEASURE, tmp_path / "film"], capture_output=True, text=True, check=True
    )

    growth, outcome = answer.stdout.strip().split(" ", 1)
    assert outcome == expected
    assert int(growth) < LIMIT_MB
    assert answer.stderr == ""
