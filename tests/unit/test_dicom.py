"""Plain DICOM radiographs, and DICOM objects that are none."""

from __future__ import annotations

import io
import logging
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEGLosslessSV1,
    RLELossless,
)

from fracturelens import errors
from fracturelens.radiograph import decode
from tests import films

BONE = films.bone(160, 120)
STRETCHED = (BONE - BONE.min()) / np.ptp(BONE)


def changed(data: bytes, change: Callable[[Dataset], None]) -> bytes:
    """Return a DICOM file with its data set changed."""
    read = pydicom.dcmread(io.BytesIO(data))
    dataset = Dataset()
    dataset.file_meta = read.file_meta
    for element in read:
        dataset.add(element)
    change(dataset)
    out = io.BytesIO()
    pydicom.dcmwrite(out, dataset, enforce_file_format=True)
    return out.getvalue()


def with_values(**values: Any) -> bytes:
    """Return a film as DICOM with attributes set."""

    def change(dataset: Dataset) -> None:
        for keyword, value in values.items():
            setattr(dataset, keyword, value)

    return changed(films.dicom(BONE), change)


def shown(data: bytes) -> npt.NDArray[np.float32]:
    return decode(data).pixels


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_bone_is_white_whatever_the_photometric_interpretation(photometric: Any, bits: int) -> None:
    film = decode(films.dicom(BONE, photometric=photometric, bits_stored=bits))

    assert film.pixels == pytest.approx(STRETCHED, abs=1 / 255)
    assert film.pixels.dtype == np.float32
    assert (film.kind, film.width, film.height, film.notes) == ("dicom", 120, 160, ())


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_every_uncompressed_transfer_syntax_is_read(syntax: Any) -> None:
    def change(dataset: Dataset) -> None:
        dataset.file_meta.TransferSyntaxUID = syntax
        if syntax == ExplicitVRBigEndian:
            dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()

    assert shown(changed(films.dicom(BONE), change)) == pytest.approx(STRETCHED, abs=1 / 255)


def test_signed_values_are_read() -> None:
    def change(dataset: Dataset) -> None:
        dataset.PixelRepresentation = 1
        dataset.PixelData = np.rint(BONE * 2000 - 1000).astype("<i2").tobytes()

    assert shown(changed(films.dicom(BONE, bits_stored=16), change)) == pytest.approx(STRETCHED, abs=1 / 255)


def test_the_window_is_applied() -> None:
    # Given a window from a quarter to three quarters of the range
    film = shown(films.dicom(BONE, window=(2048, 2048)))

    assert film == pytest.approx(np.clip((BONE - 0.25) * 2, 0, 1), abs=0.01)


def test_rescaling_comes_before_the_window() -> None:
    film = shown(with_values(RescaleSlope=2, RescaleIntercept=-4096, WindowCenter=0, WindowWidth=4096))

    assert film == pytest.approx(np.clip((BONE - 0.25) * 2, 0, 1), abs=0.01)


def test_a_lookup_table_is_applied() -> None:
    table = Dataset()
    table.LUTDescriptor = [4096, 0, 16]
    table.LUTData = np.minimum(np.arange(4096) * 32, 65535).astype("<u2").tobytes()
    table["LUTData"].VR = "OW"

    film = shown(with_values(VOILUTSequence=[table]))

    assert film == pytest.approx(np.clip(BONE * 2, 0, 1), abs=0.01)


@pytest.mark.parametrize("width", [0, -5, "1e400"])
def test_a_window_that_makes_no_sense_does_not_cost_the_film(width: Any) -> None:
    assert shown(with_values(WindowCenter=5, WindowWidth=width)) == pytest.approx(STRETCHED, abs=1 / 255)


def test_the_first_of_several_frames_is_read_and_noted() -> None:
    film = decode(films.dicom(BONE, frames=3))

    assert film.pixels == pytest.approx(STRETCHED, abs=1 / 255)
    assert film.notes == ("several_frames",)


def test_an_empty_window_is_no_window() -> None:
    assert shown(with_values(WindowCenter=None, WindowWidth=100)) == pytest.approx(STRETCHED, abs=1 / 255)


def test_the_first_of_several_windows_is_applied() -> None:
    film = shown(with_values(WindowCenter=[2048, 0], WindowWidth=[2048, 0]))

    assert film == pytest.approx(np.clip((BONE - 0.25) * 2, 0, 1), abs=0.01)


def test_a_blank_film_stays_blank() -> None:
    assert not shown(films.dicom(np.full((64, 64), 0.3, dtype=np.float32))).any()


def test_large_films_are_reduced_band_by_band() -> None:
    tall = np.random.default_rng(0).random((2110, 850), dtype=np.float32)
    mean = tall[:2108, :848].reshape(527, 4, 212, 4).mean(axis=(1, 3))

    film = decode(films.dicom(tall))

    assert (film.width, film.height) == (850, 2110)
    assert film.pixels == pytest.approx((mean - mean.min()) / np.ptp(mean), abs=2 / 255)


def test_odd_values_in_other_attributes_are_not_even_looked_at(caplog: pytest.LogCaptureFixture) -> None:
    def change(dataset: Dataset) -> None:
        dataset.add_new("PatientBirthDate", "LO", "yesterday, of Jane^Doe")
        dataset.add_new("StudyTime", "LO", "Jane^Doe")
        dataset.add_new("AcquisitionNumber", "LO", "Jane^Doe")

    data = changed(films.dicom(BONE), change)
    for attribute in (b"\x10\0\x30\0", b"\x08\0\x30\0", b"\x20\0\x12\0"):
        assert attribute + b"LO" in data
    data = data.replace(b"\x10\0\x30\0LO", b"\x10\0\x30\0DA").replace(b"\x20\0\x12\0LO", b"\x20\0\x12\0IS")

    with caplog.at_level(logging.DEBUG):
        film = decode(data)

    assert film.pixels == pytest.approx(STRETCHED, abs=1 / 255)
    assert "Jane" not in caplog.text


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (films.dicom_without_pixels(), "dicom_without_pixels"),
        (bytes(128) + b"DICM", "dicom_without_pixels"),
        (bytes(128) + b"DICM" + bytes(range(256)) * 10, "dicom_without_pixels"),
        (films.truncated(films.dicom(BONE), 0.5), "damaged_image"),
        (films.truncated(films.dicom(BONE), 0.005), "dicom_without_pixels"),
        (with_values(Rows=60_000, Columns=60_000), "too_many_pixels"),
        (with_values(Rows=1, Columns=4000), "image_too_small"),
        (with_values(Rows=None), "damaged_image"),
        (with_values(BitsAllocated=7), "damaged_image"),
        (with_values(RescaleSlope="1e308", RescaleIntercept=0), "damaged_image"),
        (with_values(NumberOfFrames=10**9), "damaged_image"),
        (with_values(PhotometricInterpretation="RGB", SamplesPerPixel=3), "unsupported_dicom"),
        (with_values(PhotometricInterpretation="PALETTE COLOR"), "unsupported_dicom"),
        (with_values(PhotometricInterpretation=None), "unsupported_dicom"),
    ],
)
def test_what_is_no_plain_film_has_its_code(data: bytes, code: str) -> None:
    with pytest.raises(errors.FilmError) as refused:
        decode(data)

    assert refused.value.code == code


@pytest.mark.parametrize("syntax", [JPEGLosslessSV1, RLELossless])
def test_a_compressed_film_is_refused_with_the_way_out(syntax: Any) -> None:
    def change(dataset: Dataset) -> None:
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.PixelData = encapsulate([b"\xff\xd8\xff\xd9"])
        dataset["PixelData"].is_undefined_length = True

    with pytest.raises(errors.UnsupportedDicom, match="Send it uncompressed"):
        decode(changed(films.dicom(BONE), change))


def test_floating_point_pixels_are_refused() -> None:
    def change(dataset: Dataset) -> None:
        dataset.FloatPixelData = BONE.tobytes()
        del dataset.PixelData

    with pytest.raises(errors.UnsupportedDicom, match="floating-point"):
        decode(changed(films.dicom(BONE), change))


def test_a_deflated_bomb_is_not_inflated() -> None:
    plain = films.dicom(BONE)
    meta = changed(
        plain, lambda dataset: setattr(dataset.file_meta, "TransferSyntaxUID", DeflatedExplicitVRLittleEndian)
    )
    body = zlib.compress(bytes(100_000_000), 9, -zlib.MAX_WBITS)

    with pytest.raises(errors.UnsupportedDicom):
        decode(meta[:400] + body)
