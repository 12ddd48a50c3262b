"""Where this machine's pip gets packages from, told to a build without leaving a trace in the image."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SETTINGS = frozenset(
    {"cert", "client-cert", "extra-index-url", "find-links", "index-url", "no-index", "proxy", "trusted-host"}
)
"""Options of pip that say where packages come from."""


@dataclass(frozen=True, slots=True)
class Source:
    """A ``pip.conf``, and the folders of this machine that it speaks of."""

    values: dict[str, str]
    folders: tuple[Path, ...]

    @classmethod
    def of_this_machine(cls) -> Source:
        """Ask pip, whose answer joins its files and its environment."""
        listed = subprocess.run(
            [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
        ).stdout
        values: dict[str, str] = {}
        if certificates := os.environ.get("REQUESTS_CA_BUNDLE"):
            values["cert"] = certificates
        # The environment wins over files, and is listed first.
        for line in sorted(listed.splitlines(), key=lambda line: line.startswith(":env:")):
            name, _, value = line.partition("=")
            if (setting := name.rpartition(".")[2]) in SETTINGS:
                values[setting] = str(ast.literal_eval(value))
        return cls(values, tuple(sorted({folder for value in values.values() for folder in _folders(value)})))

    def write(self, file: Path) -> None:
        """Write the ``pip.conf``."""
        # A list has one entry a line, and a line that goes on is indented.
        lines = [f"{name} = " + "\n    ".join(value.split()) for name, value in self.values.items()]
        file.write_text("\n".join(["[global]", *lines, ""]))


def _folders(value: str) -> list[Path]:
    """Return the folders that a value names; the files of an index lie beside it, so it counts with the one above."""
    indexes = [Path(path).parent for path in re.findall(r"file://(/\S+)", value)]
    plain = [path if path.is_dir() else path.parent for path in map(Path, value.split()) if path.is_absolute()]
    return [folder for folder in indexes + plain if folder.is_dir()]
