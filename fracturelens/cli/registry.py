"""``fracturelens registry``: which versions of the model there are, and which one is read with."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fracturelens import DISCLAIMER, errors
from fracturelens.cli.terminal import shown

if TYPE_CHECKING:
    from fracturelens.bundle import Manifest
    from fracturelens.registry import Pointer, Promotion, Registry
    from fracturelens.registry.pointer import Comparison

HISTORY_SHOWN = 10

EPILOG = """\b
A new version is read with once it is promoted:
  python -m training compare OLD NEW --data FILMS --json > comparison.json
  fracturelens registry promote 0.2.0 --comparison comparison.json
  fracturelens registry rollback --reason "misses hairlines on our films"

A registry is a bucket or a folder. Servers with FRACTURELENS_MODEL=s3://BUCKET take what is promoted there.
"""

RegistryOption = Annotated[
    str | None,
    typer.Option(
        "--registry",
        metavar="PLACE",
        help="s3://BUCKET or a folder.  [default: the bucket of FRACTURELENS_MODEL, if that is one]",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write one JSON object.")]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(
        no_args_is_help=True,
        help="List models by version, and choose the one to read with.",
        epilog=EPILOG,
        rich_markup_mode=None,
    )
    group.command(name="list")(list_versions)
    group.command()(show)
    group.command()(promote)
    group.command()(rollback)
    app.add_typer(group, name="registry")


def list_versions(registry: RegistryOption = None, as_json: JsonOption = False) -> None:
    """List the versions in the registry; the one that is read with is marked by a star."""
    models = _opened(registry)
    pointer = models.promoted()
    versions = [_described(models, version, pointer) for version in models.versions()]
    if as_json:
        typer.echo(json.dumps({"registry": models.url, "versions": versions}))
        return
    typer.echo(f"{DISCLAIMER} Registry {shown(models.url)}.")
    rows = [("", "VERSION", "MODEL", "DIGEST", "PROMOTED")]
    rows += [
        (
            "*" if version["promoted"] else "",
            version["version"],
            shown(version["model"] or f"[{version['error']}]"),
            (version["digest"] or "")[:12],
            _time(version["promoted_at"]),
        )
        for version in versions
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    typer.echo(f"{len(versions)} versions." if pointer else f"{len(versions)} versions, none promoted.")


def show(
    version: Annotated[str | None, typer.Argument(help="A version.  [default: the one that is promoted]")] = None,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a version, verified whole, and when and why versions were promoted."""
    models = _opened(registry)
    pointer = models.promoted()
    bundle = models.read(version) if version else models.read_promoted()
    if as_json:
        facts = {"registry": models.url, "location": bundle.location, "manifest": bundle.manifest, "promoted": pointer}
        typer.echo(json.dumps({name: _plain(fact) for name, fact in facts.items()}))
    else:
        typer.echo("\n".join(_lines(bundle.location, bundle.manifest, pointer)))


def promote(
    version: Annotated[str, typer.Argument(help="The version to read with from now on.")],
    comparison: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What `python -m training compare --json` printed; - reads standard input."),
    ] = None,
    force: Annotated[
        str | None,
        typer.Option(metavar="REASON", help="Promote it whatever a comparison says; the reason is kept."),
    ] = None,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a version be read with from now on, if a comparison found it better or not worse."""
    compared = _comparison(comparison) if comparison else None
    models = _opened(registry)
    try:
        pointer = models.promote(version, comparison=compared, reason=force)
    except errors.NotCompared as error:
        remedy = "Name a comparison that speaks for it (--comparison FILE), or say why it is promoted (--force REASON)."
        raise errors.NotCompared(f"{error.message} {remedy}") from error
    _tell(models, pointer, as_json=as_json)


def rollback(
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why; it is kept.")] = None,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Go back to the version that was read with before; again, to the one before that."""
    models = _opened(registry)
    _tell(models, models.rollback(reason=reason), as_json=as_json)


def _opened(place: str | None) -> Registry:
    from fracturelens.registry import open_registry

    model = os.environ.get("FRACTURELENS_MODEL", "")
    if place is None and model.startswith("s3://"):
        place = "/".join(model.split("/")[:3])
    if not place:
        raise errors.InvalidSetting("No registry is named: --registry s3://BUCKET or --registry FOLDER.")
    return open_registry(place)


def _comparison(path: Path) -> Comparison:
    from fracturelens.registry import Comparison
    from fracturelens.registry.pointer import MAX_COMPARISON_BYTES

    try:
        with path.open("rb") if str(path) != "-" else sys.stdin.buffer as file:
            return Comparison.read(file.read(MAX_COMPARISON_BYTES + 1))
    except OSError as error:
        raise errors.FileUnreadable(f"The comparison cannot be read: {error.strerror}.") from error


def _described(models: Registry, version: str, pointer: Pointer | None) -> dict[str, Any]:
    """Describe a version; one that is damaged must not hide the others."""
    facts: dict[str, Any] = {"version": version, "model": None, "digest": None, "error": None}
    try:
        manifest = models.manifest(version)
        facts |= {"model": f"{manifest.name} {manifest.version}", "digest": manifest.graph.sha256}
    except (errors.BundleDamaged, errors.BundleTooNew) as error:
        facts["error"] = error.code
    turns = [turn for turn in pointer.turns if turn.version == version] if pointer else []
    promoted_at = turns[0].promoted_at.isoformat() if turns else None
    return facts | {"promoted": pointer is not None and pointer.version == version, "promoted_at": promoted_at}


def _lines(location: str, manifest: Manifest, pointer: Pointer | None) -> Iterator[str]:
    facts = {
        "Model": f"{manifest.name} {manifest.version}",
        "Digest": f"sha256:{manifest.graph.sha256} (verified)",
        "Place": location,
    }
    yield from (f"{name:<8}{shown(fact)}" for name, fact in facts.items())
    yield ""
    turns = pointer.turns if pointer else ()
    yield "Promoted, the present one first:" if turns else "Promoted: none."
    yield from (f"  {_turn(turn)}" for turn in turns[:HISTORY_SHOWN])
    if len(turns) > HISTORY_SHOWN:
        yield f"  and {len(turns) - HISTORY_SHOWN} before (--json shows all)"
    yield ""
    yield DISCLAIMER


def _turn(turn: Promotion) -> str:
    why = []
    if turn.rolled_back_from:
        why.append(f"rolled back from {turn.rolled_back_from}")
    elif turn.comparison:
        why.append(f"{turn.comparison.verdict} on {turn.comparison.films:,} films")
    if turn.reason:
        why.append(f'"{turn.reason}"')
    return shown(
        f"{_time(turn.promoted_at.isoformat())}  {turn.version}  ({turn.digest[:12]})  {', '.join(why)}"
    ).rstrip()


def _tell(models: Registry, pointer: Pointer, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"registry": models.url, "promoted": _plain(pointer)}))
        return
    before = f", instead of {pointer.history[0].version}" if pointer.history else ""
    typer.echo(f"{models.url} is read with version {pointer.version} ({pointer.digest[:12]}) from now on{before}.")


def _plain(fact: Any) -> Any:
    return fact.model_dump(mode="json") if hasattr(fact, "model_dump") else fact


def _time(text: str | None) -> str:
    return text[:16].replace("T", " ") + " UTC" if text else ""
