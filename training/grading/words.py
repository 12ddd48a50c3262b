"""Agreement in words and tables, as the command line prints it."""

from __future__ import annotations

from typing import Any

from training.grading.grades import GRADES
from training.report.tables import estimate

_KAPPAS = (
    ("kappa", "four grades"),
    ("kappa_any_fracture", "any fracture"),
    ("kappa_severity", "hairline or displaced"),
)


def page(found: dict[str, Any]) -> str:
    """Return what ``agreement`` found; brackets are 95 % intervals."""
    readers = ", ".join(f"{name} ({count:,})" for name, count in found["readers"].items())
    lines = [f"{found['films']:,} films; graded by {readers}."]
    if found["all"]["n"]:
        lines.append(f"All readers: Krippendorff's alpha {_figure(found['all'])}.")
    else:
        lines.append("No film has two readers, so how far readers agree is not known.")
    for pair in found["pairs"]:
        first, second = pair["readers"]
        lines += ["", *_compared(first, second, pair)]
    for one in found["within"]:
        lines += ["", *_compared(f"{one['reader']}, first look", "second look", one)]
    lines += ["", "Brackets are 95 % intervals (shares: Wilson; kappa and alpha: films resampled 1,000 times)."]
    return "\n".join(lines)


def _compared(first: str, second: str, found: dict[str, Any]) -> list[str]:
    agreed = found["agreed"]
    if not agreed["n"]:
        return [f"{first} and {second}: no film in common."]
    width = max(len(name) for name in GRADES)
    return [
        f"{first} and {second}: alike on {agreed['hits']:,} of {agreed['n']:,} films, {estimate(agreed)}.",
        *(f"  Cohen's kappa, {name}: {_figure(found[key])}" for key, name in _KAPPAS),
        f"  {'':{width}}  " + "  ".join(f"{name:>{width}}" for name in GRADES) + f"   ({second})",
        *(
            f"  {name:{width}}  " + "  ".join(f"{count:{width}d}" for count in row)
            for name, row in zip(GRADES, found["table"], strict=True)
        ),
    ]


def _figure(value: dict[str, Any]) -> str:
    return f"{estimate(value)} (n = {value['n']:,})"
