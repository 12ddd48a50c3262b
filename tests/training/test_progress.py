"""The bar tells how much of a whole training is done, whatever was done before."""

from __future__ import annotations

import pytest

from training.recipe import Recipe, Stage

pytestmark = pytest.mark.training

CHEAP = Stage(288, epochs=2, rate=1e-3, head_only=True)
DEAR = Stage(576, epochs=1, rate=1e-3)
RECIPE = Recipe(stages=(CHEAP, DEAR), epoch_films=100)


def test_larger_films_cost_more_and_a_frozen_backbone_less() -> None:
    from training.progress import stage_cost

    assert stage_cost(RECIPE, DEAR) == 400
    assert stage_cost(RECIPE, CHEAP) < 200


def test_a_network_that_was_finished_and_one_that_is_trained_fill_the_bar() -> None:
    from training.progress import Progress

    with Progress(RECIPE, 2) as progress:
        progress.network("Fold 0")
        progress.skip(2)
        half = progress._bar.n
        assert 2 * half == progress._bar.total
        assert progress._bar.initial == half, "what was done before must not speed up the estimate"
        progress.network("Fold 1")
        assert progress._bar.format_dict["rate"] is None
        for stage in RECIPE.stages:
            follower = progress.stage(stage)
            follower.set_params({"steps": 4})
            seen = []
            for epoch in range(stage.epochs):
                follower.on_epoch_begin(epoch)
                for batch in range(4):
                    follower.on_train_batch_end(batch, {"loss": 0.5})
                    seen.append(progress._bar.n)
            assert seen == sorted(seen)
            follower.on_train_end()
        assert progress._bar.n == progress._bar.total


def test_a_resumed_stage_begins_where_it_stopped() -> None:
    from training.progress import Progress, stage_cost

    with Progress(RECIPE, 1) as progress:
        follower = progress.stage(CHEAP)
        follower.set_params({"steps": 4})
        follower.on_epoch_begin(1)

        assert progress._bar.n == stage_cost(RECIPE, CHEAP) / 2
        assert progress._bar.initial == progress._bar.n
