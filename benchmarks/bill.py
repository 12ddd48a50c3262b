"""Works out what readings cost on AWS, from measured milliseconds and assumed prices; ``costs.py`` shows it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from benchmarks.cold_result import ColdStart
from benchmarks.prices import ASSUMPTIONS, PAGE_MB, PRICES, VERSIONS

Architecture = Literal["x86_64", "arm64"]
ARCHITECTURES: tuple[Architecture, ...] = ("x86_64", "arm64")

MEMORY_MB = 1769
"""The deployment's default; ``tests/benchmarks/test_costs.py`` compares it, and what follows, with the templates."""
API_UNIT_BYTES = 512 * 1024
DAYS_A_MONTH = 30

FIXED: dict[str, float] = {
    "KMS, key": 3,
    "WAF, web ACL": 1,
    "WAF, rule": 5,
    "CloudWatch, metric": 10,
    "CloudWatch, alarm": 11,
    "CloudWatch, anomaly band": 1,
    "CloudWatch, dashboard": 1,
    "Cognito": ASSUMPTIONS["users"].value,
    "ECR, storage": ASSUMPTIONS["image"].value * VERSIONS,
}
"""What is paid for whether films are read or not: how many of each, in a month."""


@dataclass(frozen=True, slots=True)
class Load:
    """What was measured of a function, milliseconds: an event, and init from the disk and from memory."""

    event_ms: float
    init_ms: float

    @classmethod
    def of(cls, cold: ColdStart, way: str) -> Load:
        """Take it from a result."""
        found = cold.way(way)
        start = found.starts.get("cold") or found.starts["warm"]
        return cls(found.billed_ms.median, start.init_ms.median)


def _assumed(name: str) -> float:
    return ASSUMPTIONS[name].value


def events() -> float:
    """Return how many events one reading brings: itself, asking for an upload, and looking at what was found."""
    return 1 + _assumed("films over the direct limit") + _assumed("other events")


def gb_seconds(load: Load, architecture: Architecture) -> tuple[float, float]:
    """Return what one reading takes of Lambda, GB-seconds: its events, and its share of cold starts."""
    slower = _assumed("time on Lambda") * (_assumed("time on arm64") if architecture == "arm64" else 1)
    busy = load.event_ms * slower * (1 + _assumed("other events") * _assumed("other events' time"))
    waiting = _assumed("waiting for S3") * events()
    starting = load.init_ms * slower * _assumed("init on Lambda") * _assumed("cold starts") * events()
    return _gigabytes(busy + waiting), _gigabytes(starting)


def _gigabytes(milliseconds: float) -> float:
    return MEMORY_MB / 1024 * milliseconds / 1000


def per_reading(load: Load, architecture: Architecture) -> dict[str, float]:
    """Return what one reading costs, US dollars, by what it is paid for."""
    running, starting = gb_seconds(load, architecture)
    second = PRICES[f"Lambda, {architecture}"].dollars
    uploads, others = _assumed("films over the direct limit"), _assumed("other events")
    film, answer = _assumed("film"), _assumed("answer")
    sent = math.ceil(film * 1e6 / API_UNIT_BYTES)
    visits = _assumed("page visits")
    written, read = 1 + uploads, uploads + others
    requests = events() + visits * _assumed("page")
    quantities = {
        "S3, PUT and POST": written,
        "S3, GET": read,
        "S3, storage": (film / 1000) * (1 + uploads) * _assumed("kept") / DAYS_A_MONTH,
        "KMS, requests": (written + read) * _assumed("requests to KMS"),
        # A large film does not pass through the API: asking for its upload and its reading are small.
        "HTTP API": sent * (1 - uploads) + 2 * uploads + others,
        "CloudFront, requests": requests,
        "CloudFront, to the user": (answer * (1 + others) + visits * PAGE_MB) / 1000,
        "CloudFront, to the API": film * (1 - uploads) / 1000,
        "WAF, requests": requests,
        "CloudWatch, logs": events() * _assumed("log") / 1e6,
    }
    lambda_costs = {
        "Lambda, running": running * second,
        "Lambda, starting": starting * second,
        "Lambda, requests": events() * PRICES["Lambda, requests"].dollars,
    }
    return lambda_costs | {name: quantity * PRICES[name].dollars for name, quantity in quantities.items()}


def per_month() -> dict[str, float]:
    """Return what the deployment costs each month without any reading, US dollars."""
    return {name: quantity * PRICES[name].dollars for name, quantity in FIXED.items()}
