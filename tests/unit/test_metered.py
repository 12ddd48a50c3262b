"""Files that end loops."""

from __future__ import annotations

import pytest

from fracturelens.metered import MAX_PASSES, MAX_READS, SLACK, MeteredFile, ReadTooOftenError


def test_a_file_may_be_read_several_times() -> None:
    file = MeteredFile(b"x" * 1_000_000)

    for _ in range(MAX_PASSES):
        file.seek(0)
        assert len(file.read()) == 1_000_000


def test_a_file_may_not_be_read_without_end() -> None:
    file = MeteredFile(b"x" * 1_000_000)

    def again_and_again() -> None:
        for _ in range(MAX_PASSES + 1 + SLACK // 1_000_000):
            file.seek(0)
            file.read()

    with pytest.raises(ReadTooOftenError):
        again_and_again()


def test_a_file_may_not_be_read_in_endless_crumbs() -> None:
    file = MeteredFile(b"x")
    file.read()

    def crumb_by_crumb() -> None:
        for _ in range(MAX_READS):
            file.read(1)

    with pytest.raises(ReadTooOftenError):
        crumb_by_crumb()
