"""``python -m infra.pages``: brings what is generated of docs/deploy.md and docs/security.md up to date."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from infra import review
from infra.acknowledged import ACKNOWLEDGED, FILMS, MODELS, Acknowledged
from infra.config import table
from infra.review import Finding

DOCS: Final = Path(__file__).parent.parent / "docs"
BEGIN: Final = "<!-- {}: written by `python -m infra.pages`; do not edit. -->"
END: Final = "<!-- {}: end. -->"


def options_renewed(page: str) -> str:
    """Return docs/deploy.md with its table of options written anew."""
    return _renewed(page, "Options", table())


def findings_renewed(page: str, found: Iterable[Finding]) -> str:
    """Return docs/security.md with its table of findings written anew."""
    found = sorted(set(found))
    rows = [f"| {_where(row)} | {_says(review.of(row, found))} | {row.reason} |" for row in ACKNOWLEDGED]
    return _renewed(
        page, "Findings", "\n".join(("| where | what the packs find | why it stays |", "|---|---|---|", *rows)) + "\n"
    )


def _renewed(page: str, what: str, content: str) -> str:
    begin, end = BEGIN.format(what), END.format(what)
    before, began, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not (began and ended):
        raise ValueError(f"The page has lost its marks: {begin} {end}")
    return f"{before}{begin}\n\n{content}\n{end}{after}"


def _where(row: Acknowledged) -> str:
    return "<br>".join(f"`{at.removesuffix('/Resource')}`" for at in row.where)


def _says(found: list[Finding]) -> str:
    """Return what was found: each sentence, with the rules that say so and their packs."""
    said: dict[str, dict[str, set[str]]] = {}
    for one in found:
        rule = one.rule.replace(FILMS, "<films bucket>").replace(MODELS, "<registry bucket>")
        said.setdefault(one.says.rstrip("."), {}).setdefault(rule, set()).add(one.pack)
    return "<br>".join(
        f"{says}: " + ", ".join(f"`{rule}` ({', '.join(sorted(packs))})" for rule, packs in sorted(rules.items()))
        for says, rules in sorted(said.items())
    )


def _rewrite(name: str, renewed: Callable[[str], str]) -> None:
    page = DOCS / name
    page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")


def main() -> None:
    """Write both pages; say what the packs find that nobody acknowledged, and fail if there is anything."""
    found: set[Finding] = set()
    for values in review.REVIEWED.values():
        with TemporaryDirectory() as folder:
            found.update(review.findings(*review.composed(values, folder)))
    _rewrite("deploy.md", options_renewed)
    _rewrite("security.md", lambda page: findings_renewed(page, found))
    left = found.difference(*(review.of(row, found) for row in ACKNOWLEDGED))
    for one in sorted(left):
        print(f"{one.where}: {one.says} {one.pack}-{one.rule}")
    print(f"{len(found)} findings, {len(left)} of them not acknowledged.")
    sys.exit(bool(left))


if __name__ == "__main__":
    main()
