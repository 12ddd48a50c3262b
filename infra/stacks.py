"""The stacks: what is deployed together. They only compose."""

from __future__ import annotations

from aws_cdk import Environment, Stack
from constructs import Construct

from infra.config import EDGE_REGION, Deployment
from infra.data import Data
from infra.firewall import Firewall


class DataStack(Stack):
    """What outlives every change to the rest."""

    def __init__(self, scope: Construct, deployment: Deployment) -> None:
        super().__init__(
            scope,
            f"{deployment.stack_name}-data",
            description="Fracturelens: films, readings and models",
            env=Environment(region=deployment.region),
            termination_protection=deployment.keep_data,
        )
        self.data = Data(self, "Data", deployment)


class EdgeStack(Stack):
    """What AWS wants in us-east-1, wherever the rest is."""

    def __init__(self, scope: Construct, deployment: Deployment) -> None:
        super().__init__(
            scope,
            f"{deployment.stack_name}-edge",
            description="Fracturelens: the firewall",
            env=Environment(region=EDGE_REGION),
            termination_protection=deployment.keep_data,
        )
        self.firewall = Firewall(self, "Firewall", deployment)
