"""A file in memory that refuses to be read over and over: the end of every loop that a hostile file can set up.

Tags that all point at the same megabytes, directories chained in a ring, a million empty chunks: formats allow them,
and decoders follow. An honest file is read about once, in few pieces.
"""

from __future__ import annotations

import io

MAX_READS = 250_000
"""Most read calls: a film needs hundreds, a 32 MB PNG in pieces of one kilobyte 130,000."""
MAX_PASSES = 4
"""How many times its own length a file may be read in all; small files get ``SLACK`` on top."""
SLACK = 256 * 1024


class ReadTooOftenError(Exception):
    """The file makes its reader go in circles; callers report it as damaged."""


class MeteredFile(io.BytesIO):
    """Bytes as a file, with a limit on what is read in all."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._reads_left = MAX_READS
        self._bytes_left = MAX_PASSES * len(data) + SLACK

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self._reads_left -= 1
        self._bytes_left -= len(content)
        if self._reads_left < 0 or self._bytes_left < 0:
            raise ReadTooOftenError
        return content
