"""What was aimed at and what was reached, beside what others have published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from training.report.tables import DASH, estimate, number, table


@dataclass(frozen=True, slots=True)
class Aim:
    """One aim, set before the model was trained: the value at ``path`` in the results, and what it should be."""

    words: str
    path: tuple[str, ...]
    target: float
    at_most: bool = False

    def row(self, results: dict[str, Any]) -> tuple[str, str, str, str]:
        """Return aim, target, what was reached, and whether that meets it."""
        target = f"{'≤' if self.at_most else '≥'} {number(self.target).rstrip('0')}"
        found: Any = results
        for key in self.path:
            found = found.get(key) if found else None
        if not found or found["value"] is None:
            return self.words, target, DASH, "not measured"
        value = float(found["value"])
        met = value <= self.target if self.at_most else value >= self.target
        return self.words, target, estimate(found), "yes" if met else "no"


AIMS = (
    Aim("any fracture, all films: AUROC", ("any_fracture", "all films", "auroc"), 0.96),
    Aim("any fracture, arm films: AUROC", ("any_fracture", "arm films", "auroc"), 0.95),
    Aim("any fracture, elbow films: AUROC", ("any_fracture", "elbow films", "auroc"), 0.93),
    Aim("hairline vs normal: AUROC", ("one_class", "hairline vs normal", "auroc"), 0.95),
    Aim(
        "any fracture, all films: specificity at sensitivity .93",
        ("any_fracture", "all films", "specificity_at_sensitivity_93"),
        0.85,
    ),
    Aim("severity, hairline or displaced: AUROC", ("severity", "auroc"), 0.88),
    Aim("expected calibration error, calibrated", ("calibration", "after", "ece"), 0.03, at_most=True),
    Aim("three classes: accuracy", ("three_classes", "accuracy"), 0.92),
    Aim("pointing: peak within one map cell of an outline", ("pointing", "one_cell"), 0.92),
    Aim("gate, films vs other images: AUROC", ("gate", "strangers", "all kinds", "auroc"), 0.97),
    Aim("gate, share of films refused", ("gate", "films", "all films"), 0.03, at_most=True),
)

PUBLISHED = (
    (
        "deep learning for elbow fractures of children, meta-analysis of six studies",
        "sensitivity .93 [.91, .96], specificity .89 [.85, .92]",
        "Binh et al., Eur J Trauma Emerg Surg 51, 115 (2025), doi 10.1007/s00068-025-02779-w",
    ),
    (
        "classifier, upper limbs of children and young adults",
        "AUROC .93 [.92, .94]",
        "Zech et al., Pediatr Radiol 53, 2386 (2023), doi 10.1007/s00247-023-05754-y",
    ),
    ("detector trained on outlines, the same films", "AUROC .96 [.95, .97]", "the same"),
    (
        "three commercial tools, prospective, 1,037 adults, 22 regions",
        "AUROC .77 to .85",
        "Luiken et al., Radiography (2025)",
    ),
    ("zero-shot reading of FracAtlas films", "AUROC .825", "reported in 2026; the source could not be checked"),
)
"""Published marks: who, what, where. Intervals are 95 % and the authors' own."""


def aims(results: dict[str, Any]) -> list[str]:
    """Return the table of aims."""
    return table(("aim", "target", "reached", "met"), (aim.row(results) for aim in AIMS))


def published(results: dict[str, Any]) -> list[str]:
    """Return the published marks with ours beside them, and what the comparison is worth."""
    whole = results["any_fracture"]
    ours = (
        (f"this model, {name}, out of fold", f"AUROC {estimate(whole[name].get('auroc'))}", "this page")
        for name in ("all films", "arm films", "elbow films")
    )
    return [
        *table(("what", "figure", "source"), (*PUBLISHED, *ours)),
        "",
        (
            "Every line stands on other films, other patients, other labels and another share of fractures, so none "
            "of these figures is better or worse than another by its size alone. Several are by patient or by study "
            "and ours by film; several are tested on another hospital's films and ours are not."
        ),
    ]
