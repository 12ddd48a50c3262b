"""``python -m infra``: what ``cdk`` runs to get the templates."""

from __future__ import annotations

import sys

from aws_cdk import App

from infra.acknowledged import acknowledge
from infra.app import compose
from infra.config import InvalidDeployment, load


def main() -> None:
    """Write the templates of the deployment that the context describes."""
    app = App()
    try:
        deployment = load(app.node.get_all_context())
    except InvalidDeployment as error:
        sys.exit(str(error))
    compose(app, deployment)
    acknowledge(app, deployment)
    app.synth()


if __name__ == "__main__":
    main()
