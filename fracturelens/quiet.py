"""Third-party decoders, kept from talking about a film: no warning on stderr, no tag's value in a log."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import ModuleType
from typing import Any

_quiet: ContextVar[bool] = ContextVar("fracturelens_quiet", default=False)


class _Warnings(ModuleType):
    """The ``warnings`` module as a hushed decoder sees it: silent inside ``quietly()``, as ever outside."""

    def __getattr__(self, name: str) -> Any:
        return getattr(warnings, name)

    @staticmethod
    def warn(message: Any, category: Any = None, stacklevel: int = 1, source: Any = None, **options: Any) -> None:
        if not _quiet.get():
            warnings.warn(message, category, stacklevel + 1, source, **options)


_shim = _Warnings("warnings")


def hush(*modules: ModuleType) -> None:
    """Let what these modules warn and log obey ``quietly()``.

    A film with odd tags is a film, and decoders warn about every odd tag: under ``-W error`` that would refuse it.
    They log the values of tags too, names among them. ``warnings.catch_warnings`` changes the whole process and is
    not safe in threads before Python 3.14; exchanging the modules' own name ``warnings`` is, and leaves other
    programs that use the same decoders their warnings.
    """
    for module in modules:
        names = vars(module)
        if "warnings" in names:
            names["warnings"] = _shim
        for logger in (names.get("logger"), names.get("LOGGER")):
            if isinstance(logger, logging.Logger):
                logger.addFilter(_audible)


@contextmanager
def quietly() -> Iterator[None]:
    """Silence the hushed modules in this thread (or task), and nowhere else."""
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


def _audible(_: logging.LogRecord) -> bool:
    return not _quiet.get()
