"""``fracturelens doctor``: check this installation, and say what to do about each problem."""

from __future__ import annotations

import json
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
    checks = [check(settings) for check in CHECKS]
    well = all(check.ok for check in checks)
    if as_json:
        typer.echo(json.dumps({"ok": well, "version": __version__, "checks": [asdict(check) for check in checks]}))
    else:
        for check in checks:
            typer.echo(f"{'ok     ' if check.ok else 'PROBLEM'}  {check.name:<12}{shown(check.seen)}")
            if not check.ok:
                typer.echo(f"{'':<9}{'':<12}-> {shown(check.remedy)}")
        typer.echo(f"{'All is well.' if well else 'Fix the problems above.'} {DISCLAIMER}")
    if not well:
        raise typer.Exit(SOME_FAILED)


def check_python(settings: Settings) -> Check:
    """Look at the interpreter's version."""
    version = sys.version_info[:2]
    oldest, newest = (".".join(map(str, bound)) for bound in (OLDEST_PYTHON, NEWEST_PYTHON))
    return Check(
        "python",
        OLDEST_PYTHON <= version <= NEWEST_PYTHON,
        f"{sys.version.split()[0]} at {sys.executable}",
        f"Install Fracturelens with a Python from {oldest} to {newest}.",
    )


def check_bundle(settings: Settings) -> Check:
    """Verify the model bundle: manifest, schema, size and digest of the graph."""
    from fracturelens.bundle import open_bundle

    try:
        bundle = open_bundle(settings.model)
    except errors.BundleError as error:
        return Check(
            "model", False, error.message, "Reinstall Fracturelens, or name a bundle by --model or FRACTURELENS_MODEL."
        )
    manifest = bundle.manifest
    return Check(
        "model",
        True,
        f"{manifest.name} {manifest.version}, schema {manifest.schema_version}, digest verified "
        f"({manifest.graph.sha256[:12]}), in {bundle.location}",
    )


def check_reading(settings: Settings) -> Check:
    """Read one synthetic film from PNG bytes to a heatmap, twice: the first time starts the runtime."""
    from fracturelens.assess import open_assessor
    from fracturelens.assessment import HeatmapChoice

    try:
        assessor = open_assessor(settings.model, threads=settings.threads, instances=1)
        film = _synthetic_film()
        assessor.read(film, heatmaps=HeatmapChoice.PREDICTED)
        started = time.perf_counter()
        assessor.read(film, heatmaps=HeatmapChoice.PREDICTED)
    except errors.BundleError as error:
        return Check("reading", False, error.message, "Put the model right first (see above).")
    except Exception as error:  # whatever the runtime answers here, it is what the user has to know
        return Check(
            "reading",
            False,
            f"{type(error).__name__}: {error}",
            "The runtime does not work on this machine; reinstall it: pip install --force-reinstall ai-edge-litert.",
        )
    return Check("reading", True, f"a synthetic film in {1000 * (time.perf_counter() - started):.0f} ms")


def check_data(settings: Settings) -> Check:
    """Write to the data folder, or where it would be made, without making it."""
    if not settings.retention_hours:
        return Check("data folder", True, "none needed: nothing is kept (FRACTURELENS_RETENTION_HOURS=0)")
    place = _nearest_existing(settings.data)
    try:
        if not place.is_dir():
            raise NotADirectoryError(0, "it is a file")
        with tempfile.TemporaryFile(dir=place) as probe:
            probe.write(b"probe")
    except OSError as error:
        return Check(
            "data folder",
            False,
            f"{settings.data} cannot be written: {error.strerror}",
            "Choose another one by --data or FRACTURELENS_DATA, or let this user write there.",
        )
    return Check("data folder", True, f"{settings.data}{'' if place == settings.data else ' (made when first needed)'}")


def check_disk(settings: Settings) -> Check:
    """Look for room beside the data folder."""
    free = shutil.disk_usage(_nearest_existing(settings.data)).free
    return Check(
        "disk",
        free >= ENOUGH_DISK_BYTES,
        f"{free / 1024**3:.1f} GiB free for {settings.data}",
        f"Free some space ({ENOUGH_DISK_BYTES // 1024**2} MiB at least), or choose another folder by --data.",
    )


def check_port(settings: Settings) -> Check:
    """Listen on the port for a moment."""
    from fracturelens.cli.address import listen, url

    try:
        listen(settings.host, settings.port).close()
    except errors.AddressUnavailable as error:
        remedy = "If that is your running Fracturelens, all is well; if not, choose another port (FRACTURELENS_PORT)."
        return Check("port", False, error.message, remedy)
    return Check("port", True, f"{url(settings.host, settings.port)} is free")


CHECKS: tuple[Callable[[Settings], Check], ...] = (
    check_python,
    check_bundle,
    check_reading,
    check_data,
    check_disk,
    check_port,
)


def _nearest_existing(folder: Path) -> Path:
    return next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())


def _synthetic_film() -> bytes:
    """Draw a bright shaft on a dark ground, as a PNG of 512 x 512 pixels."""
    import io

    import numpy as np
    from PIL import Image

    across = np.abs(np.linspace(-1, 1, 512))
    shaft = np.clip(1.2 - 3 * across, 0.05, 1) * (0.8 + 0.2 * np.sin(np.linspace(0, 60, 512)))[:, None]
    out = io.BytesIO()
    Image.fromarray(np.rint(255 * shaft).astype(np.uint8)).save(out, format="PNG")
    return out.getvalue()
