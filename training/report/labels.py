"""What the labels are worth, in words: where severity comes from and how good a figure about it can be."""

from __future__ import annotations

import math
from typing import Any

from training.datasets.fracatlas import LABEL_ORIGIN
from training.report.tables import DASH, estimate, percent, table

MACHINE_NOTE = (
    "Severity (hairline, displaced) was read from the films by vision models following a written protocol, not by "
    "clinicians; two independent readings agreed with kappa .73, and no clinician has confirmed them. A figure about "
    "severity can therefore be no better than that agreement, and says how well the network repeats those readings."
)
GRADED_NOTE = (
    "Severity (hairline, displaced) is what readers graded, on the films that they graded; on all others it was read "
    "from the films by vision models following a written protocol and confirmed by no clinician. A figure about "
    "severity can be no better than these labels."
)
PROTOCOL = (
    "The protocol: *hairline* is undisplaced or minimally displaced (a thin lucent line, crack or buckle; no step-off "
    "beyond about one cortical thickness, no gap, angulation, overlap or free fragment); *displaced* is any of those; "
    "*unclear* is fractured with the severity not settled by two of three readings."
)
OTHER_NOTE = "A figure about these films can be no better than their labels."


def origin_note(label_origin: str) -> str:
    """Return what every page with a three-class figure says about its labels."""
    if read_by_machine(label_origin):
        return MACHINE_NOTE
    return GRADED_NOTE if LABEL_ORIGIN in label_origin else OTHER_NOTE


def read_by_machine(label_origin: str) -> bool:
    """Say whether all severity labels are FracAtlas's machine readings, none graded since."""
    return label_origin.startswith(LABEL_ORIGIN)


def bound(severity: dict[str, Any], label_origin: str) -> list[str]:
    """Return what the agreement of the readings behind the labels says about the severity figures."""
    readers = severity.get("readers")
    if not readers or not read_by_machine(label_origin):
        return [origin_note(label_origin)]
    agreement = float(readers["agreement"]["value"])
    error = implied_error(agreement)
    return [
        PROTOCOL,
        "",
        (
            f"Of the fractured films here, {readers['n']:,} were called hairline or displaced by both of two readings "
            f"made independently of each other; they agree on {estimate(readers['agreement'])} of them, kappa "
            f"{estimate(readers['kappa'])}. The network agrees with the settled label with kappa "
            f"{estimate(severity.get('kappa'))}: one reading agreeing with the other is the level to compare it with."
        ),
        "",
        (
            "If the readings erred independently and equally often, each would be wrong on about "
            f"{percent(error)} of the films, and a network without any error would still be counted wrong on about as "
            "many when judged by one of them. Neither is sure: readings of the same kind tend to err alike, and then "
            "they agree and are both wrong, which no figure on this page can show. Only a clinician's reading, "
            "or a CT, can; there is none yet ([a sheet to collect one](grading.md))."
        ),
        "",
        *table(
            ("label settled by", "n", "displaced", "AUROC", "balanced accuracy"),
            (
                (
                    name,
                    f"{found['n']:,}",
                    f"{found['displaced']:,}",
                    estimate(found.get("auroc")),
                    estimate(found.get("balanced_accuracy")),
                )
                for name, found in severity["by_basis"].items()
            ),
        ),
        "",
        (
            "Films on which the first two readings differed are harder for the network too, or their labels are "
            f"noisier; both would look like this. ({DASH}: too few films.)"
        ),
    ]


def implied_error(agreement: float) -> float:
    """Return how often each of two readings errs if they err independently and equally often.

    Two readings with error e agree with probability ``1 - 2 e (1 - e)``; below one half no such e exists, and one
    half is returned.
    """
    return (1 - math.sqrt(max(0.0, 2 * agreement - 1))) / 2
