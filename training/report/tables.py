"""Figures as the literature writes them, and results as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

DASH = "–"
"""Where there is no figure: too few films, or nothing to measure it on."""


def number(value: float) -> str:
    """Format .912 without its leading zero, as tables in the field do; 1.000 keeps its one."""
    return f"{value:.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.3f}"


def percent(share: float) -> str:
    """Format a share as ``17.6 %``."""
    return f"{100 * share:.1f} %"


def prevalence(data: Mapping[str, Any]) -> str:
    """Return the share of fractured films of a data set in words."""
    return f"{percent(1 - data['counts']['normal'] / data['films'])} fractured"


def estimate(value: Mapping[str, Any] | None) -> str:
    """Format an estimate as ``.912 [.893, .930]``; a dash where there is none."""
    if not value or value["value"] is None:
        return DASH
    return f"{number(value['value'])} [{number(value['low'])}, {number(value['high'])}]"


def proportion(value: Mapping[str, Any]) -> str:
    """Format a proportion with its counts, ``.912 [.893, .930] (310/340)``."""
    return f"{estimate(value)} ({value['hits']:,}/{value['n']:,})" if value["n"] else DASH


def table(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> list[str]:
    """Return the lines of a Markdown table."""
    names = list(header)
    lines = [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
    return lines + [f"| {' | '.join(str(cell) for cell in row)} |" for row in rows]


def detection(groups: Mapping[str, Any]) -> list[str]:
    """Return how well any fracture is found, a row a group of films."""
    keys = ("auroc", "average_precision", "specificity_at_sensitivity_93")
    return table(
        ("films", "n", "fractured", "AUROC", "average precision", "specificity at sensitivity .93"),
        (
            (name, f"{found['n']:,}", f"{found['fractured']:,}", *(estimate(found.get(key)) for key in keys))
            for name, found in groups.items()
        ),
    )


def one_class(classes: Mapping[str, Any]) -> list[str]:
    """Return how well each fracture class alone is told from normal films."""
    return table(
        ("classes", "n", "fractured", "AUROC of the fracture probability"),
        (
            (name, f"{found['n']:,}", f"{found['fractured']:,}", estimate(found.get("auroc")))
            for name, found in classes.items()
        ),
    )


def operating_points(groups: Mapping[str, Any]) -> list[str]:
    """Return what both operating points mean, two rows a group of films."""
    keys = ("sensitivity", "specificity", "npv", "ppv")
    return table(
        ("films", "from", "sensitivity", "specificity", "NPV", "PPV"),
        (
            (name, point, *(proportion(found[point][key]) for key in keys))
            for name, found in groups.items()
            for point in ("suspected", "likely")
        ),
    )


def suspected(groups: Mapping[str, Any]) -> list[str]:
    """Return what "suspected" means and how well probabilities are calibrated, a row a group of films."""
    keys = ("sensitivity", "specificity", "npv")
    return table(
        ("films", "sensitivity", "specificity", "NPV", "ECE"),
        (
            (name, *(proportion(found["suspected"][key]) for key in keys), estimate(found.get("ece")))
            for name, found in groups.items()
        ),
    )


def classes(groups: Mapping[str, Any]) -> list[str]:
    """Return the figures of the three classes, a row a group of films."""
    return table(
        ("films", "hairline vs normal, AUROC", "displaced vs normal, AUROC", "severity, AUROC", "three-class accuracy"),
        (
            (
                name,
                estimate(found["one_class"]["hairline vs normal"].get("auroc")),
                estimate(found["one_class"]["displaced vs normal"].get("auroc")),
                estimate(found["severity"].get("auroc")),
                estimate(found["three_classes"].get("accuracy")),
            )
            for name, found in groups.items()
        ),
    )
