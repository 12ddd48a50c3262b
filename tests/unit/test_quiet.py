"""Decoders are silent about our films, and only about ours."""

from __future__ import annotations

import io
import logging
import threading
import warnings
from types import ModuleType

import pytest
from PIL import TiffImagePlugin

from fracturelens.quiet import hush, quietly
from fracturelens.radiograph import decode
from tests import films

HOSTILE = films.encoded(films.bone(64, 64), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0" + b"\xff" * 200)


@pytest.fixture
def decoder() -> ModuleType:
    """Return a module that warns and logs, as decoders do."""
    module = ModuleType("decoder")
    module.__dict__.update(warnings=warnings, logger=logging.getLogger("test.decoder"))
    hush(module)
    return module


def test_a_hushed_module_is_silent_inside_and_heard_outside(
    decoder: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    with quietly():
        decoder.warnings.warn("odd tag", UserWarning)
        decoder.logger.error("odd tag")
    assert caplog.text == ""

    with pytest.warns(UserWarning, match="odd tag"):
        decoder.warnings.warn("odd tag", UserWarning)
    decoder.logger.error("odd tag")
    assert "odd tag" in caplog.text


def test_a_warning_still_names_the_line_that_caused_it(decoder: ModuleType) -> None:
    with pytest.warns(UserWarning, match="odd tag") as caught:
        decoder.warnings.warn("odd tag", stacklevel=1)

    assert caught[0].filename == __file__


def test_the_rest_of_the_warnings_module_is_there(decoder: ModuleType) -> None:
    assert decoder.warnings.catch_warnings is warnings.catch_warnings


def test_other_threads_are_not_silenced(decoder: ModuleType) -> None:
    def warn() -> None:
        try:
            decoder.warnings.warn("odd tag", UserWarning)
        except UserWarning as warning:  # pytest turns warnings into errors
            heard.append(str(warning))

    heard: list[str] = []
    with quietly():
        other = threading.Thread(target=warn)
        other.start()
        other.join()

    assert heard == ["odd tag"]


def test_reading_a_film_with_odd_tags_warns_nobody_even_where_warnings_are_errors(
    recwarn: pytest.WarningsRecorder, capfd: pytest.CaptureFixture[str]
) -> None:
    warnings.simplefilter("error")
    decode(HOSTILE)
    warnings.simplefilter("always")
    decode(HOSTILE)

    assert not recwarn.list
    assert capfd.readouterr() == ("", "")


def test_programs_that_use_the_same_decoder_keep_its_warnings() -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2(b"II*\0\x08\0\0\0")

    with pytest.warns(UserWarning, match="EXIF"):
        tags.load(io.BytesIO(b"\xff\xff\x01"))
