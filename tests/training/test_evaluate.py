"""Predictions become figures: the right films in each, none where too few stand behind it, nothing stale joined in."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from training.crossval import OUTPUT
from training.datasets import DataError, Dataset, Film
from training.evaluate import evaluate, figures, joined
from training.readings import OutOfFold, Readings, read
from training.recipe import Recipe

SEVERITIES = ("normal", "normal", "normal", "hairline", "displaced")
READINGS = {"hairline": "hairline/hairline", "displaced": "displaced/displaced"}
RECIPE = Recipe.of({"stages": [{"input_size": 64, "epochs": 1, "rate": 0.001}]})


def films(count: int = 400) -> Dataset:
    """Draw films of 5 folds; every seventh reading of a fractured film is contradicted by the second reader."""
    made = []
    for number in range(count):
        severity = SEVERITIES[number % 5]
        readings = READINGS.get(severity, "")
        if readings and number % 7 == 0:
            readings = "hairline/displaced/" + severity
        attributes = {
            "hand": str(number % 2),
            "site": "elbow" if number % 4 == 1 else "",
            "hardware": str(int(severity == "displaced" and number % 3 == 0)),
            "severity_readings": readings,
            "severity_basis": "two of three readings" if readings.count("/") == 2 else "two readings agree",
            "source_width": str(500 + 700 * (number % 2)),
        }
        made.append(
            Film(f"film{number:03}", Path("x"), (severity,), str(number // 2), number // 2 % 5, None, attributes)
        )
    return Dataset("drawn", tuple(made), "drawn", Path("drawn"))


def predictions(dataset: Dataset, skill: float = 2.0) -> OutOfFold:
    noise = np.random.default_rng(0).normal(size=(len(dataset), 3))
    logits = noise + skill * np.stack([film.target() for film in dataset.films])
    ids = [film.id for film in dataset.films]
    return OutOfFold(ids, logits, ids, np.zeros((len(ids), 4, 4, 3), dtype=np.float16))


def at(folder: Path) -> Dataset:
    """Return the drawn set with a file behind each film, which its digest needs."""
    path = folder / "film.png"
    path.write_bytes(b"x")
    dataset = films()
    return replace(dataset, films=tuple(replace(film, path=path) for film in dataset.films))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    dataset = at(tmp_path_factory.mktemp("films"))
    return evaluate(dataset, predictions(dataset), RECIPE)


@pytest.fixture(scope="module")
def readings() -> Readings:
    dataset = films()
    return read(dataset, predictions(dataset))


def test_a_group_has_the_figures_of_its_films_alone(readings: Readings) -> None:
    arm = readings.attribute("hand") == "1"

    found = figures(readings.only(arm))

    assert found["n"] == arm.sum()
    assert found["fractured"] == (arm & readings.fractured).sum()
    expected = roc_auc_score(readings.fractured[arm], readings.probability[arm])
    assert found["auroc"]["value"] == pytest.approx(expected, abs=1e-4)
    called = readings.probability >= readings.points[:, 0]
    assert found["suspected"]["sensitivity"]["hits"] == (arm & called & readings.fractured).sum()


def test_too_few_films_give_no_figure_but_are_counted(readings: Readings) -> None:
    few = np.arange(400) < 60  # 12 hairline, 12 displaced

    found = figures(readings.only(few))

    assert "auroc" in found
    assert found["one_class"]["hairline vs normal"] == {"n": 48, "fractured": 12}
    assert found["severity"] == {"n": 24, "displaced": 12}


def test_no_film_helps_to_calibrate_or_choose_its_own_threshold(readings: Readings) -> None:
    dataset, predicted = films(), predictions(films())
    first = np.array([film.fold == 0 for film in dataset.films])
    spoilt = replace(predicted, logits=np.where(first[:, None], -predicted.logits, predicted.logits))

    again = read(dataset, spoilt)

    np.testing.assert_array_equal(again.points[first], readings.points[first])
    assert (again.points[~first] != readings.points[~first]).any()


def test_the_map_shown_is_the_one_that_the_product_shows(readings: Readings) -> None:
    tied = replace(readings, crossed=np.array([[0.2, 0.4, 0.4], [0.2, 0.5, 0.3], [0.9, 0.04, 0.06]]))

    assert tied.shown.tolist() == [2, 1, 2]


def test_agreement_of_the_label_readings_is_measured_on_the_first_two(
    readings: Readings, found: dict[str, Any]
) -> None:
    pairs = [text.split("/")[:2] for text in readings.attribute("severity_readings") if text]

    first, second = ([pair[place] for pair in pairs] for place in (0, 1))

    assert found["severity"]["readers"]["n"] == len(pairs)
    assert found["severity"]["readers"]["kappa"]["value"] == pytest.approx(cohen_kappa_score(first, second), abs=1e-4)
    assert set(found["severity"]["by_basis"]) == {"two of three readings", "two readings agree"}


def test_every_film_that_is_shown_says_what_was_made_of_it(found: dict[str, Any]) -> None:
    assert {example["kind"] for example in found["examples"]} >= {"found", "missed", "false-alarm"}
    for example in found["examples"]:
        called = example["probability"] >= example["suspected"]
        assert called == (example["kind"] != "missed")
        assert (example["severity"] == "normal") == (example["kind"] == "false-alarm")


def test_a_film_to_be_shown_without_a_map_is_named(tmp_path: Path) -> None:
    dataset = at(tmp_path)
    predicted = predictions(dataset)
    fractured = [film.id for film in dataset.films if film.fractured]

    with pytest.raises(DataError, match="has no class map; gather again with --runs"):
        evaluate(
            dataset, replace(predicted, mapped=fractured, class_maps=predicted.class_maps[: len(fractured)]), RECIPE
        )


def test_gathering_keeps_the_maps_of_fractured_films_and_shown_false_alarms(tmp_path: Path) -> None:
    dataset = films()
    whole = predictions(dataset, skill=1.0)
    folds = np.array([film.fold for film in dataset.films])
    for fold in range(5):
        (tmp_path / f"fold-{fold}").mkdir()
        rows = np.flatnonzero(folds == fold)
        np.savez(
            tmp_path / f"fold-{fold}" / OUTPUT,
            ids=np.array(whole.ids)[rows],
            logits=whole.logits[rows],
            class_maps=rows[:, None, None, None] * np.ones((1, 4, 4, 3), dtype=np.float16),
        )

    gathered = OutOfFold.gather(dataset, tmp_path)

    label = {film.id: film.severity for film in dataset.films}
    alarms = [name for name in gathered.mapped if label[name] == "normal"]
    assert sorted(gathered.ids) == sorted(whole.ids)
    assert sum(severity != "normal" for severity in label.values()) == len(gathered.mapped) - len(alarms)
    assert 1 <= len(alarms) <= 3
    for name, maps in zip(gathered.mapped, gathered.class_maps, strict=True):
        assert (maps == int(name.removeprefix("film"))).all()

    place = tmp_path / "again" / "predictions.npz"
    gathered.write(place)
    assert OutOfFold.read(place).mapped == gathered.mapped
    examples = evaluate(replace(dataset, films=at(tmp_path).films), OutOfFold.read(place), RECIPE)["examples"]
    assert {e["film"] for e in examples if e["kind"] == "false-alarm"} == set(alarms)


def test_what_other_steps_found_is_joined_only_if_it_belongs_to_these_results(tmp_path: Path) -> None:
    results = {"data": {"digest": "a"}, "recipe": RECIPE.to_json()}
    assert "gate" not in joined(results, tmp_path)
    stages = [{"input_size": 64, "epochs": 1, "rate": 0.001}]  # a setting with its default need not be told
    part = {"data": {"digest": "a"}, "recipe": {"stages": stages}, "auroc": 1}
    (tmp_path / "gate.json").write_text(json.dumps(part))

    assert joined(results, tmp_path)["gate"] == part

    for stale in ({"data": {"digest": "b"}}, {"recipe": {"stages": [{**stages[0], "epochs": 2}]}}):
        (tmp_path / "gate.json").write_text(json.dumps({**part, **stale}))
        with pytest.raises(DataError, match="other films or another recipe; run `python -m training gate` again"):
            joined(results, tmp_path)
