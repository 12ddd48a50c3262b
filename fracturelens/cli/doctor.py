"""``fracturelens doctor``: check this installation, and say what to do about each problem."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fracturelens import DISCLAIMER, __version__, errors
from fracturelens.cli.options import ModelOption, load_settings
from fracturelens.cli.terminal import SOME_FAILED, shown

if TYPE_CHECKING:
    from fracturelens.settings import Settings

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)
ENOUGH_DISK_BYTES = 512 * 1024 * 1024
"""Room for a day of films at the default limits of a small site; below it writing is soon refused."""


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, whether it is well, what was seen, and what to do if it is not."""

    name: str
    ok: bool
    seen: str
    remedy: str = ""


class CheckError(Exception):
    """What a check found wrong, and what to do about it."""

    def __init__(self, seen: str, remedy: str) -> None:
        super().__init__(seen)
        self.seen = seen
        self.remedy = remedy


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Write the checks as one JSON object.")] = False,
    model: ModelOption = None,
) -> None:
    """Check Python, the model, a reading, the data folder, the port and the page; say what to do about problems."""
    settings = load_settings(context, model=model)
    checks = [_checked(name, look, settings) for name, look in CHECKS.items()]
    well = all(check.ok for check in checks)
    if as_json:
        typer.echo(json.dumps({"ok": well, "version": __version__, "checks": [asdict(check) for check in checks]}))
    else:
        for check in checks:
            typer.echo(f"{'ok' if check.ok else 'PROBLEM':<9}{check.name:<13}{shown(check.seen)}")
            if not check.ok:
                typer.echo(f"{'':<22}-> {shown(check.remedy)}")
        typer.echo(f"{'All is well.' if well else 'Fix the problems above.'} {DISCLAIMER}")
    if not well:
        raise typer.Exit(SOME_FAILED)


def _checked(name: str, look: Callable[[Settings], str], settings: Settings) -> Check:
    try:
        return Check(name, True, look(settings))
    except CheckError as problem:
        return Check(name, False, problem.seen, problem.remedy)


def python(settings: Settings) -> str:
    """Look at the interpreter's version."""
    seen = f"{sys.version.split()[0]} at {sys.executable}"
    if not OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
        oldest, newest = (".".join(map(str, bound)) for bound in (OLDEST_PYTHON, NEWEST_PYTHON))
        raise CheckError(seen, f"Install Fracturelens with a Python from {oldest} to {newest}.")
    return seen


def bundle(settings: Settings) -> str:
    """Verify the model bundle: manifest, schema, size and digest of the graph."""
    from fracturelens.model import open_model

    try:
        found = open_model(settings.model)
    except errors.BundleError as error:
        remedy = "Install Fracturelens again, or name another bundle by --model or FRACTURELENS_MODEL."
        raise CheckError(error.message, remedy) from error
    manifest = found.manifest
    return (
        f"{manifest.name} {manifest.version}, schema {manifest.schema_version}, digest verified "
        f"({manifest.graph.sha256[:12]}), in {found.location}"
    )


def reading(settings: Settings) -> str:
    """Read one synthetic film from PNG bytes to a heatmap."""
    from fracturelens.assessment import HeatmapChoice
    from fracturelens.cli.runtime import ready_assessor, synthetic_film

    film = synthetic_film(1024)
    try:
        assessor = ready_assessor(settings)
        started = time.perf_counter()
        assessor.read(film, heatmaps=HeatmapChoice.PREDICTED)
    except errors.BundleError as error:
        raise CheckError(error.message, "Put the model right first.") from error
    except Exception as error:  # whatever the runtime answers here, it is what the user has to know
        remedy = "The runtime does not work here; install it again: pip install --force-reinstall ai-edge-litert."
        raise CheckError(f"{type(error).__name__}: {error}", remedy) from error
    return f"a synthetic film in {1000 * (time.perf_counter() - started):.0f} ms"


def data_folder(settings: Settings) -> str:
    """Write to the data folder, or where it would be made, without making it; or to the bucket."""
    if isinstance(settings.store, str):
        return _bucket(settings.store)
    if not settings.retention_hours:
        return "none needed: nothing is kept (FRACTURELENS_RETENTION_HOURS=0)"
    place = _nearest_existing(settings.store)
    try:
        with tempfile.TemporaryFile(dir=place) as probe:
            probe.write(b"probe")
    except OSError as error:
        raise CheckError(
            f"{settings.store} cannot be written: {error.strerror}",
            "Choose another folder by --data or FRACTURELENS_STORE, or let this user write there.",
        ) from error
    return f"{settings.store}{'' if place == settings.store.absolute() else ' (made when first needed)'}"


def _bucket(url: str) -> str:
    from fracturelens.store.s3 import S3Store

    try:
        S3Store.at(url).check()
    except errors.InvalidSetting as error:
        raise CheckError(f"{url} cannot be reached", error.message) from error
    except errors.StoreError as error:
        raise CheckError(
            f"{url} cannot be written, read and deleted from",
            "See that it exists, that credentials and region are set (AWS_PROFILE, AWS_REGION), and that they may use "
            "it and its key. Or name another place by FRACTURELENS_STORE.",
        ) from error
    return f"{url} (written, read and deleted from)"


def disk(settings: Settings) -> str:
    """Look for room beside the data folder."""
    if isinstance(settings.store, str):
        return "none needed: films and results are in a bucket"
    free = shutil.disk_usage(_nearest_existing(settings.store)).free
    seen = f"{free / 1024**3:.1f} GiB free for {settings.store}"
    if free < ENOUGH_DISK_BYTES:
        raise CheckError(
            seen, f"Free some space, at least {ENOUGH_DISK_BYTES // 1024**2} MiB, or choose another folder."
        )
    return seen


def port(settings: Settings) -> str:
    """Listen on the port for a moment."""
    from fracturelens.cli.address import listen, url

    try:
        listen(settings.host, settings.port).close()
    except errors.AddressUnavailable as error:
        remedy = "If that is your running Fracturelens, all is well; if not, choose another port (FRACTURELENS_PORT)."
        raise CheckError(error.message, remedy) from error
    return f"{url(settings.host, settings.port)} is free"


def page(settings: Settings) -> str:
    """Look for the web page that ``serve`` shows."""
    from fracturelens.api.page import page_folder

    folder = page_folder()
    if folder is None:
        raise CheckError("there is no web page", "Install Fracturelens again: its web folder is missing.")
    return str(folder)


CHECKS: dict[str, Callable[[Settings], str]] = {
    "python": python,
    "model": bundle,
    "reading": reading,
    "data folder": data_folder,
    "disk": disk,
    "port": port,
    "page": page,
}


def _nearest_existing(folder: Path) -> Path:
    # os.path.exists says no where Path.exists would raise: below a folder that may not be searched.
    return next(place for place in (folder.absolute(), *folder.absolute().parents) if os.path.exists(place))  # noqa: PTH110
