"""``promoted.json``: the version that is read with, how it came to that, and every one before it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fracturelens import errors

POINTER_KEY: Final = "promoted.json"
MAX_POINTER_BYTES: Final = 1024 * 1024
MAX_COMPARISON_BYTES: Final = 64 * 1024
MAX_HISTORY: Final = 100
MAX_REASON: Final = 500
"""Characters."""
VERSION_PATTERN: Final = r"^[a-z0-9][a-z0-9.-]{0,62}$"
GOOD_ENOUGH: Final = frozenset({"better", "not worse"})
"""Verdicts that a promotion needs."""

Version = Annotated[str, Field(pattern=VERSION_PATTERN)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Part(BaseModel):
    """Base of the parts: immutable, tolerant of additions."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Estimate(Part):
    """A figure with its 95 % interval."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


class Change(Part):
    """A figure of both models, and the paired difference, new minus old."""

    old: Estimate
    new: Estimate
    difference: Estimate


class Compared(Part):
    """Which model was compared: the SHA-256 of its graph."""

    digest: Digest


class Comparison(Part):
    """What ``python -m training compare --json`` found; the part of it that is kept."""

    verdict: Literal["better", "not worse", "undecided", "worse"]
    films: Annotated[int, Field(ge=0)]
    fractured: Annotated[int, Field(ge=0)]
    auroc: Change
    specificity_at_sensitivity_93: Change | None = None
    old: Compared | None = None
    new: Compared | None = None

    @classmethod
    def read(cls, text: bytes) -> Self:
        """Read the comparison's JSON.

        Raises
        ------
        NotCompared
            It is none.
        """
        if len(text) > MAX_COMPARISON_BYTES:
            raise errors.NotCompared(f"A comparison has at most {MAX_COMPARISON_BYTES:,} bytes; this is none.")
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise errors.NotCompared(
                f"This is not what `python -m training compare --json` prints: {_first(error)}."
            ) from None


class Promotion(Part):
    """One version's turn.

    Attributes
    ----------
    reason
        Why it was promoted without a comparison that speaks for it, or why it was rolled back to.
    rolled_back_from
        The version that it took the place of, if it was there before it.
    """

    version: Version
    digest: Digest
    promoted_at: datetime
    reason: Annotated[str, Field(max_length=MAX_REASON)] | None = None
    comparison: Comparison | None = None
    rolled_back_from: Version | None = None


class Pointer(Promotion):
    """The version in use, and earlier ones, newest first."""

    history: Annotated[tuple[Promotion, ...], Field(max_length=MAX_HISTORY)] = ()

    @classmethod
    def read(cls, text: bytes) -> Self:
        """Read ``promoted.json``.

        Raises
        ------
        BundleDamaged
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise errors.BundleDamaged(f"{POINTER_KEY} of the registry: {_first(error)}.") from None

    @classmethod
    def after(cls, earlier: Pointer | None, promotion: Promotion) -> Self:
        """Return the pointer once a promotion has taken the place of what was promoted before."""
        history = earlier.turns[:MAX_HISTORY] if earlier else ()
        return cls(**promotion.model_dump(), history=history)

    @property
    def turns(self) -> tuple[Promotion, ...]:
        """Return all that is remembered, the present one first."""
        present = {name: getattr(self, name) for name in Promotion.model_fields}
        return (Promotion(**present), *self.history)

    def before(self) -> Promotion | None:
        """Return what a rollback leads to: what was promoted before the present one, and was not rolled back itself."""
        standing: list[Promotion] = []
        for turn in reversed(self.turns):
            if turn.rolled_back_from:
                del standing[-2:]
            standing.append(turn)
        return standing[-2] if len(standing) > 1 else None

    def to_json(self) -> bytes:
        return (self.model_dump_json(indent=2) + "\n").encode()


def now() -> datetime:
    """Return the time of a promotion."""
    return datetime.now(UTC)


def _first(error: ValidationError) -> str:
    """Say what is wrong first, and where; quotes no value."""
    first: Any = error.errors(include_url=False, include_input=False)[0]
    return f"field {'.'.join(map(str, first['loc'])) or 'none'!r}: {first['msg']}"
