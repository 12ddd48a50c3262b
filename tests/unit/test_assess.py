"""Bytes in, assessment out, with a network that measures brightness."""

from __future__ import annotations

import base64
import io
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from fracturelens import DISCLAIMER, errors
from fracturelens.assess import HEATMAP_SIDE, Assessor, open_assessor
from fracturelens.assessment import Assessment, HeatmapChoice, Outcome
from fracturelens.bundle import Gate, open_bundle
from fracturelens.overlay import CAPTION_HEIGHT
from tests import films, graphs


def heat_of(url: str) -> npt.NDArray[np.float64]:
    """Return the heat that a heatmap shows: its palette's indices, 0 to 1."""
    png = base64.b64decode(url.removeprefix("data:image/png;base64,"))
    with Image.open(io.BytesIO(png)) as image:
        assert image.mode == "P"
        return np.asarray(image) / 255


def test_an_assessment_holds_everything_that_is_promised(assessor: Assessor, film: bytes) -> None:
    assessment = assessor.assess(film)

    assert len(assessment.id) == 32
    assert int(assessment.id, 16)
    assert (assessment.image.kind, assessment.image.width, assessment.image.height) == ("png", 192, 256)
    assert assessment.model.model_dump() == {
        "name": "brightness",
        "version": "1.0",
        "digest": assessor.bundle.manifest.graph.sha256,
    }
    assert assessment.operating_points.model_dump() == {"suspected": 0.2, "likely": 0.6}
    assert assessment.disclaimer == DISCLAIMER
    assert assessment.reasons == ()


def test_probabilities_are_those_of_the_network_s_logits(assessor: Assessor) -> None:
    # Given a film whose brightness is known, so that the logits are
    pixels = films.bone(graphs.SIZE, graphs.SIZE)
    brightness = np.rint(pixels * 255).mean() / 255

    found = assessor.assess(films.encoded(pixels)).probabilities

    shares = np.exp(brightness * np.array(graphs.EVIDENCE) + graphs.BIAS)
    expected = shares / shares.sum()
    assert [found.normal, found.hairline, found.displaced] == pytest.approx(list(expected), abs=1e-5)


def test_the_json_is_plain_and_reads_back(assessor: Assessor, film: bytes) -> None:
    assessment = assessor.assess(film, heatmaps=HeatmapChoice.ALL)

    text = assessment.model_dump_json()

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    assert list(json.loads(text, parse_constant=refuse)) == list(Assessment.model_fields)
    assert Assessment.model_validate_json(text) == assessment


@pytest.mark.parametrize(
    ("brightness", "outcome", "severity"),
    [
        (0.0, Outcome.NO_FRACTURE_SEEN, None),
        (0.2, Outcome.FRACTURE_SUSPECTED, "displaced"),
        (0.6, Outcome.FRACTURE_LIKELY, "displaced"),
    ],
)
def test_brighter_films_are_read_as_fractured_by_this_network(
    brightness: float, outcome: Outcome, severity: str | None
) -> None:
    lenient = Assessor(graphs.brightness_bundle(gate=Gate(max_negative_score=1, min_contrast=0, min_grey_share=0)))
    pixels = np.full((100, 100), brightness, dtype=np.float32)

    assessment = lenient.assess(films.encoded(pixels))

    assert (assessment.outcome, assessment.severity) == (outcome, severity)


def test_a_refused_film_keeps_its_probabilities_but_no_severity(assessor: Assessor) -> None:
    assessment = assessor.assess(films.encoded(1 - films.bone()))

    assert assessment.outcome is Outcome.CANNOT_ASSESS
    assert assessment.severity is None
    assert [reason.code for reason in assessment.reasons] == ["looks_negative"]
    assert assessment.fracture_probability > 0.6


def test_an_image_unlike_the_training_films_is_not_assessed_and_a_film_like_them_is() -> None:
    # Given a gate that takes what is brighter than the test film for a stranger
    graph = graphs.brightness_graph(asked=("novelty", "several_views"))
    pixels = films.bone()
    brightness = float(pixels.mean()) * pixels.shape[1] / pixels.shape[0]  # the letterbox adds black
    limits = Gate(novelty_limit=brightness * 1.1, several_views_limit=brightness * 0.9)
    strict = Assessor(graphs.brightness_bundle(graph, gate=limits))

    read = strict.assess(films.encoded(pixels))
    refused = strict.assess(films.encoded((pixels * 1.3).clip(0, 1)))

    assert read.outcome is not Outcome.CANNOT_ASSESS
    assert [reason.code for reason in read.reasons] == ["several_views"]
    assert (refused.outcome, refused.severity) == (Outcome.CANNOT_ASSESS, None)
    assert [reason.code for reason in refused.reasons] == ["unlike_training_films"]  # how many views no longer matters


def test_a_note_stands_among_the_reasons(assessor: Assessor) -> None:
    assessment = assessor.assess(films.dicom(films.bone(), frames=2))

    assert assessment.image.kind == "dicom"
    assert [reason.code for reason in assessment.reasons] == ["several_frames"]
    assert assessment.outcome is not Outcome.CANNOT_ASSESS


@pytest.mark.parametrize(
    ("choice", "classes"),
    [
        (HeatmapChoice.NONE, []),
        (HeatmapChoice.PREDICTED, ["displaced"]),
        (HeatmapChoice.ALL, ["normal", "hairline", "displaced"]),
    ],
)
def test_heatmaps_are_drawn_as_asked(
    assessor: Assessor, film: bytes, choice: HeatmapChoice, classes: list[str]
) -> None:
    assert list(assessor.assess(film, heatmaps=choice).heatmaps) == classes


def test_predicted_is_the_more_probable_fracture_even_if_none_is_seen() -> None:
    calm = Assessor(graphs.brightness_bundle(graphs.brightness_graph(bias=(9, 1, -5))))

    assessment = calm.assess(films.encoded(films.bone()))

    assert assessment.outcome is Outcome.NO_FRACTURE_SEEN
    assert list(assessment.heatmaps) == ["hairline"]


@pytest.mark.parametrize(("width", "height"), [(1200, 800), (700, 1400), (100, 60), (512, 512)])
def test_a_heatmap_has_the_film_s_aspect_and_at_most_512_pixels(assessor: Assessor, width: int, height: int) -> None:
    assessment = assessor.assess(films.encoded(films.bone(height, width), "JPEG"))

    shape = heat_of(assessment.heatmaps["displaced"]).shape

    scale = min(1, HEATMAP_SIDE / max(width, height))
    assert shape == (round(height * scale), round(width * scale))


@pytest.mark.parametrize(("width", "height"), [(1200, 800), (700, 1400), (600, 600)])
def test_heat_lies_where_the_film_is_bright(assessor: Assessor, width: int, height: int) -> None:
    pixels = films.bone(height, width) * 0.3
    x, y, radius = 0.3 * width, 0.65 * height, 0.08 * max(width, height)
    rows, columns = np.mgrid[:height, :width]
    pixels[np.hypot(columns + 0.5 - x, rows + 0.5 - y) < radius] = 1

    heat = heat_of(assessor.assess(films.encoded(pixels, "JPEG")).heatmaps["displaced"])

    hot = np.where(heat > 0.6, heat, 0)
    rows, columns = np.mgrid[: heat.shape[0], : heat.shape[1]]
    centre = ((columns + 0.5) * hot).sum() / hot.sum(), ((rows + 0.5) * hot).sum() / hot.sum()
    cell = graphs.STRIDE / graphs.SIZE * max(heat.shape)
    assert centre == pytest.approx((0.3 * heat.shape[1], 0.65 * heat.shape[0]), abs=cell / 4)


def test_a_class_without_evidence_gets_a_clear_heatmap(assessor: Assessor, film: bytes) -> None:
    assessment = assessor.assess(film, heatmaps=HeatmapChoice.ALL)

    assert not heat_of(assessment.heatmaps["normal"]).any()  # its evidence is negative everywhere


def test_ids_differ_for_the_same_film(assessor: Assessor, film: bytes) -> None:
    assert assessor.assess(film).id != assessor.assess(film).id


def test_timings_add_up(assessor: Assessor, film: bytes) -> None:
    timings = assessor.assess(film).timings_ms

    assert min(timings.decode, timings.infer, timings.render) > 0
    assert timings.decode + timings.infer + timings.render == pytest.approx(timings.total, abs=0.01)


def test_many_threads_read_as_one_does(assessor: Assessor) -> None:
    uploads = [films.encoded(films.bone(200 + seed, 150, seed=seed)) for seed in range(8)] * 4
    alone = [assessor.assess(upload).probabilities for upload in uploads]

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda upload: assessor.assess(upload).probabilities, uploads))

    assert together == alone


def test_a_film_that_cannot_be_read_is_told(assessor: Assessor) -> None:
    with pytest.raises(errors.UnsupportedFormat):
        assessor.assess(b"Dear colleague, please find attached")


def test_the_overlay_is_the_film_with_its_heat(assessor: Assessor) -> None:
    pixels = films.bone(300, 200)
    upload = films.encoded(pixels)
    reading = assessor.read(upload)

    png = assessor.overlay(upload, reading.class_maps, "displaced", opacity=0.5)

    with Image.open(io.BytesIO(png)) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGB", (200, 300 + CAPTION_HEIGHT))
        shown = np.asarray(image)[:300].astype(int)
    spread = shown.max(axis=2) - shown.min(axis=2)
    heat = heat_of(reading.assessment.heatmaps["displaced"])
    assert heat.shape == (300, 200)
    assert spread[heat > 0.8].mean() > 30
    assert spread[heat < 0.05].max(initial=0) < 30


def test_the_overlay_of_no_opacity_is_the_film(assessor: Assessor, film: bytes) -> None:
    maps = assessor.read(film).class_maps

    with Image.open(io.BytesIO(assessor.overlay(film, maps, "hairline", opacity=0))) as image:
        shown = image.convert("L").crop((0, 0, image.width, image.height - CAPTION_HEIGHT))

    with Image.open(io.BytesIO(assessor.film(film))) as alone:
        assert shown.tobytes() == alone.tobytes()


def test_a_small_overlay_is_the_large_one_seen_from_afar(assessor: Assessor, film: bytes) -> None:
    maps = assessor.read(film).class_maps

    large = picture_of(assessor.overlay(film, maps, "displaced"))
    small = picture_of(assessor.overlay(film, maps, "displaced", longest_side=128))

    assert small.size == (96, 128)
    afar = np.asarray(large.resize(small.size, Image.Resampling.BILINEAR), float)
    assert np.abs(np.asarray(small, float) - afar).mean() < 2


def picture_of(overlay: bytes) -> Image.Image:
    """Return an overlay without the strip below it."""
    with Image.open(io.BytesIO(overlay)) as image:
        return image.crop((0, 0, image.width, image.height - CAPTION_HEIGHT))


@pytest.mark.parametrize(
    ("name", "opacity"), [("fractured", 0.5), ("hairline", -0.1), ("hairline", 1.1), ("normal", np.nan)]
)
def test_an_overlay_out_of_range_is_refused(assessor: Assessor, film: bytes, name: str, opacity: float) -> None:
    maps = assessor.read(film).class_maps

    with pytest.raises(errors.InvalidParameter):
        assessor.overlay(film, maps, name, opacity=opacity)  # type: ignore[arg-type]


def test_a_dicom_film_can_be_shown_by_a_browser(assessor: Assessor) -> None:
    pixels = films.bone(120, 90)

    with Image.open(io.BytesIO(assessor.film(films.dicom(pixels, photometric="MONOCHROME1")))) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "L", (90, 120))
        assert np.asarray(image) / 255 == pytest.approx(pixels, abs=0.01)


def test_the_shipped_model_refuses_grey_clouds_and_reads_real_films() -> None:
    shipped = open_assessor(None, instances=1)

    clouds = shipped.assess(films.encoded(films.clouds()))

    assert clouds.outcome is Outcome.CANNOT_ASSESS
    assert [reason.code for reason in clouds.reasons] == ["unlike_training_films"]
    for name in ("displaced-elbow", "hairline-wrist", "normal-elbow"):
        assessment = shipped.assess(films.encoded(films.sample(name)))
        assert assessment.outcome is not Outcome.CANNOT_ASSESS
        assert assessment.reasons == ()


def test_the_shipped_model_remarks_on_two_films_on_one_sheet() -> None:
    assessment = open_assessor(None, instances=1).assess(films.encoded(films.sheet("displaced-elbow", "normal-elbow")))

    assert assessment.outcome is not Outcome.CANNOT_ASSESS
    assert [reason.code for reason in assessment.reasons] == ["several_views"]


def test_the_shipped_model_reads_a_film(film: bytes) -> None:
    bundle = open_bundle(None)
    shipped = open_assessor(None, instances=1)

    reading = shipped.read(film, heatmaps=HeatmapChoice.ALL)

    assert shipped.model.digest == bundle.manifest.graph.sha256
    assert sum(reading.assessment.probabilities.model_dump().values()) == pytest.approx(1, abs=1e-6)
    side = bundle.manifest.input_size // bundle.manifest.cell_stride
    assert reading.class_maps.shape == (side, side, 3)
