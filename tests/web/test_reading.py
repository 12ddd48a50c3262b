"""A film in, its reading on the screen: the figures of the API, the film, and the heat map exactly over it."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from playwright.sync_api import Route

from tests import films
from tests.web.conftest import Visit, Visitor, is_reading
from tests.web.transfer import drop, paste

pytestmark = pytest.mark.browser

OUTCOMES = {
    "no_fracture_seen": "No fracture seen",
    "fracture_suspected": "Fracture suspected",
    "fracture_likely": "Fracture likely",
}


def picture(visit: Visit, selector: str) -> npt.NDArray[np.float32]:
    """Return what a part of the page looks like, (h, w, 3) in [0, 255]."""
    with Image.open(io.BytesIO(visit.page.locator(selector).screenshot())) as image:
        return np.asarray(image.convert("RGB"), dtype=np.float32)


def value(visit: Visit, selector: str) -> float:
    """Return the exact number behind a figure."""
    return float(visit.page.get_attribute(selector, "value") or "nan")


@pytest.mark.parametrize("sample", ["normal-elbow", "displaced-elbow", "hairline-wrist"])
def test_shows_the_figures_that_the_api_gave(visit: Visit, sample: str) -> None:
    reading = visit.sample(sample)

    assert visit.text("#outcome") == OUTCOMES[reading["outcome"]]
    assert value(visit, "#fracture-probability") == reading["fracture_probability"]
    for name, probability in reading["probabilities"].items():
        assert value(visit, f"[data-class={name}] data") == probability
    for name, point in reading["operating_points"].items():
        assert value(visit, f"#point-{name}") == point
    assert visit.page.is_visible("#severity") == (reading["severity"] is not None)
    assert reading["model"]["version"] in visit.text("#fact-model")
    assert f"{reading['image']['width']} × {reading['image']['height']}" in visit.text("#fact-film")


def test_bars_are_as_long_as_their_figures(visit: Visit) -> None:
    reading = visit.sample("displaced")

    for name, probability in reading["probabilities"].items():
        bar = picture(visit, f"[data-class={name}] .track")
        row = bar[bar.shape[0] // 2]
        filled = np.abs(row - row[-3]).max(axis=1) > 40  # the far end is never filled: no probability is 1
        assert filled.mean() == pytest.approx(probability, abs=0.02)


def test_marks_both_operating_points_on_the_bar(visit: Visit) -> None:
    points = visit.sample("displaced")["operating_points"]

    bar = visit.page.locator("#gauge .track").bounding_box()
    assert bar
    for name, point in points.items():
        mark = visit.page.locator(f"#gauge .mark-{name}").bounding_box()
        assert mark
        assert mark["x"] + mark["width"] / 2 == pytest.approx(bar["x"] + point * bar["width"], abs=1)


def test_film_and_heat_map_stand_side_by_side_and_the_map_covers_the_film(visit: Visit) -> None:
    visit.sample("normal-elbow")

    film, under, heat = (visit.page.locator(part).bounding_box() for part in ("#film", "#heat-film", "#heat"))
    assert film
    assert under
    assert under == heat
    assert film["x"] + film["width"] <= under["x"]
    assert (film["width"], film["height"], film["y"]) == (under["width"], under["height"], under["y"])
    assert film["width"] / film["height"] == pytest.approx(512 / 410, rel=0.01)


def test_opacity_slider_fades_the_heat_map_down_to_the_bare_film(visit: Visit) -> None:
    visit.sample("displaced")
    film = picture(visit, "#film-pane .stage")

    shown = {}
    for opacity in ("0", "50", "100"):
        visit.page.fill("#opacity", opacity)
        shown[opacity] = picture(visit, "#heat-pane .stage")
        assert visit.text("#opacity-value") == f"{opacity}%"

    height, width = min(film.shape[0], shown["0"].shape[0]), min(film.shape[1], shown["0"].shape[1])
    change = {name: float(np.abs(seen[:height, :width] - film[:height, :width]).mean()) for name, seen in shown.items()}
    assert change["0"] < 2.5  # the two panes may round a fraction of a pixel differently
    assert change["0"] + 1 < change["50"] < change["100"]


def test_first_shows_where_a_fracture_would_be_then_whichever_class_is_asked_for(visit: Visit) -> None:
    reading = visit.sample("normal-elbow")
    fractures = {name: reading["probabilities"][name] for name in ("hairline", "displaced")}

    first = visit.page.input_value("input[name=class]:checked")
    assert first == max(fractures, key=lambda name: fractures[name])
    for name in ("hairline", "displaced", "normal"):
        visit.page.check(f"input[name=class][value={name}]", force=True)
        assert visit.page.get_attribute("#heat", "src") == reading["heatmaps"][name]
        assert name in visit.text("#heat-caption")


@pytest.mark.parametrize("kind", ["tiff", "dicom"])
def test_shows_formats_that_browsers_cannot(visit: Visit, kind: str) -> None:
    film = films.bone(400, 300)
    data = films.encoded(film, "TIFF") if kind == "tiff" else films.dicom(film)

    reading = visit.choose(data, f"film.{kind}")

    assert reading["image"]["kind"] == kind
    assert visit.page.evaluate("document.querySelector('#film').naturalWidth") > 0
    assert f"{visit.url}v1/assessments/{reading['id']}/film.png?longest_side=2048" in visit.requests
    assert picture(visit, "#film-pane .stage").max() > 150


def test_shows_a_rotated_photograph_of_a_film_upright_under_its_map(visit: Visit) -> None:
    film = films.sample("displaced-elbow")
    film[round(0.04 * 454) : round(0.1 * 454), round(0.05 * 373) : round(0.15 * 373)] = 1  # a marker at the top left
    reading = visit.choose(films.rotated_by_exif(film, 6), "film.jpg")

    assert (reading["image"]["width"], reading["image"]["height"]) == (373, 454)
    box = visit.page.locator("#heat").bounding_box()
    assert box
    assert box["width"] / box["height"] == pytest.approx(373 / 454, rel=0.01)
    pane = picture(visit, "#film-pane .stage")
    height, width, _ = pane.shape
    marker = pane[round(0.05 * height) : round(0.09 * height), round(0.07 * width) : round(0.13 * width)]
    assert marker.mean() > 200


def test_gives_reasons_instead_of_figures_for_a_film_that_cannot_be_assessed(visit: Visit) -> None:
    blank = films.encoded(np.full((300, 300), 0.5, dtype=np.float32))

    reading = visit.choose(blank)

    assert reading["outcome"] == "cannot_assess"
    assert visit.text("#outcome") == "This film cannot be assessed"
    assert visit.page.locator("#notes-list li").count() == len(reading["reasons"]) > 0
    assert visit.page.is_visible("#film")
    for figure in ("#fracture-probability", "#bars", "#controls", "#heat-pane"):
        assert visit.page.is_hidden(figure)


def test_says_of_a_sheet_with_several_films_what_its_figures_are_for(visit: Visit) -> None:
    reading = visit.choose(films.encoded(films.sheet("displaced-elbow", "normal-elbow")))

    assert [reason["code"] for reason in reading["reasons"]] == ["several_views"]
    assert visit.text("#notes-title") == "Keep in mind"
    assert "The probabilities are for the whole sheet." in visit.text("#notes-list")
    assert visit.page.is_visible("#fracture-probability")


def test_says_why_a_picture_that_is_no_film_cannot_be_assessed(visit: Visit) -> None:
    reading = visit.choose(films.encoded(films.clouds()))

    assert [reason["code"] for reason in reading["reasons"]] == ["unlike_training_films"]
    assert visit.text("#notes-title") == "Why"
    assert "unlike every kind of film" in visit.text("#notes-list")
    assert visit.page.is_hidden("#fracture-probability")


def test_keeps_the_name_of_the_file_to_itself(visit: Visit) -> None:
    visit.page.evaluate("""() => {
        const append = FormData.prototype.append;
        window.sent = [];
        FormData.prototype.append = function (...part) { window.sent.push(part.at(-1)); append.apply(this, part); };
    }""")

    visit.choose(films.encoded(films.bone()), "DOE^JANE-1970-01-01.png")

    assert visit.page.evaluate("window.sent") == ["film"]


def test_sends_a_large_film_in_two_steps(visitor: Visitor) -> None:
    visit = visitor()
    limit_direct_posts(visit, 1000)
    methods: list[tuple[str, str]] = []
    visit.page.on("request", lambda request: methods.append((request.method, request.url.removeprefix(visit.url))))

    reading = visit.choose(films.encoded(films.bone(600, 400)))

    posted = [(method, url.partition("?")[0].split("/")[:2]) for method, url in methods if method != "GET"]
    assert posted == [("POST", ["v1", "uploads"]), ("PUT", ["v1", "uploads"]), ("POST", ["v1", "assessments"])]
    assert reading["image"] == {"kind": "png", "width": 400, "height": 600}
    assert visit.complaints == []


def test_a_newer_film_replaces_one_that_is_still_being_read(visit: Visit) -> None:
    held: list[Route] = []
    visit.page.route("**/v1/assessments?*", lambda route: held.append(route), times=1)
    visit.put(films.encoded(films.bone()))
    visit.page.wait_for_selector("#viewer[aria-busy=true]")

    with visit.page.expect_response(is_reading) as answer:
        drop(visit, {"film.png": films.encoded(films.bone(300, 300))})

    assert visit.shown(answer.value)["image"]["width"] == 300
    assert "300 × 300" in visit.text("#fact-film")
    assert visit.page.is_hidden("#failure")


def test_a_reading_under_way_can_be_cancelled(visit: Visit) -> None:
    visit.page.route("**/v1/assessments?*", lambda route: None)
    visit.put(films.encoded(films.bone()))

    visit.page.click("#cancel")

    assert visit.page.is_visible("#intake")
    assert visit.page.is_hidden("#reading")
    assert visit.page.is_hidden("#failure")


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_takes_a_film_that_is_dropped_or_pasted(visit: Visit, way: str) -> None:
    data = films.encoded(films.bone(320, 240))

    with visit.page.expect_response(is_reading) as answer:
        (drop if way == "drop" else paste)(visit, {"film.png": data})

    assert visit.shown(answer.value)["image"]["height"] == 320


def test_reads_the_first_of_several_films_and_says_so(visit: Visit) -> None:
    one = films.encoded(films.bone())

    with visit.page.expect_response(is_reading) as answer:
        drop(visit, {"a.png": one, "b.png": one})

    visit.shown(answer.value)
    assert "first of them" in visit.text("#only-first")


def limit_direct_posts(visit: Visit, limit: int) -> None:
    """Load the page again as a host would configure it whose gateway takes only small bodies."""

    def configure(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"direct_max_bytes": limit})

    visit.page.route("**/config.json", configure)
    visit.page.reload()
    visit.until_ready()
