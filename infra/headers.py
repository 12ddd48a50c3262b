"""The headers that keep browsers careful: on the page, and on what the API answers. Knows nothing of the CDK."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CONTENT_SECURITY_POLICY: Final = "Content-Security-Policy"

EVERYWHERE: Final[Mapping[str, str]] = {
    # Two years, as browsers ask of sites that are never to be opened without TLS.
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

API_HEADERS: Final[Mapping[str, str]] = {
    **EVERYWHERE,
    # What the API answers is data and pictures; opened by itself it may load and do nothing.
    CONTENT_SECURITY_POLICY: "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}


def page_headers(*outside: str) -> dict[str, str]:
    """Return the headers of the page.

    Parameters
    ----------
    *outside : str
        The origins, besides its own, that the page talks to: storage for large films, and the sign-in page.
    """
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data: blob:",
        "connect-src": " ".join(("'self'", *outside)),
        "manifest-src": "'self'",
        "worker-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        # No text becomes markup or code: the page makes elements and sets their text.
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return {**EVERYWHERE, CONTENT_SECURITY_POLICY: "; ".join(f"{what} {where}" for what, where in policy.items())}
