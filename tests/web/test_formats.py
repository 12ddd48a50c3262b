"""The page turns away what is no film before it is sent; it must let through all that the server reads."""

from __future__ import annotations

import pytest

from fracturelens import radiograph
from tests import films
from tests.web.conftest import Visit

pytestmark = pytest.mark.browser

FILM = films.bone()
READ = {
    "png": films.encoded(FILM),
    "png, 16 bits": films.encoded(FILM, mode="I;16"),
    "jpeg": films.encoded(FILM, "JPEG"),
    "jpeg with EXIF": films.rotated_by_exif(FILM, 6),
    "tiff": films.encoded(FILM, "TIFF"),
    "tiff of floats": films.encoded(FILM, "TIFF", mode="F"),
    "webp": films.encoded(FILM, "WEBP"),
    "webp without loss": films.encoded(FILM, "WEBP", lossless=True),
    "dicom": films.dicom(FILM),
}


def test_sees_the_format_that_the_server_sees(visit: Visit) -> None:
    seen = {
        name: visit.page.evaluate(
            "async head => (await import(new URL('js/formats.js', document.baseURI))).formatOf(new Uint8Array(head))",
            list(film[:132]),
        )
        for name, film in READ.items()
    }

    assert seen == {name: radiograph.decode(film).kind for name, film in READ.items()}
