"""Network: where the host lives. Nothing comes in from outside, and it reaches only the services that it needs."""

from __future__ import annotations

from typing import Final

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.config import Deployment
from infra.data import Data
from infra.logs import LogGroup
from infra.role import Role

ADDRESSES: Final = "10.80.0.0/22"
HTTPS: Final = ec2.Port.tcp(443)

SERVICES: Final = {
    "Ecr": ec2.InterfaceVpcEndpointAwsService.ECR,
    "EcrDocker": ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER,
    "Ssm": ec2.InterfaceVpcEndpointAwsService.SSM,
    "SsmMessages": ec2.InterfaceVpcEndpointAwsService.SSM_MESSAGES,
    "Ec2Messages": ec2.InterfaceVpcEndpointAwsService.EC2_MESSAGES,
    "Logs": ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
    "Monitoring": ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_MONITORING,
}
"""What the host calls besides S3, which has a door without an hourly price. S3 calls KMS itself."""


class Network(Construct):
    """Two zones without a way to the internet, unless the deployment asks for a NAT gateway.

    Attributes
    ----------
    vpc : ec2.Vpc
    where : ec2.SubnetSelection
        The host's subnet.
    host : ec2.SecurityGroup
        The host's: no rule lets anything in.
    """

    def __init__(self, scope: Construct, identity: str, deployment: Deployment, *, data: Data, key: kms.IKey) -> None:
        super().__init__(scope, identity)
        self.vpc = self._vpc(nat=deployment.host_nat)
        subnets = self.vpc.private_subnets if deployment.host_nat else self.vpc.isolated_subnets
        # One machine lives in one zone, and so do its doors to AWS: a second set would be paid for and never used.
        self.where = ec2.SubnetSelection(subnets=[subnets[0]])
        self.host = ec2.SecurityGroup(
            self, "Host", vpc=self.vpc, description="Docker host: nothing comes in", allow_all_outbound=False
        )
        self.host.add_egress_rule(ec2.Peer.any_ipv4(), HTTPS, "Services of AWS")
        self._door_to_s3(data)
        if not deployment.host_nat:  # Through the NAT gateway the same services are reached for less.
            self._doors_to_services()
        self._log_of_flows(deployment, key)

    def _vpc(self, *, nat: bool) -> ec2.Vpc:
        inside = ec2.SubnetType.PRIVATE_WITH_EGRESS if nat else ec2.SubnetType.PRIVATE_ISOLATED
        subnets = [ec2.SubnetConfiguration(name="Inside", subnet_type=inside, cidr_mask=24)]
        if nat:
            subnets.append(
                ec2.SubnetConfiguration(
                    name="Nat", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=28, map_public_ip_on_launch=False
                )
            )
        return ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(ADDRESSES),
            max_azs=2,
            nat_gateways=1 if nat else 0,
            subnet_configuration=subnets,
            restrict_default_security_group=True,
        )

    def _door_to_s3(self, data: Data) -> None:
        """Let the host reach its two buckets, and AWS's own that hold images' layers and packages; no other."""
        region = Stack.of(self).region
        door = self.vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
        for resources, actions in (
            (
                [data.films.arn_for_objects("*"), data.models.arn_for_objects("*")],
                ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            ),
            ([data.films.bucket_arn, data.models.bucket_arn], ["s3:ListBucket"]),
            (
                [
                    f"arn:aws:s3:::prod-{region}-starport-layer-bucket/*",  # ECR keeps layers there.
                    f"arn:aws:s3:::al2023-repos-{region}-de612dc2/*",  # The packages of Amazon Linux 2023.
                ],
                ["s3:GetObject"],
            ),
        ):
            # Packages are fetched without a name, layers under ECR's: who may, the buckets and roles say.
            door.add_to_policy(
                iam.PolicyStatement(principals=[iam.AnyPrincipal()], actions=actions, resources=resources)
            )

    def _doors_to_services(self) -> None:
        doors = ec2.SecurityGroup(
            self, "Doors", vpc=self.vpc, description="Services of AWS, for the Docker host", allow_all_outbound=False
        )
        doors.add_ingress_rule(self.host, HTTPS, "Docker host")
        for identity, service in SERVICES.items():
            door = self.vpc.add_interface_endpoint(
                identity,
                service=service,
                subnets=self.where,
                security_groups=[doors],
                open=False,
                private_dns_enabled=True,
            )
            # Credentials of another account, brought in by whoever broke in, open nothing here.
            door.add_to_policy(
                iam.PolicyStatement(
                    principals=[iam.AnyPrincipal()],
                    actions=["*"],
                    resources=["*"],
                    conditions={"StringEquals": {"aws:PrincipalAccount": Stack.of(self).account}},
                )
            )

    def _log_of_flows(self, deployment: Deployment, key: kms.IKey) -> None:
        log = LogGroup(self, "Flows", deployment, key=key, name=deployment.named("flows"))
        role = Role(
            self,
            "FlowsRole",
            "vpc-flow-logs.amazonaws.com",
            "Writes down who talked to whom",
            [log.writing(), iam.PolicyStatement(actions=["logs:DescribeLogStreams"], resources=[log.log_group_arn])],
        )
        self.vpc.add_flow_log(
            "All",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(log, role.without_policy_updates()),
            traffic_type=ec2.FlowLogTrafficType.ALL,
        )
