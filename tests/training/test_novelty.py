"""Novelty and several views, fitted to features whose shape is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from training.gate.novelty import ENERGY, MAHALANOBIS, METHODS, NEAREST, Measure, Method, choose, fit, scorer

Array = npt.NDArray[np.float64]
LAYER = "features"
METHOD = Method(MAHALANOBIS, LAYER, 4)


def films(count: int, seed: int = 0) -> dict[str, Array]:
    """Return features that vary a lot along four directions of twelve, and hardly along the others."""
    random = np.random.default_rng(seed)
    spread = np.array([9.0, 5.0, 3.0, 1.0, *[0.01] * 8])
    return {LAYER: random.normal(size=(count, 12)) * spread + 7, "logits": random.normal(size=(count, 3))}


def test_films_like_those_fitted_to_have_a_novelty_of_about_one() -> None:
    measure = fit(METHOD, films(500))

    assert np.sqrt(np.mean(measure.novelty(films(500)) ** 2)) == pytest.approx(1, rel=1e-6)
    assert np.median(measure.novelty(films(500, seed=1))) == pytest.approx(1, abs=0.15)


def test_novelty_counts_a_step_by_how_far_films_vary_that_way() -> None:
    measure = fit(METHOD, films(2000))
    centre = films(2000)[LAYER].mean(axis=0)
    far_along, far_across = np.tile(centre, (2, 1)), np.tile(centre, (2, 1))
    far_along[:, 0] += 9
    far_across[:, 3] += 9

    assert measure.novelty({LAYER: far_across})[0] > 5 * measure.novelty({LAYER: far_along})[0]


def test_other_units_of_the_features_change_nothing() -> None:
    fitted, others = films(300), films(50, seed=1)

    plain = fit(METHOD, fitted).novelty(others)
    scaled = fit(METHOD, {LAYER: fitted[LAYER] * 1000}).novelty({LAYER: others[LAYER] * 1000})

    assert scaled == pytest.approx(plain, rel=1e-6)


def test_no_more_directions_are_used_than_the_features_have() -> None:
    flat = films(200)
    flat[LAYER][:, 6:] = 3

    measure = fit(Method(MAHALANOBIS, LAYER, 128), flat)

    assert measure.directions.shape == (12, 6)
    assert np.isfinite(measure.novelty(films(20, seed=1))).all()


def test_several_views_are_learnt_from_the_films_that_are_labelled_so() -> None:
    fitted, others = films(400), films(400, seed=1)
    measure = fit(METHOD, fitted, several=fitted[LAYER][:, 2] > 8)

    sure = measure.several_views(others)

    assert ((sure >= 0) & (sure <= 1)).all()
    assert np.mean((sure > 0.5) == (others[LAYER][:, 2] > 8)) > 0.95


@pytest.mark.parametrize("label", [None, np.zeros(50, dtype=bool), np.ones(50, dtype=bool)])
def test_several_views_stay_unknown_without_both_kinds_of_films(label: npt.NDArray[np.bool_] | None) -> None:
    measure = fit(METHOD, films(50), several=label)

    assert measure.views is None
    assert np.isnan(measure.several_views(films(5))).all()


@pytest.mark.parametrize("labelled", [True, False])
def test_a_measure_is_written_and_read_back(tmp_path: Path, labelled: bool) -> None:
    fitted, others = films(100), films(10, seed=1)
    measure = fit(METHOD, fitted, several=fitted[LAYER][:, 2] > 8 if labelled else None)

    measure.write(tmp_path / "gate.npz", network=np.array("abc"))
    again = Measure.read(tmp_path / "gate.npz")

    assert again.layer == LAYER
    assert again.novelty(others) == pytest.approx(measure.novelty(others), rel=1e-4)
    assert again.several_views(others) == pytest.approx(measure.several_views(others), rel=1e-3, nan_ok=True)


@pytest.mark.parametrize(
    "method", [METHOD, Method(NEAREST, LAYER, 1), Method(NEAREST, LAYER, 10)], ids=lambda method: str(method)
)
def test_every_method_finds_what_lies_far_from_the_films(method: Method) -> None:
    score = scorer(method, films(300))
    strangers = films(50, seed=2)
    strangers[LAYER][:, :4] = 150 * np.sign(strangers[LAYER][:, :4])

    assert score(strangers).min() > score(films(50, seed=1)).max()


def test_energy_is_higher_where_every_logit_is_low() -> None:
    score = scorer(Method(ENERGY, "logits", 0), films(10))

    low, high = score({"logits": np.array([[-5.0, -5.0, -5.0], [9.0, 0.0, 0.0]])})

    assert low > high


def test_what_cannot_be_served_is_not_fitted_for_serving() -> None:
    with pytest.raises(ValueError, match="cannot be served"):
        fit(Method(NEAREST, LAYER, 1), films(10))


def test_the_method_chosen_is_servable_and_does_not_take_another_crop_for_a_stranger() -> None:
    figures = {str(method): {"auroc": 0.9, "auroc_altered": 0.5} for method in METHODS}
    strict, fair = (Method(MAHALANOBIS, LAYER, size) for size in (32, 64))
    figures[str(strict)] = {"auroc": 1.0, "auroc_altered": 0.7}
    figures[str(fair)] = {"auroc": 0.98, "auroc_altered": 0.95}
    figures[str(Method(NEAREST, LAYER, 1))] = {"auroc": 1.0, "auroc_altered": 1.0}

    assert choose(figures) == fair
