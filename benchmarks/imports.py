"""What importing a module costs: ``python benchmarks/imports.py MODULE`` prints how many modules, of how many bytes.

``profile`` adds where the time goes, which Python itself tells (``-X importtime``).
"""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+([\w.]+)")
"""Of one module: what it took by itself, microseconds, and its name."""
RUNTIME = "awslambdaric"


def inventory(module: str) -> dict[str, float]:
    """Import Lambda's runtime and a module, and count what came with them.

    Returns
    -------
    dict
        ``modules``, and ``file_mb``, the sizes of their files and of the libraries mapped, 10^6 bytes.
    """
    importlib.import_module(RUNTIME)
    importlib.import_module(module)
    files = {path for loaded in list(sys.modules.values()) if (path := _file(loaded)) is not None}
    maps = Path("/proc/self/maps")
    if maps.is_file():
        mapped = {line.split(maxsplit=5)[5] for line in maps.read_text().splitlines() if line.count("/") > 0}
        files |= {path for path in map(Path, mapped) if path.is_file()}
    return {"modules": len(sys.modules), "file_mb": round(sum(path.stat().st_size for path in files) / 1e6, 1)}


def profile(
    module: str, environment: Mapping[str, str], folder: Path = ROOT
) -> tuple[dict[str, float], dict[str, float]]:
    """Import a module from a folder in a process of its own.

    Returns
    -------
    dict
        As ``inventory`` has it.
    dict
        Milliseconds that the modules of each package took by themselves, by its name, the longest first.
    """
    done = subprocess.run(
        [sys.executable, "-X", "importtime", __file__, module],
        cwd=folder, env={**os.environ, **environment, "PYTHONPATH": str(folder)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"importing {module} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    spent: Counter[str] = Counter()
    for microseconds, name in LINE.findall(done.stderr):
        spent[name.partition(".")[0]] += int(microseconds)
    counted: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return counted, {name: spent[name] / 1000 for name, _ in spent.most_common()}


def _file(module: Any) -> Path | None:
    """Return the file that a module was made from: its byte code, if there is any."""
    for attribute in ("__cached__", "__file__"):
        name = getattr(module, attribute, None)
        if isinstance(name, str) and Path(name).is_file():
            return Path(name)
    return None


if __name__ == "__main__":
    sys.path.pop(0)  # benchmarks/, where a script finds its modules
    counted = inventory(sys.argv[1])
    sys.stdout.write(f"\n{json.dumps(counted)}\n")
