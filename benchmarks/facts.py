"""What figures depend on: the machine and the versions, without anything that names a person or a place."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("ai-edge-litert", "tensorflow", "keras", "numpy", "pillow", "fastapi", "uvicorn")


def machine() -> dict[str, Any]:
    """Describe the processor, the memory and the system."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gb": _memory_gb(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def packages(*more: str) -> dict[str, str]:
    """Return the versions of the packages that do the work."""
    return {name: version(name) for name in (*PACKAGES, *more)}


def load() -> float | None:
    """Return the load average of the last minute: processes that wanted to run; None where there is none."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gb() -> float | None:
    if "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9, 1)
