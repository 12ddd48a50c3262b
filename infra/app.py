"""The app: every stack of one deployment."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Tags
from constructs import Construct

from infra.config import Deployment
from infra.stacks import DataStack, EdgeStack, ServiceStack


@dataclass(frozen=True)
class System:
    """The stacks of one deployment."""

    data: DataStack
    edge: EdgeStack
    service: ServiceStack


def compose(scope: Construct, deployment: Deployment) -> System:
    """Put the stacks of a deployment into an app, and tag everything in them with what it belongs to."""
    data = DataStack(scope, deployment)
    edge = EdgeStack(scope, deployment)
    service = ServiceStack(scope, deployment, data=data.data, firewall=edge.firewall)
    # The Docker host and the batch run will be stacks of their own, composed here.
    Tags.of(scope).add("project", "fracturelens")
    Tags.of(scope).add("stage", deployment.stage)
    return System(data, edge, service)
