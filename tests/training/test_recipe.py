"""A recipe is what it says: written and read back whole, and never with a misspelt setting."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.recipe import Recipe, Stage


def test_a_recipe_survives_json(tmp_path: Path) -> None:
    recipe = Recipe(stages=(Stage(96, epochs=2, rate=1e-3), Stage(128, epochs=1, rate=1e-4, zoom=(0.5, 2.0))), seed=7)
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(recipe.to_json()))

    assert Recipe.read(path) == recipe


def test_settings_left_out_keep_their_default() -> None:
    recipe = Recipe.of({"stages": [{"input_size": 96, "epochs": 2, "rate": 1e-3}], "seed": 3})

    assert recipe == Recipe(stages=(Stage(96, 2, 1e-3),), seed=3)
    assert recipe.input_size == 96


@pytest.mark.parametrize("settings", [{"epoch": 3}, {"stages": [{"input_size": 96, "epochs": 1, "rates": 1}]}])
def test_a_misspelt_setting_is_named(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"unknown settings in the recipe: (epoch|rates); known are"):
        Recipe.of(settings)


def test_the_network_has_the_input_of_the_last_stage() -> None:
    assert Recipe().input_size == Recipe().stages[-1].input_size
