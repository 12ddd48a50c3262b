"""Machine: the one on which Docker runs, and what it does when it starts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra import contract
from infra.config import Deployment
from infra.data import Data
from infra.host.images import Image
from infra.host.network import Network
from infra.host.rights import rights
from infra.host.training import Training
from infra.logs import LogGroup
from infra.role import Role

FILES: Final = Path(__file__).parent / "files"
HOME: Final = "/opt/fracturelens"
SETTINGS: Final = "/etc/fracturelens"
END: Final = "END_OF_FILE"
REFRESH_SECONDS: Final = 300
"""How often the service looks whether another model was promoted."""

# Both are parameters that AWS itself keeps up to date, so each deployment takes the newest image.
# https://docs.aws.amazon.com/dlami/latest/devguide/find-dlami-id.html
WITH_GPU: Final = "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-amazon-linux-2023/latest/ami-id"
PROCESSORS: Final = {"x86_64": ec2.AmazonLinuxCpuType.X86_64, "arm64": ec2.AmazonLinuxCpuType.ARM_64}


class Machine(Construct):
    """One instance that nobody can call, and its logs.

    Whatever changes in what it starts with, the image of the system included, makes a new one: it holds nothing that is
    not in a bucket too.
    """

    def __init__(
        self,
        scope: Construct,
        identity: str,
        deployment: Deployment,
        *,
        network: Network,
        training: Training,
        data: Data,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, identity)
        self.log = LogGroup(self, "Log", deployment, key=key, name=deployment.named("host"))
        self._service = Image(self, "Service", deployment, "container/Dockerfile")
        role = Role(
            self,
            "Role",
            "ec2.amazonaws.com",
            "Reads films and trains models",
            rights(self, data=data, images=[self._service, training.image], logs=[self.log, training.log]),
        )
        self.instance = ec2.Instance(
            self,
            "Instance",
            instance_name=deployment.named("host"),
            instance_type=ec2.InstanceType(deployment.host_machine),
            machine_image=_system(deployment),
            vpc=network.vpc,
            vpc_subnets=network.where,
            security_group=network.host,
            associate_public_ip_address=False,
            role=role.without_policy_updates(),
            http_tokens=ec2.HttpTokens.REQUIRED,
            # Two, since containers stand one hop behind the machine, and the service takes its role from there.
            http_put_response_hop_limit=2,
            detailed_monitoring=True,
            ebs_optimized=True,
            instance_initiated_shutdown_behavior=ec2.InstanceInitiatedShutdownBehavior.STOP,
            block_devices=[
                ec2.BlockDevice(
                    device_name="/dev/xvda",
                    volume=ec2.BlockDeviceVolume.ebs(
                        deployment.host_volume_gb,
                        encrypted=True,
                        kms_key=key,
                        volume_type=ec2.EbsDeviceVolumeType.GP3,
                        delete_on_termination=True,
                    ),
                )
            ],
            propagate_tags_to_volume_on_creation=True,
            user_data=self._start(deployment, training, data),
            user_data_causes_replacement=True,
        )
        self.instance.node.add_dependency(network)  # It fetches its image through the network's doors.

    def _start(self, deployment: Deployment, training: Training, data: Data) -> ec2.UserData:
        """Return what the machine runs once: it writes the files of this product down and installs them."""
        files = {f"{HOME}/{path.name}": path.read_text(encoding="utf-8") for path in sorted(FILES.iterdir())}
        files[f"{SETTINGS}/host.env"] = _lines(
            {
                "REGION": Stack.of(self).region,
                "SERVICE": deployment.named(),
                "NAMESPACE": contract.NAMESPACE,
                "SERVICE_IMAGE": self._service.image_uri,
                "SERVICE_LOG": self.log.log_group_name,
                "PUBLISH": "127.0.0.1:8000",
                "TRAINING_IMAGE": training.image.image_uri,
                "TRAINING_LOG": training.log.log_group_name,
                "MODELS": data.models.bucket_name,
                "GPUS": "all" if deployment.host_gpu else "",
            }
        )
        files[f"{SETTINGS}/service.env"] = _lines(
            {
                "AWS_REGION": Stack.of(self).region,
                "FRACTURELENS_STORE": f"s3://{data.films.bucket_name}",
                "FRACTURELENS_MODEL": f"s3://{data.models.bucket_name}",
                "FRACTURELENS_MODEL_REFRESH_SECONDS": str(REFRESH_SECONDS),
                "FRACTURELENS_RETENTION_HOURS": str(24 * deployment.retention_days),
                # Sessions of Systems Manager end on the machine itself.
                "FRACTURELENS_HOSTS": "localhost,127.0.0.1",
            }
        )
        script = ec2.UserData.for_linux(shebang="#!/bin/bash")
        script.add_commands("set -euo pipefail", f"mkdir -p {HOME} {SETTINGS}")
        for path, content in files.items():
            script.add_commands(f"cat >{path} <<'{END}'\n{content}{END}")
        script.add_commands(f"bash {HOME}/install.sh")
        return script


def _system(deployment: Deployment) -> ec2.IMachineImage:
    if deployment.host_gpu:
        return ec2.MachineImage.from_ssm_parameter(WITH_GPU, os=ec2.OperatingSystemType.LINUX)
    return ec2.MachineImage.latest_amazon_linux2023(cpu_type=PROCESSORS[deployment.architecture])


def _lines(values: Mapping[str, str]) -> str:
    """Return an environment file that systemd, Docker and a shell read alike: no value holds a space."""
    return "".join(f"{name}={value}\n" for name, value in values.items())
