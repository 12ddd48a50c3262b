"""What the commands share: the model option, and settings from options, environment and defaults (in this order)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from fracturelens.settings import Settings

ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="PLACE",
        help="Read with this model bundle: a folder, or s3://BUCKET of a registry.  "
        "[default: FRACTURELENS_MODEL, else the bundle shipped]",
    ),
]


def load_settings(context: typer.Context, *, model: str | None = None, **given: Any) -> Settings:
    """Return the settings: options that were given win over ``FRACTURELENS_*`` variables, those over defaults.

    Parameters
    ----------
    context
        Of the command; the model may also be named before the command (``fracturelens --model X assess``).
    given
        Fields of ``Settings`` by name; None means not given.

    Raises
    ------
    InvalidSetting
    """
    from fracturelens import settings

    return settings.load(model=model or context.find_root().obj, **given)
