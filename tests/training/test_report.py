"""Results become words: figures as in the literature, aims judged, stages told, checklists complete."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from training.datasets.fracatlas import LABEL_ORIGIN
from training.report import aims, checklists, figures, labels, tables
from training.report import pages as report


@pytest.fixture
def results(root: Path) -> dict[str, Any]:
    """Return the committed results, to be changed at will."""
    content: dict[str, Any] = json.loads((root / "training" / "results" / "elbow" / "results.json").read_text())
    return content


def estimate(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.02, "high": value + 0.02}


def test_an_estimate_reads_as_in_the_literature() -> None:
    assert tables.estimate({"value": 0.912, "low": 0.8931, "high": 1.0}) == ".912 [.893, 1.000]"
    assert tables.estimate({"value": -0.02, "low": -0.1, "high": 0.06}) == "-.020 [-.100, .060]"
    assert tables.estimate(None) == "–"
    assert tables.estimate({"value": None, "low": None, "high": None}) == "–"
    assert (
        tables.proportion({"value": 0.5, "low": 0.4, "high": 0.6, "n": 2000, "hits": 1000})
        == ".500 [.400, .600] (1,000/2,000)"
    )
    assert tables.proportion({"value": None, "low": None, "high": None, "n": 0, "hits": 0}) == "–"


def test_an_aim_is_met_by_its_value_in_the_direction_it_has() -> None:
    least = aims.Aim("AUROC", ("a", "auroc"), 0.9)
    most = aims.Aim("ECE", ("a", "ece"), 0.03, at_most=True)

    assert least.row({"a": {"auroc": estimate(0.9)}}) == ("AUROC", "≥ .9", ".900 [.880, .920]", "yes")
    assert least.row({"a": {"auroc": estimate(0.899)}})[-1] == "no"
    assert most.row({"a": {"ece": estimate(0.031)}})[1:] == ("≤ .03", ".031 [.011, .051]", "no")
    assert most.row({"a": {"ece": estimate(0.03)}})[-1] == "yes"
    undefined = {"value": None, "low": None, "high": None}
    unmeasured: list[dict[str, Any]] = [{}, {"a": {}}, {"a": {"auroc": undefined}}]
    for results in unmeasured:
        assert least.row(results)[2:] == ("–", "not measured")


def test_every_aim_that_the_results_hold_is_judged(results: dict[str, Any]) -> None:
    judged = {aim.words: aim.row(results)[-1] for aim in aims.AIMS if aim.path[0] in results}

    assert len(judged) >= 9
    assert set(judged.values()) <= {"yes", "no"}


def test_a_better_model_meets_more_aims_on_the_page(results: dict[str, Any]) -> None:
    better = copy.deepcopy(results)
    better["any_fracture"]["elbow films"]["auroc"] = estimate(0.93)

    assert "| any fracture, elbow films: AUROC | ≥ .93 | .930 [.910, .950] | yes |" in report.results_page(better)
    assert report.results_page(better) != report.results_page(results)


def test_each_stage_of_the_recipe_has_its_row(results: dict[str, Any]) -> None:
    first, second = results["recipe"]["stages"][:2]
    third = {"input_size": 352, "epochs": 7, "rate": 2e-4, "zoom": [0.8, 1.4], "quarter_turns": True}
    results["recipe"]["stages"] = [first, second, {**second, **third}]

    page = report.results_page(results)

    assert "| stage | input size | epochs | rate | head only |" in page
    assert "| 3 | 352 | 7 | 0.0002 | no |" in page
    row = next(line for line in page.splitlines() if line.startswith("| 3 | 352 |"))
    assert "0.8 to 1.4" in row
    assert row.count("|") == len(first) + 2
    assert f"in 3 stages: {first['epochs'] + second['epochs'] + 7} epochs" in page


def test_groups_of_too_few_films_show_dashes(results: dict[str, Any]) -> None:
    few = {"n": 30, "fractured": 2}
    nothing = {"value": None, "low": None, "high": None, "n": 0, "hits": 0}
    points = dict.fromkeys(("sensitivity", "specificity", "npv", "ppv"), nothing)
    one_class = {"hairline vs normal": few, "displaced vs normal": few}
    group = {
        **few,
        "suspected": points,
        "likely": points,
        "one_class": one_class,
        "severity": {"n": 2, "displaced": 2},
        "three_classes": {"n": 30},
    }
    for name in results["any_fracture"]:
        results["any_fracture"][name] = few
        results["subgroups"][name] = group
    results |= {key: group[key] for key in ("one_class", "severity", "three_classes")}
    results |= {"pointing": {}, "shortcuts": {}}

    for page in (report.results_page(results), report.model_card(results, "elbow", "0")):
        assert "| elbow films | 30 | 2 | – | – | – |" in page
        assert "None" not in page
        assert "nan" not in page


def test_the_note_on_labels_fits_their_origin(results: dict[str, Any]) -> None:
    graded = f"3 of 9 films graded by 2 readers; the others: {LABEL_ORIGIN}"
    results["data"]["label_origin"] = graded
    page = report.results_page(results)

    assert labels.origin_note(LABEL_ORIGIN) == labels.MACHINE_NOTE
    assert labels.GRADED_NOTE in page
    assert "no clinician has confirmed" not in page
    assert "kappa .73" in page  # in the origin of the labels that were not graded
    assert labels.origin_note("column 'label' of mine.csv") == labels.OTHER_NOTE


@pytest.mark.parametrize("error", [0.0, 0.058, 0.2, 0.5])
def test_the_error_that_an_agreement_implies_gives_that_agreement(error: float) -> None:
    assert labels.implied_error(1 - 2 * error * (1 - error)) == pytest.approx(error, abs=1e-6)


def test_other_peoples_films_are_not_put_on_the_page_of_examples(results: dict[str, Any]) -> None:
    results["data"]["name"] = "mine"

    page = report.examples_page(results)

    assert "not shown" in page
    assert ".jpg" not in page
    assert not any(example["film"] in page for example in results["examples"])


def test_the_checklists_have_every_item() -> None:
    claim = [item.number for item in checklists.CLAIM]
    stard = {int("".join(filter(str.isdigit, item.number))) for item in checklists.STARD_AI}

    assert list(dict.fromkeys(claim)) == [str(number) for number in range(1, 45)]
    assert sorted(stard) == list(range(1, 41))


def test_an_item_without_its_part_of_the_results_is_not_done() -> None:
    item = checklists.Item("19", "refusals", checklists.Answer.YES, "there", key="gate")

    assert item.row({})[2] == "not done"
    assert item.row({"gate": {}})[2:] == ("yes", "there")


def test_a_figure_of_other_results_is_told_from_this_one(results: dict[str, Any], tmp_path: Path) -> None:
    history = tmp_path / "history-fold-0.csv"
    lines = ["epoch,input_size,loss,logits_loss,cell_logits_loss", "0,288,2,1.5,.5", "1,288,1.5,1,.5", "2,352,1,.6,.4"]
    history.write_text("\n".join(lines) + "\n")

    figures.draw(results, [history], tmp_path)

    for name, source in figures.sources(results, [history]).items():
        with Image.open(tmp_path / name) as figure:
            assert figure.info[figures.SOURCE] == source
            assert figure.width > 300
    stale = figures.sources(results, [history])
    results["three_classes"]["confusion"][0][0] += 1
    history.write_text("\n".join(lines).replace(".6,.4", ".7,.4") + "\n")
    fresh = figures.sources(results, [history])
    assert {name for name in stale if stale[name] != fresh[name]} == {"confusion.png", "learning.png"}


def test_a_comparison_fits_a_terminal() -> None:
    figure = {"old": estimate(0.9), "new": estimate(0.91), "difference": estimate(0.01)}

    text = report.comparison(
        {"films": 3000, "fractured": 500, "auroc": figure, "specificity_at_sensitivity_93": figure, "verdict": "better"}
    )

    assert "AUROC: old .900 [.880, .920], new .910 [.890, .930], difference .010 [-.010, .030]" in text
    assert text.endswith("The new model is better.")
