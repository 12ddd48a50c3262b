"""The app: every stack of one deployment."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Tags
from constructs import Construct

from infra.config import Deployment
from infra.host.stack import HostStack
from infra.stacks import DataStack, EdgeStack, ServiceStack


@dataclass(frozen=True)
class System:
    """The stacks of one deployment."""

    data: DataStack
    edge: EdgeStack
    service: ServiceStack
    host: HostStack | None


def compose(scope: Construct, deployment: Deployment) -> System:
    """Put the stacks of a deployment into an app, and tag everything in them with what it belongs to."""
    data = DataStack(scope, deployment)
    edge = EdgeStack(scope, deployment)
    service = ServiceStack(scope, deployment, data=data.data, firewall=edge.firewall)
    host = HostStack(scope, deployment, data=data.data) if deployment.host else None
    # The batch run will be a stack of its own, composed here.
    Tags.of(scope).add("project", "fracturelens")
    Tags.of(scope).add("stage", deployment.stage)
    return System(data, edge, service, host)
