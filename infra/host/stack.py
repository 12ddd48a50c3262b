"""The stack of the Docker host. It only composes."""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment, Stack
from constructs import Construct

from infra import cleaning
from infra.config import Deployment
from infra.data import Data
from infra.encryption import Key
from infra.host.alarms import HostAlarms
from infra.host.machine import Machine
from infra.host.network import Network
from infra.host.training import Training


class HostStack(Stack):
    """One machine that runs the same service under Docker, and trains; nobody reaches it but by Systems Manager."""

    def __init__(self, scope: Construct, deployment: Deployment, *, data: Data) -> None:
        super().__init__(
            scope,
            f"{deployment.stack_name}-host",
            description="Fracturelens: the Docker host. Research use only, not for diagnosis.",
            env=Environment(region=deployment.region),
            termination_protection=deployment.keep_data,
        )
        key = Key(self, "Key", deployment, "the host's disk, logs and alarms")
        key.open_to_logs()
        network = Network(self, "Network", deployment, data=data, key=key)
        training = Training(self, "Training", deployment, key=key)
        machine = Machine(self, "Machine", deployment, network=network, training=training, data=data, key=key)
        HostAlarms(self, "Alarms", deployment, instance=machine.instance, key=key)
        cleaning.hold_to_our_rules(self, deployment, key=key)
        CfnOutput(self, "Host", value=machine.instance.instance_id, description="Id of the machine")
        CfnOutput(
            self,
            "Reach",
            value=f"aws ssm start-session --region {deployment.region} --target {machine.instance.instance_id} "
            "--document-name AWS-StartPortForwardingSession --parameters portNumber=8000,localPortNumber=8000",
            description="Brings the page to http://localhost:8000 on your machine while it runs",
        )
        CfnOutput(
            self,
            "Train",
            value=f"aws ssm send-command --region {deployment.region} --document-name {training.document.name} "
            f"--instance-ids {machine.instance.instance_id} --parameters data=data/elbow",
            description="Has the host train on the films below data/elbow in the registry's bucket",
        )
