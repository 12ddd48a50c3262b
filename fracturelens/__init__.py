"""Fracturelens: an explained, calibrated reading of elbow films. Research use only, not for diagnosis."""

from __future__ import annotations

__version__ = "0.1.0"

DISCLAIMER = "Research use only, not for diagnosis."
