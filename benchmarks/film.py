"""The film that every benchmark reads: ``python -m benchmarks.film FILE`` writes it."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image

SAMPLE = Path(__file__).parent.parent / "web" / "samples" / "displaced-elbow.jpg"
SIDE = 1024


def jpeg() -> bytes:
    """Return a film of 1024 x 1024 pixels as a JPEG: a sample from the page, cut square and enlarged."""
    with Image.open(SAMPLE) as sample:
        side = min(sample.size)
        left, top = ((extent - side) // 2 for extent in sample.size)
        square = sample.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=(left, top, left + side, top + side))
    out = io.BytesIO()
    square.save(out, "JPEG", quality=90)
    return out.getvalue()


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(jpeg())
