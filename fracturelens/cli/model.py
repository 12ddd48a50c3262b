"""``fracturelens model show``: which model reads the films, and how good it was found to be."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fracturelens import DISCLAIMER
from fracturelens.cli.options import ModelOption, load_settings
from fracturelens.cli.terminal import shown

if TYPE_CHECKING:
    from fracturelens.bundle import Bundle, Manifest


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, help="Look at model bundles.", rich_markup_mode=None)
    group.command()(show)
    app.add_typer(group, name="model")


def show(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Write the manifest as one JSON object.")] = False,
    model: ModelOption = None,
) -> None:
    """Show the model in use: version, digest, operating points, training data, and results with their intervals."""
    from fracturelens.model import open_model

    bundle = open_model(load_settings(context, model=model).model)
    if as_json:
        facts = bundle.manifest.model_dump(mode="json")
        typer.echo(json.dumps(facts | {"location": bundle.location, "model_card": _card(bundle)}))
    else:
        typer.echo("\n".join(_lines(bundle)))


def _lines(bundle: Bundle) -> Iterator[str]:
    manifest = bundle.manifest
    facts = {
        "Model": f"{manifest.name} {manifest.version}",
        "Digest": f"sha256:{manifest.graph.sha256}",
        "Folder": bundle.location,
        "Model card": _card(bundle) or "none",
        "Classes": ", ".join(manifest.classes),
        "Input": f"{manifest.input_size} x {manifest.input_size} pixels, grey; a map cell every {manifest.cell_stride}",
        "Operating points": _operating_points(manifest),
    }
    width = max(map(len, facts)) + 2
    yield from (f"{name:<{width}}{shown(fact)}" for name, fact in facts.items())
    yield from _section("Training", manifest.training)
    yield from _section("Results", manifest.metrics)
    yield ""
    yield DISCLAIMER


def _operating_points(manifest: Manifest) -> str:
    points = manifest.operating_points
    return (
        f"fracture suspected from {points.suspected:.3f}, likely from {points.likely:.3f} "
        "(calibrated fracture probability)"
    )


def _card(bundle: Bundle) -> str | None:
    from fracturelens.bundle import MODEL_CARD_FILE

    card = Path(bundle.location) / MODEL_CARD_FILE
    return str(card) if card.is_file() else None


def _section(title: str, facts: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield f"{title}:" if facts else f"{title}: none recorded in the bundle"
    yield from _nested(facts, "  ")


def _nested(facts: Mapping[str, Any], indent: str) -> Iterator[str]:
    """Lay out the manifest's free part: an estimate on one line, other groups indented under their name."""
    for name, fact in facts.items():
        label = f"{indent}{shown(name.replace('_', ' '))}:"
        if isinstance(fact, Mapping) and "value" not in fact:
            yield label
            yield from _nested(fact, indent + "  ")
        else:
            yield f"{label} {shown(_estimate(fact) if isinstance(fact, Mapping) else _plain(fact))}"


def _estimate(fact: Mapping[str, Any]) -> str:
    """Write a result as the literature does: value (95 % interval; n)."""
    notes = []
    if "low" in fact and "high" in fact:
        notes.append(f"95 % interval {_plain(fact['low'])} to {_plain(fact['high'])}")
    if "n" in fact:
        notes.append(f"n = {_plain(fact['n'])}")
    return _plain(fact["value"]) + (f" ({'; '.join(notes)})" if notes else "")


def _plain(fact: Any) -> str:
    if fact is None:
        return "not defined"
    if isinstance(fact, float):
        return f"{fact:.4g}"
    if isinstance(fact, int) and not isinstance(fact, bool):
        return f"{fact:,}"
    return fact if isinstance(fact, str) else json.dumps(fact)
