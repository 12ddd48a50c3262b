"""CLAIM 2024 and STARD-AI, item by item: where each is answered, or that it is not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from training.report.tables import table

RESULTS, EXAMPLES, TRAINING = "`docs/results.md`", "`docs/examples.md`", "`docs/training.md`"


class Answer(StrEnum):
    """How far an item is answered."""

    YES = "yes"
    PARTLY = "partly"
    NO = "not done"
    NONE = "not applicable"


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a checklist, in our words.

    ``key`` names the part of the results without which the item is not answered.
    """

    number: str
    topic: str
    answer: Answer
    where: str
    key: str | None = None

    def row(self, results: dict[str, Any]) -> tuple[str, str, str, str]:
        if self.key and self.key not in results:
            return self.number, self.topic, Answer.NO.value, "not part of these results"
        return self.number, self.topic, self.answer.value, self.where


def checklist(items: tuple[Item, ...], results: dict[str, Any]) -> list[str]:
    """Return a checklist as a table."""
    return table(("item", "topic", "answered", "where, or why not"), (item.row(results) for item in items))


CLAIM = (
    Item("1", "title names the method", Answer.YES, "title; *Network* (deep learning, convolutional network)"),
    Item("2", "structured summary", Answer.PARTLY, "this card stands for it; there is no article"),
    Item("3", "background, intended use, role", Answer.YES, "*Intended use*"),
    Item("4", "aims and hypotheses", Answer.YES, f"{RESULTS}, *What was aimed at*"),
    Item("5", "prospective or retrospective", Answer.YES, "retrospective, published films"),
    Item("6", "goal of the study", Answer.YES, "making a model and measuring it; *Intended use*"),
    Item("7", "data sources", Answer.YES, "*Training data*"),
    Item(
        "8",
        "inclusion and exclusion",
        Answer.PARTLY,
        "*Training data* for what was left out here; the source's own selection is in its paper",
    ),
    Item("9", "preprocessing", Answer.YES, f"*Network*; {TRAINING}"),
    Item("10", "choice of subsets", Answer.YES, f"every film that the data set holds; {RESULTS}, *Subgroups*"),
    Item("11", "de-identification", Answer.PARTLY, "by the source; its paper says how"),
    Item(
        "12",
        "missing data",
        Answer.YES,
        f"open severity is learnt as either class ({TRAINING}) and left out of severity figures",
    ),
    Item("13", "image acquisition", Answer.NO, "machines and settings are not known film by film"),
    Item("14", "definition of the reference standard", Answer.YES, "*Labels and their limits*"),
    Item(
        "15",
        "reason for that standard",
        Answer.PARTLY,
        "radiologists' labels are what the source has; no clinician's severity exists",
    ),
    Item("16", "who annotated", Answer.YES, "*Labels and their limits*"),
    Item("17", "annotation of the test films", Answer.YES, "as the training films: *Labels and their limits*"),
    Item(
        "18",
        "variability between and within annotators",
        Answer.PARTLY,
        f"severity: {RESULTS}, *What the severity labels bound*; fracture or not: not published",
    ),
    Item("19", "how partitions were made", Answer.YES, f"five folds by group; {TRAINING}"),
    Item(
        "20",
        "level at which partitions are disjoint",
        Answer.PARTLY,
        "groups that stand in for patients, made from likeness and numbering; the source has no patient ids",
    ),
    Item("21", "sample size", Answer.NO, "no calculation: every film was used; intervals say what that allows"),
    Item("22", "model in detail", Answer.YES, f"*Network*; {TRAINING}; `training/network.py`"),
    Item("23", "software", Answer.YES, "`requirements/training.txt` pins every package"),
    Item("24", "initial weights", Answer.YES, "*Network* (ImageNet)"),
    Item("25", "training in detail", Answer.YES, f"{RESULTS}, *How it was trained*; `training/recipe.py`"),
    Item(
        "26",
        "choice of the final model",
        Answer.PARTLY,
        "the average of the last weights, no fold is used to stop; but recipes were compared on held-out films "
        "before, which flatters the figures a little",
    ),
    Item("27", "ensembling", Answer.NONE, "one network"),
    Item("28", "metrics", Answer.YES, f"*Performance*; {RESULTS}"),
    Item("29", "uncertainty", Answer.YES, "*Performance* (group bootstrap, Wilson)"),
    Item("30", "robustness", Answer.PARTLY, f"{RESULTS}, *Subgroups*: casts, metal, view, source resolution"),
    Item(
        "31",
        "explanation, and whether it is true",
        Answer.PARTLY,
        f"{RESULTS}, *Pointing at the fracture*; exactness of Grad-CAM: `tests/training/test_grad_cam.py`",
    ),
    Item("31", "randomisation checks of the explanation", Answer.YES, RESULTS, key="sanity"),
    Item("32", "internal testing", Answer.YES, "*Performance*, out of fold"),
    Item("33", "external testing", Answer.NO, "*Not done*"),
    Item("34", "trial registration", Answer.NONE, "no trial"),
    Item(
        "35",
        "numbers included and excluded",
        Answer.PARTLY,
        "*Training data*; no flow diagram; the source's own selection is in its paper",
    ),
    Item("36", "demography by partition", Answer.NO, "age and sex are not known film by film"),
    Item("37", "performance on each partition and subgroup", Answer.YES, "*Subgroups*"),
    Item("38", "accuracy with intervals", Answer.YES, "*Performance*"),
    Item("39", "failure analysis", Answer.YES, f"*Failure modes*; {RESULTS}, *What is missed*; {EXAMPLES}"),
    Item("40", "limitations", Answer.YES, "*Labels and their limits*, *Failure modes*, *Not done*"),
    Item("41", "implications for practice", Answer.YES, "none: *Intended use*"),
    Item("42", "full protocol", Answer.PARTLY, f"{TRAINING} and the code; nothing was registered beforehand"),
    Item("43", "availability", Answer.YES, "code, weights, predictions, bundle: the repository; films: their source"),
    Item("44", "funding", Answer.NO, "nothing to state is on record"),
)
"""Checklist for Artificial Intelligence in Medical Imaging, 2024 update: 44 items, item 31 in two rows."""

STARD_AI = (
    Item("1", "title or abstract names AI and accuracy", Answer.PARTLY, "*Performance*; there is no article"),
    Item("2", "structured abstract", Answer.PARTLY, "this card stands for it"),
    Item("3", "background, intended use, place in the pathway", Answer.YES, "*Intended use*"),
    Item("4", "objectives and hypotheses", Answer.YES, f"{RESULTS}, *What was aimed at*"),
    Item("5", "prospective or retrospective", Answer.YES, "retrospective, published films"),
    Item("6", "ethics approval", Answer.PARTLY, "published films; the source's paper; none sought here"),
    Item("7", "eligibility of participants and data", Answer.PARTLY, "*Training data*; the source's paper"),
    Item("8", "how participants were identified", Answer.PARTLY, "the source's paper"),
    Item("9", "where and when", Answer.PARTLY, "three hospitals in Bangladesh; dates are not known film by film"),
    Item("10", "consecutive, random or convenience", Answer.PARTLY, "a convenience series, as far as the source says"),
    Item("11", "source of the data", Answer.YES, "*Training data* (open repository)"),
    Item("12", "who annotated, and how", Answer.YES, "*Labels and their limits*"),
    Item("13", "devices and software", Answer.PARTLY, "software: `requirements/training.txt`; X-ray machines: no"),
    Item("14", "acquisition and preprocessing", Answer.PARTLY, f"preprocessing: {TRAINING}; acquisition: no"),
    Item("15a", "index test in detail", Answer.YES, f"*Network*; {TRAINING}"),
    Item("15b", "how it was developed, with sample sizes", Answer.YES, f"*Training data*; {RESULTS}"),
    Item("15c", "cut-offs, chosen beforehand or not", Answer.YES, f"*Network*; rule set beforehand: {TRAINING}"),
    Item("15d", "intended end user", Answer.YES, "*Intended use*"),
    Item("16a", "reference standard in detail", Answer.YES, "*Labels and their limits*"),
    Item("16b", "reason for it", Answer.PARTLY, "what the source has"),
    Item("16c", "its categories", Answer.YES, "*Labels and their limits*, the protocol"),
    Item("17a", "was the test blind to the reference", Answer.YES, "no film is read by a network that it taught"),
    Item("17b", "was the reference blind to the test", Answer.YES, "labels were made before the network"),
    Item("18", "statistical methods", Answer.YES, "*Performance*; `training/metrics.py`"),
    Item("19", "indeterminate results", Answer.PARTLY, "open severity is left out of severity figures"),
    Item("19", "films that the test refuses", Answer.YES, RESULTS, key="gate"),
    Item("20", "missing data", Answer.YES, "no film lacks a reading or a label of fractured or not"),
    Item("21", "variability of accuracy", Answer.YES, "*Subgroups*"),
    Item("22", "sample size", Answer.NO, "no calculation; every film was used"),
    Item("23", "error analysis, bias and fairness", Answer.PARTLY, "*Failure modes*, *Subgroups*; not by age or sex"),
    Item("24", "flow of participants", Answer.NO, "no diagram; numbers in *Training data*"),
    Item("25", "characteristics of the data", Answer.PARTLY, "*Training data*; no age, no sex"),
    Item("26a", "severity among the diseased", Answer.YES, "*Training data*, by machine reading"),
    Item("26b", "other diagnoses among the healthy", Answer.NO, "not known"),
    Item("27", "time between test and reference", Answer.NONE, "both read the same film"),
    Item("28", "does the data represent the intended use", Answer.NO, "no: most films are not elbows; *Failure modes*"),
    Item("29", "differences of an external set", Answer.NO, "there is none: *Not done*"),
    Item("30", "test by reference, as a table", Answer.YES, f"{RESULTS}, *Finding a fracture*, *Naming the severity*"),
    Item("31", "accuracy with precision", Answer.YES, "*Performance*"),
    Item("32", "adverse events", Answer.NONE, "no patient was involved"),
    Item("33", "limitations", Answer.YES, "*Labels and their limits*, *Failure modes*, *Not done*"),
    Item("34", "implications for practice", Answer.YES, "none: *Intended use*"),
    Item("35", "ethical considerations", Answer.PARTLY, "*Intended use*, *Not done*"),
    Item("36", "registration", Answer.NO, "not registered"),
    Item("37", "protocol", Answer.PARTLY, f"{TRAINING}; not registered"),
    Item("38", "funding", Answer.NO, "nothing to state is on record"),
    Item("39", "commercial interests", Answer.NO, "nothing to state is on record"),
    Item("40a", "availability of data and code", Answer.YES, "all in the repository but the films: *Training data*"),
    Item("40b", "can outputs be audited", Answer.YES, "`training/results/` holds every out-of-fold prediction"),
)
"""STARD-AI: 40 items, some in parts; item 19 has a row for refusals."""
