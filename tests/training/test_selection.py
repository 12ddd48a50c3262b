"""Examples are chosen by rule: the same films, whatever their order, and failures where there are any."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from training.datasets import Film
from training.report.selection import Kind, choose, false_alarms, region

# Probabilities of ten fractured films of the elbow, then of ten films of it without a fracture; suspected from .5.
PROBABILITIES = np.array(
    [0.55, 0.6, 0.7, 0.8, 0.9, 0.1, 0.2, 0.3, 0.4, 0.45, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.6, 0.85]
)
SUSPECTED = np.full(20, 0.5)


def film(number: int, *, fractured: bool, site: str = "elbow", hand: str = "1") -> Film:
    classes = ("displaced",) if fractured else ("normal",)
    return Film(f"film{number:02}", Path("x"), classes, group="g", attributes={"site": site, "hand": hand})


def films() -> list[Film]:
    return [film(number, fractured=number < 10) for number in range(20)]


def test_each_kind_is_the_film_that_its_rule_names() -> None:
    astray = np.zeros(20, dtype=bool)
    astray[[1, 3, 5]] = True  # film 5 is missed, so its map is not a wrong reason for a call

    chosen = {example["kind"]: example["row"] for example in choose(films(), PROBABILITIES, SUSPECTED, astray)}

    assert chosen == {Kind.FOUND: 2, Kind.ELSEWHERE: 3, Kind.MISSED: 5, Kind.FALSE_ALARM: 19}


def test_the_choice_does_not_depend_on_the_order_of_the_films() -> None:
    order = np.random.default_rng(3).permutation(20)
    astray = np.arange(20) == 4
    probabilities = np.round(PROBABILITIES, 1)  # ties

    before = {(e["kind"], films()[e["row"]].id) for e in choose(films(), probabilities, SUSPECTED, astray)}
    turned = [films()[row] for row in order]
    after = {(e["kind"], turned[e["row"]].id) for e in choose(turned, probabilities[order], SUSPECTED, astray[order])}

    assert before == after


def test_nothing_is_shown_where_nothing_went_wrong() -> None:
    perfect = np.where(np.arange(20) < 10, 0.9, 0.1)

    chosen = choose(films(), perfect, SUSPECTED, np.zeros(20, dtype=bool))

    assert [example["kind"] for example in chosen] == [Kind.FOUND]


def test_each_film_is_judged_by_its_own_operating_point() -> None:
    lenient = SUSPECTED.copy()
    lenient[19] = 0.9

    assert false_alarms(films(), PROBABILITIES, lenient) == [18]


def test_elbow_rest_of_the_arm_and_others_are_told_apart() -> None:
    assert region(film(0, fractured=True)) == "elbow"
    assert region(film(0, fractured=True, site="wrist")) == "arm"
    assert region(film(0, fractured=False, site="")) == "arm"
    assert region(film(0, fractured=False, site="", hand="0")) == "other"
    assert region(Film("a", Path("x"), ("normal",), group="g")) == "other"


def test_the_false_alarms_are_those_that_will_be_chosen() -> None:
    mixed = [film(n, fractured=n % 4 == 0, site="elbow" if n % 3 == 0 else "", hand=str(n % 2)) for n in range(60)]
    probability = np.random.default_rng(1).random(60)
    suspected = np.full(60, 0.5)

    chosen = choose(mixed, probability, suspected, np.ones(60, dtype=bool))

    assert false_alarms(mixed, probability, suspected) == [
        example["row"] for example in chosen if example["kind"] == Kind.FALSE_ALARM
    ]
