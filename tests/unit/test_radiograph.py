"""Films of every kind come out upright and grey; everything else is refused with a stable code."""

from __future__ import annotations

import io
import struct
import time
import zlib
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageOps

from fracturelens import errors
from fracturelens.radiograph import MAX_BYTES, MAX_SCANS, Radiograph, block_mean, decode, full_scale, reduction
from tests import films

BONE = films.bone(160, 120)


def save(image: Image.Image, file_format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format=file_format, **options)
    return out.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_with(*chunks: bytes) -> bytes:
    """Return a film as PNG with chunks put in after its header."""
    png = films.encoded(BONE)
    return png[:33] + b"".join(chunks) + png[33:]


def with_tags(tiff: bytes, tags: dict[int, tuple[int, int, int]]) -> bytes:
    """Return a little-endian TIFF with tags (type, count, value or offset) put into its directory."""
    (directory,) = struct.unpack_from("<I", tiff, 4)
    (count,) = struct.unpack_from("<H", tiff, directory)
    old = (tiff[at : at + 12] for at in range(directory + 2, directory + 2 + 12 * count, 12))
    entries = {struct.unpack("<H", entry[:2])[0]: entry for entry in old}
    entries |= {tag: struct.pack("<HHII", tag, *content) for tag, content in tags.items()}
    body = b"".join(entries[tag] for tag in sorted(entries))
    return tiff[:4] + struct.pack("<I", len(tiff)) + tiff[8:] + struct.pack("<H", len(entries)) + body + bytes(4)


def assert_shows(film: Radiograph, grey: npt.NDArray[np.float32], tolerance: float = 1 / 255) -> None:
    assert film.pixels.dtype == np.float32
    assert film.pixels.flags.c_contiguous
    assert film.pixels == pytest.approx(grey, abs=tolerance)


# Films that are read


@pytest.mark.parametrize("mode", ["L", "I;16", "P", "LA", "RGB", "RGBA"])
def test_a_png_of_any_mode_shows_the_same_film(mode: films.Mode) -> None:
    film = decode(films.encoded(BONE, "PNG", mode))

    assert_shows(film, BONE)
    assert (film.kind, film.width, film.height, film.colourfulness, film.notes) == ("png", 120, 160, 0.0, ())


@pytest.mark.parametrize("mode", ["L", "I;16", "F", "P", "LA", "RGB", "RGBA", "CMYK"])
@pytest.mark.parametrize("compression", ["raw", "tiff_deflate", "tiff_lzw", "packbits"])
def test_a_tiff_of_any_mode_shows_the_same_film(mode: films.Mode, compression: str) -> None:
    stretched = (BONE - BONE.min()) / np.ptp(BONE) if mode == "F" else BONE

    film = decode(films.encoded(BONE, "TIFF", mode, compression=compression))

    assert_shows(film, stretched)
    assert film.kind == "tiff"


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_of_any_mode_shows_the_same_film(mode: films.Mode, progressive: bool) -> None:
    film = decode(films.encoded(BONE, "JPEG", mode, quality=98, progressive=progressive))

    assert_shows(film, BONE, 6 / 255)
    assert film.kind == "jpeg"


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_a_webp_of_any_mode_shows_the_same_film(mode: films.Mode) -> None:
    film = decode(films.encoded(BONE, "WEBP", mode, lossless=True))

    assert_shows(film, BONE)
    assert film.kind == "webp"


def test_a_jpeg_inside_a_tiff_is_read() -> None:
    assert_shows(decode(films.encoded(BONE, "TIFF", compression="jpeg", quality=98)), BONE, 6 / 255)


def test_a_bitmap_of_one_bit_is_black_and_white() -> None:
    film = decode(films.encoded(BONE, "PNG", "1"))

    assert set(np.unique(film.pixels)) == {0.0, 1.0}


def test_a_48_bit_png_is_read() -> None:
    deep = np.repeat(np.rint(BONE * 65535).astype(">u2")[:, :, None], 3, axis=2)
    rows = b"".join(b"\0" + row.tobytes() for row in deep)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 120, 160, 16, 2, 0, 0, 0))
    png = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")

    assert_shows(decode(png), BONE, 2 / 255)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_white_is_the_detector_s_white_not_that_of_the_16_bit_file(bits: int) -> None:
    levels = np.rint(BONE * (2**bits - 1)).astype(np.uint16)

    film = decode(save(Image.fromarray(levels), "PNG"))

    assert_shows(film, BONE, 1 / 255)


@pytest.mark.parametrize(
    ("peak", "white"), [(0, 255), (255, 255), (256, 1023), (4000, 4095), (4096, 16383), (16384, 65535), (65535, 65535)]
)
def test_full_scale_is_the_smallest_common_depth_that_holds_the_peak(peak: int, white: int) -> None:
    assert full_scale(peak) == white


def test_big_endian_tiffs_are_read() -> None:
    big = Image.frombytes("I;16B", (120, 160), np.rint(BONE * 65535).astype(">u2").tobytes())

    assert_shows(decode(save(big, "TIFF")), BONE)


def test_signed_and_32_bit_levels_are_stretched_from_lowest_to_highest() -> None:
    levels = (BONE * 2_000_000 - 1_000_000).astype(np.int32)

    film = decode(save(Image.fromarray(levels), "TIFF"))

    assert_shows(film, (BONE - BONE.min()) / np.ptp(BONE), 1e-4)


@pytest.mark.parametrize("mode", ["L", "I;16"])
def test_a_tiff_whose_white_is_zero_is_not_shown_as_a_negative(mode: films.Mode) -> None:
    stored = films.encoded(1 - BONE, "TIFF", mode)

    film = decode(with_tags(stored, {262: (3, 1, 0)}))

    assert_shows(film, BONE)


def test_the_first_page_of_a_tiff_is_read_and_noted() -> None:
    pages = save(films.as_image(BONE), "TIFF", save_all=True, append_images=[films.as_image(1 - BONE)] * 2)

    film = decode(pages)

    assert_shows(film, BONE)
    assert film.notes == ("several_frames",)


def test_the_first_view_of_an_mpo_is_read_and_noted() -> None:
    views = save(films.as_image(BONE), "MPO", save_all=True, append_images=[films.as_image(1 - BONE)], quality=98)

    film = decode(views)

    assert_shows(film, BONE, 6 / 255)
    assert (film.kind, film.notes) == ("jpeg", ("several_frames",))


@pytest.mark.parametrize("mode", ["LA", "RGBA", "PA"])
def test_transparent_parts_are_black_and_noted(mode: str) -> None:
    alpha = Image.new("L", (120, 160), 255)
    alpha.paste(0, (0, 0, 60, 160))
    image = films.as_image(BONE).convert("L" if mode == "LA" else "RGB").convert("LA" if mode == "LA" else "RGBA")
    image.putalpha(alpha)

    film = decode(save(image if mode != "PA" else image.convert("PA"), "TIFF" if mode == "PA" else "PNG"))

    assert not film.pixels[:, :60].any()
    assert film.pixels[:, 60:].max() > 0.5
    assert film.notes == ("transparency_filled",)


def test_a_transparent_palette_entry_is_black() -> None:
    image = films.as_image(np.where(BONE > 0.9, 1, BONE).astype(np.float32), "P")

    film = decode(save(image, "PNG", transparency=0))  # index 0 shows white

    assert film.pixels[BONE > 0.95].max() == 0
    assert film.notes == ("transparency_filled",)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_film_stored_turned_comes_out_upright(file_format: Any, orientation: int) -> None:
    options = {"quality": 98} if file_format in {"JPEG", "WEBP"} else {}
    data = films.rotated_by_exif(BONE, orientation, file_format, **options)

    film = decode(data)

    assert_shows(film, BONE, 12 / 255 if options else 1 / 255)
    assert (film.width, film.height) == (120, 160)
    with Image.open(io.BytesIO(data)) as image:
        reference = np.asarray(ImageOps.exif_transpose(image).convert("L")) / 255
    assert film.pixels == pytest.approx(reference, abs=2 / 255)


def test_the_working_size_keeps_the_source_size_on_record() -> None:
    film = decode(films.encoded(np.zeros((1300, 1100), dtype=np.float32), "JPEG"))

    assert (film.width, film.height) == (1100, 1300)
    assert film.pixels.shape == (650, 550)


@pytest.mark.parametrize("mode", ["L", "I;16", "F", "RGB", "LA", "P", "CMYK"])
def test_large_films_are_averaged_band_by_band_as_if_at_once(mode: films.Mode) -> None:
    # Given noise of 1.8 megapixels (two bands) that uses the whole range, so that depth does not matter
    tall = np.random.default_rng(0).random((2110, 850), dtype=np.float32)
    tall[0, 0], tall[-1, -1] = 0, 1

    film = decode(films.encoded(tall, "TIFF", mode))

    assert_shows(film, tall[:2108, :848].reshape(527, 4, 212, 4).mean(axis=(1, 3)).astype(np.float32), 1.5 / 255)


@pytest.mark.parametrize(
    ("width", "height", "factor"),
    [
        (512, 400, 1),
        (1023, 1000, 1),
        (1024, 1000, 2),
        (2880, 2304, 5),
        (40, 4000, 7),
        (32, 1_000_000, 32),
        (1, 9999, 1),
    ],
)
def test_reduction_keeps_the_longest_side_and_a_pixel_of_the_shortest(width: int, height: int, factor: int) -> None:
    assert reduction(width, height, 512) == factor


def test_block_means_do_not_overflow() -> None:
    assert block_mean(np.full((4, 4), 65535, dtype=np.uint16), 2).tolist() == [[65535.0, 65535.0]] * 2


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "TIFF"])
@pytest.mark.parametrize(("width", "height"), [(40, 4000), (4000, 40)])
def test_a_strip_is_read(file_format: Any, width: int, height: int) -> None:
    film = decode(films.encoded(films.bone(height, width), file_format))

    assert (film.width, film.height) == (width, height)
    assert min(film.pixels.shape) >= 1


def test_colour_is_measured_and_grey_has_none() -> None:
    rng = np.random.default_rng(0)
    colours = Image.fromarray(rng.integers(0, 255, (160, 120, 3), dtype=np.uint8))
    tinted = Image.merge("RGB", [films.as_image(BONE * share) for share in (0.9, 0.95, 1.0)])

    assert decode(save(colours, "PNG")).colourfulness > 0.3
    assert 0 < decode(save(tinted, "PNG")).colourfulness < 0.05
    assert decode(save(films.as_image(BONE, "RGB"), "JPEG")).colourfulness < 0.005


# Files that are refused


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"Dear colleague, please find attached the film", "unsupported_format"),
        (b"\0" * 5000, "unsupported_format"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "unsupported_format"),
        (b"%PDF-1.7\n", "unsupported_format"),
        (films.encoded(BONE, "GIF"), "unsupported_format"),
        (films.animation(BONE, "GIF"), "unsupported_format"),
        (films.encoded(BONE, "BMP"), "unsupported_format"),
        (films.animation(BONE, "PNG"), "animated_image"),
        (films.animation(BONE, "WEBP"), "animated_image"),
        (films.png_claiming(60_000, 60_000), "too_many_pixels"),
        (films.png_claiming(8_000, 12_000), "too_many_pixels"),
        (films.png_claiming(6_000, 6_001), "too_many_pixels"),
        (films.png_claiming(2**31 - 1, 1), "too_many_pixels"),
        (films.png_claiming(1, 4000), "image_too_small"),
        (films.png_claiming(31, 31), "image_too_small"),
        (films.png_claiming(0, 100), "damaged_image"),
        (films.png_claiming(200, 200), "damaged_image"),
        (films.dicom_without_pixels(), "dicom_without_pixels"),
    ],
)
def test_what_is_no_film_has_its_code(data: bytes, code: str) -> None:
    with pytest.raises(errors.FilmError) as refused:
        decode(data)

    assert refused.value.code == code
    assert refused.value.message.strip()


def test_a_file_over_the_limit_is_refused_with_both_figures() -> None:
    with pytest.raises(errors.FileTooLarge, match=rf"{MAX_BYTES + 1:,} bytes; at most {MAX_BYTES:,}"):
        decode(bytes(MAX_BYTES + 1))


@pytest.mark.parametrize("padding", [0, 1024, 1024 * 1024])
def test_a_png_whose_rest_was_lost_to_zeros_is_damaged(padding: int) -> None:
    with pytest.raises(errors.DamagedImage):
        decode(films.truncated(films.encoded(BONE)) + bytes(padding))


def test_a_png_with_a_flipped_bit_is_damaged() -> None:
    data = bytearray(films.encoded(BONE))
    data[len(data) // 2] ^= 1

    with pytest.raises(errors.DamagedImage):
        decode(bytes(data))


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_a_truncated_file_is_damaged(file_format: Any, share: float) -> None:
    data = films.truncated(films.encoded(BONE, file_format), share)

    with pytest.raises(errors.DamagedImage):
        decode(data)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_numbers_are_damage(value: float) -> None:
    broken = BONE.copy()
    broken[80, 60] = value

    with pytest.raises(errors.DamagedImage, match="not numbers"):
        decode(save(Image.fromarray(broken), "TIFF"))


def test_floats_of_any_size_are_stretched() -> None:
    film = decode(save(Image.fromarray((BONE - 0.5) * np.float32(3e38)), "TIFF"))

    assert_shows(film, (BONE - BONE.min()) / np.ptp(BONE), 1e-4)


@pytest.mark.parametrize("kind", [b"zTXt", b"iCCP"])
def test_a_decompression_bomb_in_the_metadata_does_not_go_off(kind: bytes) -> None:
    bomb = chunk(kind, b"name\0\0" + zlib.compress(bytes(50_000_000), 1))
    start = time.process_time()

    with suppress(errors.DamagedImage):
        assert_shows(decode(png_with(bomb)), BONE)

    assert time.process_time() - start < 2


def test_a_million_empty_chunks_are_not_followed() -> None:
    start = time.process_time()

    with pytest.raises(errors.DamagedImage):
        decode(png_with(chunk(b"prVt", b"") * 1_000_000))

    assert time.process_time() - start < 10


def test_a_million_empty_jpeg_segments_are_not_followed() -> None:
    jpeg = films.encoded(BONE, "JPEG")
    start = time.process_time()

    with pytest.raises(errors.DamagedImage):
        decode(jpeg[:2] + b"\xff\xfe\0\2" * 1_000_000 + jpeg[2:])

    assert time.process_time() - start < 10


def test_a_jpeg_that_is_scanned_over_and_over_is_not() -> None:
    jpeg = films.encoded(BONE, "JPEG", progressive=True)
    last = jpeg.rindex(b"\xff\xda")

    with pytest.raises(errors.DamagedImage, match=f"at most {MAX_SCANS}"):
        decode(jpeg[:last] + jpeg[last:-2] * 200 + jpeg[-2:])


def test_tags_that_all_point_at_the_same_bytes_do_not_fill_the_memory() -> None:
    # Given a TIFF of 4 MB with a thousand private tags, each of which claims all of it: 4 GB
    tiff = films.encoded(BONE, "TIFF") + bytes(4_000_000)
    hostile = with_tags(tiff, {40_000 + tag: (1, 3_900_000, 8) for tag in range(1000)})
    start = time.process_time()

    with suppress(errors.DamagedImage):
        assert_shows(decode(hostile), BONE)

    assert time.process_time() - start < 2


@pytest.mark.parametrize("side", [30_000, 2**31 - 1])
def test_a_tiff_tile_far_larger_than_its_film_is_not_made_room_for(side: int) -> None:
    tiff = films.encoded(BONE, "TIFF", compression="tiff_deflate")
    tile = {322: (4, 1, side), 323: (4, 1, side), 324: (4, 1, 8), 325: (4, 1, 100)}

    with pytest.raises(errors.TooManyPixels):
        decode(with_tags(tiff, tile))


# Metadata may be anything


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0" + b"II*\0\x08\0\0\0" + b"\xff" * 200,
        b"Exif\0\0" + b"MM\0*" + bytes(range(256)),
        b"Exif\0\0garbage",
        # Orientation as text, and as a fraction by zero.
        b"Exif\0\0II*\0\x08\0\0\0\1\0" + struct.pack("<HHI4s", 274, 2, 4, b"six\0") + bytes(4),
        b"Exif\0\0II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", 274, 5, 1, 26) + bytes(12),
        b"Exif\0\0II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", 274, 3, 1, 99) + bytes(4),
        # A thousand tags, each of which claims all of it.
        b"Exif\0\0II*\0\x08\0\0\0\xe8\3"
        + b"".join(struct.pack("<HHII", tag, 7, 12_000, 0) for tag in range(1000, 2000))
        + bytes(4),
    ],
    ids=["overrun", "noise", "garbage", "text", "fraction", "out of range", "overlapping"],
)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_damaged_exif_data_does_not_make_a_film_unreadable(file_format: Any, exif: bytes) -> None:
    data = films.encoded(BONE, file_format, exif=exif)

    assert_shows(decode(data), BONE, 0.2)
