"""The OpenAPI document as a file: ``python -m fracturelens.api.openapi docs/openapi.json`` writes it anew."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from fracturelens.api.contract import Api


def document() -> str:
    """Return the OpenAPI document as it is committed."""
    return json.dumps(Api().openapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(document(), encoding="utf-8")
    else:
        sys.stdout.write(document())
