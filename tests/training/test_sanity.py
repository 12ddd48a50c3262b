"""Sanity checks of the heatmap: against hand calculation, and on small networks and films drawn from formulas."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import spearmanr

from fracturelens.letterbox import Letterbox
from tests.training.conftest import NOTCH, draw_fracatlas
from training.datasets import DataError, Dataset, fracatlas
from training.metrics import GroupBootstrap
from training.pointing import Target
from training.recipe import Recipe, Stage
from training.sanity import similarity

# Keras hands its variables to NumPy in a way that NumPy 2 warns of when weights are saved.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")

RECIPE = Recipe(stages=(Stage(96, epochs=1, rate=1e-3),), alpha=0.35, batch_size=8, seed=3)
CELLS = RECIPE.input_size // RECIPE.output_stride
RANDOM = np.random.default_rng(11)


# How alike two maps are


def test_rank_correlation_agrees_with_another_implementation_also_with_ties() -> None:
    one, other = (np.maximum(RANDOM.normal(size=200), 0).astype(np.float32) for _ in range(2))

    assert similarity.spearman(one, other) == pytest.approx(spearmanr(one, other).statistic)
    assert similarity.spearman(one, one * 7) == pytest.approx(1)


def test_an_empty_map_is_neither_like_nor_unlike() -> None:
    empty, other = np.zeros(50, np.float32), RANDOM.random(50, dtype=np.float32)

    assert np.isnan(similarity.spearman(empty, other))
    assert np.isnan(similarity.spearman(other, empty))


def test_only_cells_centred_on_the_film_count() -> None:
    # Cell i looks around pixel 16 i + 15: of 15, 31, 47, 63, 79, 95, those from 20 to 75 are on the film.
    found = similarity.cells_on_film(Letterbox(96, left=20, top=0, width=56, height=96), RECIPE)

    assert found.any(axis=0).tolist() == [False, True, True, True, False, False]
    assert found[:, 1].all()


def test_peaks_are_found_on_the_film_and_diagonal_neighbours_are_near() -> None:
    on_film = np.ones((6, 6), dtype=bool)
    on_film[0] = False
    one, near, far = (np.zeros((6, 6), np.float32) for _ in range(3))
    one[2, 2] = near[3, 3] = far[5, 5] = 1
    near[0, 0] = 9  # on the black bars, which nobody sees

    assert similarity.peak_distance(one, near, on_film) == (2**0.5, True)
    assert similarity.peak_distance(one, far, on_film) == (18**0.5, False)
    distance, neighbours = similarity.peak_distance(one, np.zeros((6, 6), np.float32), on_film)
    assert np.isnan(distance)
    assert not neighbours


def test_the_median_leaves_out_what_is_unknown_and_counts_films_by_weight() -> None:
    values = np.array([[5.0, 1.0, np.nan], [7.0, np.nan, 3.0]])

    metric = similarity.median(values)

    # Values known: 5 and 7 of the first film, 1 of the second, 3 of the third.
    assert metric(np.array([[1.0, 1.0, 1.0], [0.0, 1.0, 2.0], [3.0, 1.0, 0.0]])).tolist() == [3, 3, 5]
    assert np.isnan(similarity.median(np.array([np.nan, 1.0]))(np.array([1.0, 0.0])))


def test_a_weight_of_two_counts_a_film_twice_in_a_correlation() -> None:
    one = RANDOM.random(40)
    other, weights = one + RANDOM.random(40), RANDOM.integers(0, 3, 40)
    repeated = np.repeat(np.arange(40), weights)

    found = similarity.pearson(one, other)(weights.astype(float))

    assert found == pytest.approx(np.corrcoef(one[repeated], other[repeated])[0, 1])


# Pointing


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_fracatlas(tmp_path_factory.mktemp("drawn") / "films")


@pytest.fixture(scope="module")
def dataset(folder: Path) -> Dataset:
    return fracatlas.read(folder)


def one_hot(row: int, column: int) -> npt.NDArray[np.float32]:
    cells = np.full((CELLS, CELLS), -1, np.float32)
    cells[row, column] = 2
    return cells


def fractured(dataset: Dataset) -> int:
    return next(row for row, film in enumerate(dataset.films) if film.fractured)


def test_the_cell_that_looks_at_the_fracture_hits_it_and_a_far_one_does_not(dataset: Dataset) -> None:
    # The drawn films are 144 x 192 pixels, so half as large in the input, 12 pixels from its left edge.
    x, y = 12 + (NOTCH[0] + NOTCH[2]) / 4, (NOTCH[1] + NOTCH[3]) / 4
    row, column = (round((place - 15) / 16) for place in (y, x))
    target = Target.of(dataset.films[fractured(dataset)], RECIPE)

    hit, miss = target.point(one_hot(row, column)), target.point(one_hot(0, 4))

    assert (hit.one_cell, miss.one_cell, miss.strict) == (True, False, False)
    assert hit.heat_inside > 0.8
    assert miss.heat_inside < 0.1
    assert 0 < hit.even_heat == miss.even_heat < 0.5


def test_what_lies_on_the_black_bars_is_not_shown_and_an_empty_map_hits_nothing(dataset: Dataset) -> None:
    target = Target.of(dataset.films[fractured(dataset)], RECIPE)
    x, y = 12 + (NOTCH[0] + NOTCH[2]) / 4, (NOTCH[1] + NOTCH[3]) / 4
    cells = one_hot(*(round((place - 15) / 16) for place in (y, x)))
    with_bar = cells.copy()
    with_bar[:, -1] = 100  # cell 5 looks around pixel 95; the film ends at pixel 83

    empty = target.point(np.full((CELLS, CELLS), -1, np.float32))

    assert (empty.empty, empty.one_cell, empty.strict, empty.heat_inside) == (True, False, False, 0)
    assert target.point(cells).one_cell
    heat_of_bar = target.point(with_bar).heat_inside
    assert 0 < heat_of_bar < target.point(cells).heat_inside


# Randomising


@pytest.fixture(scope="module")
def small() -> Any:
    from training import network

    return network.build(RECIPE)


def weights_by_group(model: Any) -> dict[str, list[npt.NDArray[np.float32]]]:
    from training.network import BACKBONE, CLASS_MAPS
    from training.sanity.randomise import _group

    found: dict[str, list[npt.NDArray[np.float32]]] = {CLASS_MAPS: model.get_layer(CLASS_MAPS).get_weights()}
    for layer in model.get_layer(BACKBONE).layers:
        if layer.weights:
            found.setdefault(_group(layer.name), []).extend(layer.get_weights())
    return found


@pytest.mark.training
def test_groups_run_from_the_top_down_and_hold_every_weight(small: Any) -> None:
    from training.sanity.randomise import layer_groups

    groups = layer_groups(small)

    assert groups == ["class_maps", "Conv_1", *(f"block_{n}" for n in range(16, 0, -1)), "expanded_conv", "Conv1"]
    held = sum(array.size for arrays in weights_by_group(small).values() for array in arrays)
    assert held == small.count_params() - 3  # the pooling's bias is no part of the maps


@pytest.mark.training
def test_drawing_changes_the_named_groups_only_and_the_same_seed_draws_the_same(small: Any) -> None:
    from training.sanity.randomise import layer_groups, redraw

    trained = small.get_weights()
    before = weights_by_group(small)
    redraw(small, ["block_9"], seed=4)
    alone = weights_by_group(small)
    small.set_weights(trained)
    redraw(small, layer_groups(small), seed=4)
    among_others = weights_by_group(small)
    redraw(small, ["block_9"], seed=5)
    otherwise = weights_by_group(small)
    small.set_weights(trained)

    changed = {name for name in before if any((a != b).any() for a, b in zip(before[name], alone[name], strict=True))}
    assert changed == {"block_9"}
    for a, b in zip(alone["block_9"], among_others["block_9"], strict=True):
        np.testing.assert_array_equal(a, b)
    assert (otherwise["block_9"][0] != alone["block_9"][0]).any()


@pytest.mark.training
def test_drawn_convolutions_keep_the_variance_of_activations(small: Any) -> None:
    from training.network import BACKBONE
    from training.sanity.randomise import redraw

    trained = small.get_weights()
    redraw(small, ["block_16"], seed=1)
    layers = {layer.name: layer.get_weights()[0] for layer in small.get_layer(BACKBONE).layers if layer.weights}
    small.set_weights(trained)

    expand, depthwise = layers["block_16_expand"], layers["block_16_depthwise"]
    assert expand.var() == pytest.approx(2 / expand.shape[2], rel=0.05)
    assert depthwise.var() == pytest.approx(2 / 9, rel=0.1)


@pytest.mark.training
@pytest.mark.slow
def test_settled_networks_read_as_they_were_settled_and_do_not_collapse(small: Any, dataset: Dataset) -> None:
    from training import network
    from training.fit import predict
    from training.network import BACKBONE
    from training.sanity.randomise import layer_groups, redraw, settle

    trained = small.get_weights()
    untouched = small.get_layer(BACKBONE).get_layer("block_1_expand_BN").get_weights()
    reader = network.explained(small)
    groups = layer_groups(small)[:8]
    inputs = films_of(dataset, range(16))
    redraw(small, groups, seed=2)
    settle(reader, small, groups, inputs)

    fitted = np.asarray(reader(inputs, training=True)["class_maps"])
    read = predict(small, list(dataset.films), np.arange(16), RECIPE)["class_maps"]
    after = small.get_layer(BACKBONE).get_layer("block_1_expand_BN").get_weights()
    drawn = small.get_layer(BACKBONE).get_layer("block_16_project_BN").get_weights()
    small.set_weights(trained)

    # If the statistics were those of anything but the activations as they now are, reading would differ from fitting.
    np.testing.assert_allclose(read, fitted, atol=1e-3 * np.abs(fitted).max())
    assert (read.reshape(16, -1).std(axis=1) > 0.05 * np.abs(read).max()).all()
    for old, new in zip(untouched, after, strict=True):
        np.testing.assert_array_equal(old, new)
    assert drawn[2].any()


def films_of(dataset: Dataset, rows: range) -> npt.NDArray[np.float32]:
    from fracturelens.letterbox import letterbox
    from training.packing import read_film

    return np.stack([letterbox(read_film(dataset.films[row]), RECIPE.input_size)[0] for row in rows])[..., np.newaxis]


# The whole check


@dataclass(frozen=True, slots=True)
class Done:
    runs: Path
    results: Path
    found: dict[str, Any]


@pytest.fixture(scope="module")
def runs(dataset: Dataset, small: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of two folds: networks of different weights, each with its predictions of its held-out films.

    Drawn at random but for the class maps, whose weights are fitted to the films' labels (ridge regression), some of
    them wrong: networks that are good, but not perfect, can be calibrated.
    """
    from training import network
    from training.crossval import OUTPUT, save
    from training.fit import WEIGHTS, predict
    from training.sanity.randomise import layer_groups, redraw, settle

    runs = tmp_path_factory.mktemp("runs")
    films = list(dataset.films)
    labels = np.stack([film.target() for film in films])
    labels[::5] = np.roll(labels[::5], 1, axis=0)
    for fold in (0, 1):
        redraw(small, layer_groups(small), seed=50 + fold)
        settle(network.explained(small), small, layer_groups(small), films_of(dataset, range(16)))
        features = predict(small, films, np.arange(len(films)), RECIPE)["features"]
        middle = features - features.mean(axis=0)
        kernel = middle.T @ np.linalg.solve(middle @ middle.T + 0.3 * np.eye(len(films)), labels - labels.mean(axis=0))
        small.get_layer(network.CLASS_MAPS).set_weights([3 * kernel[np.newaxis, np.newaxis]])
        place = runs / f"fold-{fold}"
        place.mkdir()
        small.save_weights(place / WEIGHTS)
        own = np.array([row for row, film in enumerate(films) if film.fold == fold])
        save(place / OUTPUT, [films[row].id for row in own], predict(small, films, own, RECIPE))
    return runs


@pytest.fixture(scope="module")
def done(dataset: Dataset, runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Done:
    from training.sanity import checks as sanity

    results = tmp_path_factory.mktemp("results")
    return Done(runs, results, sanity.run(dataset, RECIPE, runs, results, draws=2, most=4))


@pytest.mark.training
@pytest.mark.slow
def test_every_fold_is_examined_layer_by_layer(done: Done) -> None:
    from training.sanity.cascade import FOUND, LIKENESS

    found = json.loads((done.results / "sanity.json").read_text())

    assert found == json.loads(json.dumps(done.found))
    assert (found["films"], found["folds"], found["draws"], found["followed"]["films"]) == (24, 2, 2, 8)
    assert [step["layer"] for step in found["cascade"]][:3] == ["class_maps", "Conv_1", "block_16"]
    assert len(found["cascade"]) == len(found["alone"]) == 20
    first = np.load(done.runs / "fold-0" / FOUND)
    # The last step of the cascade is the network that is random altogether: it points alike.
    last = first["cascade"][:, -1, :, len(LIKENESS) :]
    np.testing.assert_allclose(last, first["random"][:, first["followed"]], atol=1e-4)
    # Randomising the top alone is the cascade's first step.
    np.testing.assert_allclose(first["alone"][0, 0], first["cascade"][0, 0], atol=1e-4)
    assert (first["random"][0] != first["random"][1]).any()


@pytest.mark.training
@pytest.mark.slow
def test_finished_folds_are_not_examined_again_unless_the_network_changed(
    dataset: Dataset, done: Done, small: Any, tmp_path: Path
) -> None:
    from training.sanity import checks as sanity
    from training.sanity.cascade import FOUND

    runs = tmp_path / "runs"
    shutil.copytree(done.runs, runs)
    before = [(runs / f"fold-{fold}" / FOUND).stat().st_mtime_ns for fold in (0, 1)]

    again = sanity.run(dataset, RECIPE, runs, tmp_path / "results", draws=2, most=4)

    assert again == done.found
    assert [(runs / f"fold-{fold}" / FOUND).stat().st_mtime_ns for fold in (0, 1)] == before
    # The other fold's network gives itself away: it did not make these predictions.
    shutil.copy(runs / "fold-1" / "model.weights.h5", runs / "fold-0" / "model.weights.h5")
    with pytest.raises(DataError, match="did not make the predictions"):
        sanity.run(dataset, RECIPE, runs, tmp_path / "results", draws=2, most=4)


@pytest.mark.training
@pytest.mark.slow
def test_a_network_left_as_it_was_shows_the_same_map(dataset: Dataset, runs: Path) -> None:
    from training.sanity.cascade import HeldOut, column

    rows = [row for row, film in enumerate(dataset.films) if film.fold == 0 and film.fractured]
    logits = np.load(runs / "fold-0" / "out-of-fold.npz")
    place = {name: row for row, name in enumerate(logits["ids"].tolist())}
    own = logits["logits"][[place[dataset.films[row].id] for row in rows]]
    held_out = HeldOut([dataset.films[row] for row in rows], np.full(len(rows), 2), own, RECIPE, runs / "fold-0")

    same = column(held_out.measured(held_out.everything), "signed")

    np.testing.assert_allclose(same, 1, atol=1e-6)
    changed = column(next(held_out.cascade(1, held_out.everything)), "signed")
    assert (np.abs(changed) < 0.999).all()


def test_a_collapsed_map_is_counted_apart_and_not_as_unlike() -> None:
    from training.sanity.cascade import COLUMNS
    from training.sanity.checks import _step

    values = np.full((1, 4, len(COLUMNS)), np.nan)
    values[..., 3:] = 0
    values[0, 0, :3] = -0.6
    values[0, 1, :3] = 0.8

    found = _step([values], GroupBootstrap(np.arange(4)))

    assert found["undefined"] == 0.5
    assert found["shown"]["value"] == 0.6  # sign aside; of the two films that are known
    values[..., :3] = np.nan
    assert _step([values], GroupBootstrap(np.arange(4)))["shown"] == {"value": None, "low": None, "high": None}


# A second training


def second_run(runs: Path, place: Path, change: Any, folds: tuple[int, ...] = (0, 1)) -> Path:
    from training.crossval import OUTPUT

    for fold in folds:
        content = dict(np.load(runs / f"fold-{fold}" / OUTPUT))
        (place / f"fold-{fold}").mkdir(parents=True)
        np.savez(place / f"fold-{fold}" / OUTPUT, **change(content))
    return place


def repeat(dataset: Dataset, runs: Path, second: Path) -> dict[str, Any]:
    from training.readings import OutOfFold, read
    from training.sanity.repeatability import repeatability

    return repeatability(read(dataset, OutOfFold.gather(dataset, runs)), RECIPE, runs, second)


@pytest.mark.training
def test_a_sibling_that_reads_nearly_alike_agrees_and_a_stranger_does_not(
    dataset: Dataset, runs: Path, tmp_path: Path
) -> None:
    random = np.random.default_rng(2)
    target = {film.id: film.target() for film in dataset.films}

    def skilled(content: dict[str, Any]) -> dict[str, Any]:
        truth = np.stack([target[name] for name in content["ids"].tolist()])
        return {**content, "logits": 2 * truth + random.normal(size=truth.shape)}

    def nearly(content: dict[str, Any]) -> dict[str, Any]:
        return {**content, "logits": content["logits"] + 0.02 * random.normal(size=content["logits"].shape)}

    def stranger(content: dict[str, Any]) -> dict[str, Any]:
        order = random.permutation(len(content["logits"]))
        return {**content, "logits": content["logits"][order], "class_maps": content["class_maps"][order]}

    first = second_run(runs, tmp_path / "first", skilled)
    alike = repeat(dataset, first, second_run(first, tmp_path / "alike", nearly))
    unlike = repeat(dataset, first, second_run(first, tmp_path / "unlike", stranger))

    assert alike["pearson"]["value"] > 0.99 > 0.6 > unlike["pearson"]["value"]
    assert alike["spearman"]["value"] > 0.98
    assert alike["same_suspicion"]["value"] > unlike["same_suspicion"]["value"]
    assert alike["auroc"]["difference"]["low"] <= 0 <= alike["auroc"]["difference"]["high"]
    assert unlike["auroc"]["difference"]["high"] < 0
    assert alike["maps"]["films"] == sum(film.fractured for film in dataset.films)


@pytest.mark.training
def test_peaks_moved_by_two_cells_are_two_cells_apart(dataset: Dataset, runs: Path, tmp_path: Path) -> None:
    def peak_at(row: int, column: int) -> Any:
        def change(content: dict[str, Any]) -> dict[str, Any]:
            maps = np.zeros_like(content["class_maps"])
            maps[:, row, column] = 1
            return {**content, "class_maps": maps, "logits": content["logits"] * (1 + 0.01 * row)}

        return change

    first = second_run(runs, tmp_path / "first", peak_at(1, 2))
    apart = repeat(dataset, first, second_run(runs, tmp_path / "apart", peak_at(3, 2)))["maps"]
    near = repeat(dataset, first, second_run(runs, tmp_path / "near", peak_at(2, 3)))["maps"]

    assert (apart["peak_distance"]["value"], apart["peaks_within_one_cell"]["value"]) == (2, 0)
    assert near["peaks_within_one_cell"]["value"] == 1


@pytest.mark.training
def test_one_fold_is_enough_and_what_cannot_be_compared_is_refused(
    dataset: Dataset, runs: Path, tmp_path: Path
) -> None:
    def moved(content: dict[str, Any]) -> dict[str, Any]:
        return {**content, "logits": content["logits"] * 1.1}

    one = repeat(dataset, runs, second_run(runs, tmp_path / "one", moved, folds=(1,)))
    assert (one["folds"], one["films"]) == ([1], sum(film.fold == 1 for film in dataset.films))

    with pytest.raises(DataError, match="no fold is trained here"):
        repeat(dataset, runs, tmp_path / "nothing")
    with pytest.raises(DataError, match="very same network"):
        repeat(dataset, runs, runs)
    smaller = second_run(runs, tmp_path / "smaller", lambda found: {**found, "class_maps": found["class_maps"][:, :3]})
    with pytest.raises(DataError, match="another size"):
        repeat(dataset, runs, smaller)
    others = second_run(runs, tmp_path / "others", lambda found: {**found, "ids": np.char.add(found["ids"], "x")})
    with pytest.raises(DataError, match="not of this fold's films"):
        repeat(dataset, runs, others)


@pytest.mark.training
def test_recipes_that_differ_and_epochs_in_common_are_told(dataset: Dataset, runs: Path, tmp_path: Path) -> None:
    def moved(content: dict[str, Any]) -> dict[str, Any]:
        return {**content, "logits": content["logits"] * 1.1}

    def write(place: Path, recipe: Recipe, losses: list[float]) -> None:
        history = ["epoch,loss", *(f"{epoch},{loss}" for epoch, loss in enumerate(losses))]
        for fold in (0, 1):
            (place / f"fold-{fold}" / "recipe.json").write_text(json.dumps(recipe.to_json()))
            (place / f"fold-{fold}" / "history.csv").write_text("\n".join(history))

    first = second_run(runs, tmp_path / "first", lambda found: found)
    second = second_run(runs, tmp_path / "second", moved)
    found = repeat(dataset, first, second)
    assert (found["same_recipe"], found["common_epochs"]) == (None, None)

    write(first, RECIPE, [0.9, 0.8, 0.7])
    reading = Stage(128, epochs=0, rate=0.0)
    write(second, replace(RECIPE, seed=9, stages=(*RECIPE.stages, reading)), [0.9, 0.8, 0.6])
    found = repeat(dataset, first, second)
    assert (found["same_recipe"], found["seeds"]) == (True, [[3, 3], [9, 9]])
    assert (found["epochs"], found["common_epochs"]) == (3, 2)

    write(second, replace(RECIPE, seed=9, sharpness=5.0), [0.91, 0.81, 0.6])
    found = repeat(dataset, first, second)
    assert (found["same_recipe"], found["common_epochs"]) == (False, 0)


# Words and the figure


def figures(medians: list[float]) -> dict[str, Any]:
    """Return figures as a run writes them, with these medians of the cascade."""
    layers = ["class_maps", "Conv_1", "block_16"]

    def value(of: float) -> dict[str, Any]:
        return {"value": of, "low": of - 0.01, "high": of + 0.01}

    steps = [
        {
            "layer": layer,
            **{name: value(median) for name in ("shown", "signed", "square", "one_cell")},
            "networks": [median, median],
            "undefined": 0.25,
        }
        for layer, median in zip(layers, medians, strict=True)
    ]
    judged = {name: value(0.5) for name in ("strict", "one_cell", "heat_inside", "empty")}
    baselines = {name: value(0.1) for name in ("centre", "bone", "bone_heat", "even_heat")}
    return {
        "films": 10,
        "groups": 9,
        "folds": 2,
        "draws": 1,
        "settling_films": 16,
        "limit": 0.2,
        "pointing": {
            **dict.fromkeys(("trained", "random", "difference"), judged),
            "each_draw": {"one_cell": [0.034]},
            "baselines": baselines,
        },
        "followed": {"films": 8, "groups": 7, "one_cell": value(0.6)},
        "cascade": steps,
        "alone": steps,
        "unrelated": value(0.15),
        "repeatability": None,
    }


@pytest.mark.parametrize(
    ("medians", "said"),
    [
        ([0.1, 0.05, 0.02], "The shown map is below the limit from the first step on"),
        (
            [0.5, 0.3, 0.1],
            "The shown map is **not** below the limit at `class_maps`, `Conv_1`; it is and stays below from `block_16`",
        ),
        ([0.1, 0.1, 0.2], "The shown map does **not** stay below the limit"),
    ],
)
def test_the_page_says_what_the_figures_say(medians: list[float], said: str) -> None:
    from training.sanity.report import lines

    page = "\n".join(lines(figures(medians)))

    assert said in page
    assert "| `Conv_1` |" in page
    assert "| 25.0 % |" in page
    assert "no second training is at hand" in page


@pytest.mark.training
@pytest.mark.slow
def test_page_and_figure_come_from_the_figures_alone(done: Done, dataset: Dataset, tmp_path: Path) -> None:
    from training.sanity.figures import draw
    from training.sanity.report import FIGURE, lines

    second = second_run(done.runs, tmp_path / "second", lambda found: {**found, "logits": found["logits"] * 1.1})
    found = json.loads((done.results / "sanity.json").read_text())
    found["repeatability"] = repeat(dataset, done.runs, second)
    for name in ("one", "other"):
        draw(found, tmp_path / name)

    image = (tmp_path / "one" / FIGURE).read_bytes()
    assert image.startswith(b"\x89PNG")
    assert image == (tmp_path / "other" / FIGURE).read_bytes()
    page = "\n".join(lines(json.loads(json.dumps(found))))
    assert page.count("\n| `") == 20
    assert "difference in AUROC (paired)" in page
    assert "epochs in common" not in page
    found["repeatability"] |= {"epochs": 18, "common_epochs": 12}
    assert "**They have 12 of their 18 epochs in common**" in "\n".join(lines(found))
