"""The gate's figures, from scores whose answers are known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.datasets import DataError, Dataset, Film
from training.gate import command as gate_command
from training.gate import figures as gate_figures
from training.gate.novelty import MAHALANOBIS, Method
from training.gate.report import REFUSED, evaluate_gate, lines, novelty_limit
from training.gate.scores import Scores

ABOUT: dict[str, Any] = {
    "data": {"name": "drawn", "digest": "0" * 64},
    "recipe": {},
    "method": gate_command.describe(Method(MAHALANOBIS, "block_15_add", 64)),
    "methods": {
        "one": {"auroc": 0.99, "auroc_altered": 0.98, "strangers_refused": 0.9, "altered_refused": 0.02},
    },
    "missing_sources": [],
    "folds": [0, 1],
}
COUNT = 400


def dataset() -> Dataset:
    """Return films of which every sixth is a sheet of several, two to a patient."""
    films = tuple(
        Film(
            id=f"film-{number}",
            path=Path(f"film-{number}.png"),
            classes=("normal",),
            group=f"patient-{number // 2}",
            fold=number // 2 % 2,
            attributes={"multiscan": "1" if number % 6 == 0 else "0", "site": "elbow" if number % 4 == 0 else ""},
        )
        for number in range(COUNT)
    )
    return Dataset("drawn", films, "nobody", Path("drawn"))


def scores(**changes: Any) -> Scores:
    """Return scores in which strangers are ten times as novel as films, and the second network doubles novelty."""
    random = np.random.default_rng(0)
    fold = np.arange(COUNT) // 2 % 2
    scale = 1.0 + fold
    several = np.arange(COUNT) % 6 == 0
    kinds = np.repeat(["photographs", "chest film", "noise"], [20, 2, 20])
    beyond = random.uniform(9, 11, len(kinds))
    altered = np.arange(0, COUNT, 2)
    made = Scores(
        films=np.array([f"film-{number}" for number in range(COUNT)]),
        fold=fold,
        novelty=random.uniform(0.5, 1.5, COUNT) * scale,
        views=np.where(several, 0.9, random.uniform(0, 0.5, COUNT)),
        glance=np.zeros(COUNT, dtype=bool),
        altered=np.array([f"film-{number}" for number in altered]),
        alterations=np.where(altered % 4 == 0, "cropped", "grainy"),
        altered_fold=fold[altered],
        altered_novelty=np.where(altered % 4 == 0, 1.0, 30.0),
        altered_glance=np.zeros(len(altered), dtype=bool),
        kinds=kinds,
        sources=np.where(kinds == "noise", "drawn", "a package"),
        originals=np.array([f"{kind}-{number // 2}" for number, kind in enumerate(kinds)]),
        halves=np.where(kinds == "noise", "choosing", "reporting"),
        networks=np.array([0, 1]),
        stranger_novelty=np.stack([beyond, 2 * beyond], axis=1),
        sent_glance=kinds == "photographs",
        grey_glance=np.zeros(len(kinds), dtype=bool),
    )
    return replace(made, **changes)


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return evaluate_gate(dataset(), one_scale(scores()), ABOUT)


def one_scale(given: Scores) -> Scores:
    """Undo the second network's doubling: limits of other folds then fit."""
    return replace(
        given,
        novelty=given.novelty / (1 + given.fold),
        stranger_novelty=given.stranger_novelty / np.array([1, 2]),
    )


def test_the_limit_leaves_out_the_share_that_was_asked_for() -> None:
    given = one_scale(scores())

    limit = novelty_limit(given, np.ones(COUNT, dtype=bool))

    assert np.mean(given.novelty > limit) == pytest.approx(REFUSED, abs=1.01 / COUNT)


def test_films_that_a_glance_refuses_leave_less_to_novelty() -> None:
    glance = np.zeros(COUNT, dtype=bool)
    glance[:4] = True  # 1 %
    given = replace(one_scale(scores()), glance=glance)

    limit = novelty_limit(given, np.ones(COUNT, dtype=bool))

    assert np.mean(glance | (given.novelty > limit)) == pytest.approx(REFUSED, abs=1.01 / COUNT)


def test_a_fold_is_judged_by_the_limit_of_the_others() -> None:
    # Given a second network whose novelties are twice as high: the first fold's limit refuses many of its films
    found = evaluate_gate(dataset(), scores(), ABOUT)

    share = found["films"]["all films"]["value"]
    assert share == pytest.approx(0.5 * np.mean(np.random.default_rng(0).uniform(1, 3, 4000) > 1.49), abs=0.06)


def test_figures_say_what_the_scores_hold(found: dict[str, Any]) -> None:
    strangers = found["strangers"]

    assert found["films"]["all films"]["value"] == pytest.approx(REFUSED, abs=0.02)
    assert found["films"]["elbow films"]["n"] == COUNT / 4
    assert strangers["all kinds"]["auroc"]["value"] == 1
    assert (strangers["all kinds"]["n"], strangers["all kinds"]["originals"]) == (22, 11)
    assert strangers["all kinds"]["refused_by_novelty"]["value"] == 1
    assert "noise" not in strangers  # it served to choose
    assert strangers["the choosing half, all kinds"]["n"] == 20
    assert found["altered"]["cropped"]["value"] == 0
    assert found["altered"]["grainy"]["value"] == 1
    assert found["altered"]["all of these"]["value"] == 0.5
    json.dumps(found)


def test_a_kind_from_too_few_originals_has_no_interval(found: dict[str, Any]) -> None:
    chest, photographs = found["strangers"]["chest film"], found["strangers"]["photographs"]

    assert (chest["auroc"]["value"], chest["auroc"]["low"], chest["refused_by_novelty"]["high"]) == (1, None, None)
    assert photographs["refused_by_novelty"]["low"] == 1


def test_colours_are_told_from_what_novelty_finds() -> None:
    # Given strangers that are no more novel than films, but coloured
    near = np.ones((42, 2))
    found = evaluate_gate(dataset(), replace(one_scale(scores()), stranger_novelty=near), ABOUT)

    kind = found["strangers"]["photographs"]
    assert kind["refused_by_novelty"]["value"] == 0
    assert kind["refused_as_grey"]["value"] == 0
    assert kind["refused_as_sent"]["value"] == 1


def test_several_views_are_judged_by_the_flag_of_the_films(found: dict[str, Any]) -> None:
    views = found["several_views"]

    assert (views["n"], views["several"]) == (COUNT, (COUNT + 5) // 6)
    assert views["auroc"]["value"] == 1
    assert views["sensitivity"]["value"] == 1
    assert views["specificity"]["value"] >= 0.95
    assert 0.4 < found["frozen"]["several_views_limit"] < 0.9


def test_without_such_a_flag_nothing_is_said_of_several_views() -> None:
    films = tuple(replace(film, attributes={}) for film in dataset().films)
    unlearnt = replace(one_scale(scores()), views=np.full(COUNT, np.nan))

    found = evaluate_gate(replace(dataset(), films=films), unlearnt, ABOUT)

    assert found["several_views"] == {}
    assert found["frozen"]["several_views_limit"] is None
    assert "Several films" not in "\n".join(lines(found))


def test_scores_of_other_films_are_refused() -> None:
    other = replace(dataset(), films=dataset().films[1:])

    with pytest.raises(DataError, match="film-0"):
        evaluate_gate(other, scores(), ABOUT)


def test_one_fold_is_not_enough() -> None:
    given = one_scale(scores())

    with pytest.raises(DataError, match="two folds"):
        evaluate_gate(dataset(), replace(given, fold=given.fold * 0, networks=np.array([0])), ABOUT)


def test_the_words_give_the_figures_with_their_intervals_and_sources(found: dict[str, Any]) -> None:
    text = "\n".join(lines(found))

    assert text.startswith("## When it says it cannot assess\n")
    assert "| all kinds | 22 | 11 | 1.000 [1.000, 1.000] |" in text
    assert "| chest film | 2 | 1 | 1.000 |" in text
    assert "Sources: a package, drawn" in text
    assert "block_15_add" in text


def test_scores_are_written_and_give_the_same_figures_again(tmp_path: Path, found: dict[str, Any]) -> None:
    one_scale(scores()).write(tmp_path / "gate.npz")
    (tmp_path / "gate.json").write_text(json.dumps(ABOUT))

    first = gate_command.refresh(dataset(), tmp_path)
    text = (tmp_path / "gate.json").read_text()
    again = gate_command.refresh(dataset(), tmp_path)

    assert first == again
    assert (tmp_path / "gate.json").read_text() == text
    assert first["strangers"] == found["strangers"]


def test_missing_scores_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="python -m training gate"):
        gate_command.refresh(dataset(), tmp_path)


def test_the_figure_is_drawn_and_the_same_every_time(tmp_path: Path, found: dict[str, Any]) -> None:
    for name in ("one", "two"):
        gate_figures.draw(found, tmp_path / name)

    assert (tmp_path / "one" / "novelty.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "one" / "novelty.png").read_bytes() == (tmp_path / "two" / "novelty.png").read_bytes()
