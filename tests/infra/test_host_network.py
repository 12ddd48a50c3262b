"""Where the host lives: nothing comes in, and little goes out."""

from __future__ import annotations

from typing import Any

from tests.infra.templates import System, Template, statements, text

ANYWHERE = {"0.0.0.0/0", "::/0"}


def incoming(template: Template) -> list[Any]:
    """Return every rule that lets something in, wherever it stands."""
    groups = template.of_type("AWS::EC2::SecurityGroup").values()
    return [
        *(rule for group in groups for rule in group.get("SecurityGroupIngress", [])),
        *template.of_type("AWS::EC2::SecurityGroupIngress").values(),
    ]


def group_of_the_host(template: Template) -> str:
    (interface,) = template.the("AWS::EC2::Instance")["NetworkInterfaces"]
    (group,) = interface["GroupSet"]
    return text(group)


def test_nothing_gets_into_the_host(either_host: System) -> None:
    group = group_of_the_host(either_host.host)

    assert all(text(rule["GroupId"]) != group for rule in incoming(either_host.host))
    assert not any("SecurityGroupIngress" in g for g in either_host.host.of_type("AWS::EC2::SecurityGroup").values())


def test_the_only_rule_that_lets_something_in_is_from_the_host_to_the_services_of_aws(hosted: System) -> None:
    (rule,) = incoming(hosted.host)

    assert text(rule["SourceSecurityGroupId"]) == group_of_the_host(hosted.host)
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 443, 443)
    doors = [d for d in hosted.host.of_type("AWS::EC2::VPCEndpoint").values() if d["VpcEndpointType"] == "Interface"]
    assert {text(group) for door in doors for group in door["SecurityGroupIds"]} == {text(rule["GroupId"])}


def test_the_host_speaks_tls_alone(either_host: System) -> None:
    name = group_of_the_host(either_host.host).strip("<>").removesuffix(".GroupId")

    (rule,) = either_host.host.of_type("AWS::EC2::SecurityGroup")[name]["SecurityGroupEgress"]
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 443, 443)


def test_there_is_no_way_to_the_internet(hosted: System) -> None:
    kinds = {resource["Type"] for resource in hosted.host.resources.values()}

    assert not kinds & {"AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::EC2::Route"}


def test_with_nat_the_host_calls_out_and_has_no_address_of_its_own_all_the_same(hosted_with_gpu: System) -> None:
    template = hosted_with_gpu.host
    (interface,) = template.the("AWS::EC2::Instance")["NetworkInterfaces"]
    subnet = text(interface["SubnetId"])
    (table,) = (
        text(a["RouteTableId"])
        for a in template.of_type("AWS::EC2::SubnetRouteTableAssociation").values()
        if text(a["SubnetId"]) == subnet
    )

    (route,) = (r for r in template.of_type("AWS::EC2::Route").values() if text(r["RouteTableId"]) == table)
    assert "NatGatewayId" in route
    assert interface["AssociatePublicIpAddress"] is False
    assert len(template.of_type("AWS::EC2::NatGateway")) == 1


def test_no_subnet_gives_public_addresses(either_host: System) -> None:
    subnets = either_host.host.of_type("AWS::EC2::Subnet").values()

    assert len({text(subnet["AvailabilityZone"]) for subnet in subnets}) == 2
    assert not any(subnet["MapPublicIpOnLaunch"] for subnet in subnets)


def test_every_service_that_the_host_calls_has_a_door(hosted: System) -> None:
    doors = hosted.host.of_type("AWS::EC2::VPCEndpoint").values()

    assert {text(door["ServiceName"]).partition(".")[2].split(".", 2)[-1] for door in doors} == {
        *("s3", "ecr.api", "ecr.dkr", "ssm", "ssmmessages", "ec2messages", "logs", "monitoring"),
    }
    assert all(door["PrivateDnsEnabled"] for door in doors if door["VpcEndpointType"] == "Interface")


def test_with_nat_no_door_is_paid_for(hosted_with_gpu: System) -> None:
    doors = hosted_with_gpu.host.of_type("AWS::EC2::VPCEndpoint").values()

    assert [door["VpcEndpointType"] for door in doors] == ["Gateway"]


def test_doors_open_to_this_account_alone(hosted: System) -> None:
    policies = [
        s
        for s in statements(hosted.host)
        if s.kind == "AWS::EC2::VPCEndpoint" and not any(action.startswith("s3:") for action in s.actions)
    ]

    assert len(policies) == 7
    for policy in policies:
        assert policy.conditions == {"StringEquals": {"aws:PrincipalAccount": {"Ref": "AWS::AccountId"}}}


def test_the_door_to_s3_leads_to_our_buckets_and_to_those_of_images_and_packages(either_host: System) -> None:
    region = either_host.host.region
    doors = [s for s in statements(either_host.host) if any(action.startswith("s3:") for action in s.actions)]
    reached = {resource: set(s.actions) for s in doors if s.kind == "AWS::EC2::VPCEndpoint" for resource in s.resources}

    of_aws = {resource for resource in reached if resource.startswith("arn:")}
    assert of_aws == {
        f"arn:aws:s3:::prod-{region}-starport-layer-bucket/*",
        f"arn:aws:s3:::al2023-repos-{region}-de612dc2/*",
    }
    assert all(reached[resource] == {"s3:GetObject"} for resource in of_aws)
    assert all("DataFilms" in r or "DataModels" in r for r in reached.keys() - of_aws)


def test_the_group_that_aws_makes_by_itself_is_closed(either_host: System) -> None:
    closed = either_host.host.the("Custom::VpcRestrictDefaultSG")

    assert text(closed["DefaultSecurityGroupId"]).endswith(".DefaultSecurityGroup>")


def test_who_talked_to_whom_is_written_down_encrypted(either_host: System) -> None:
    flows = either_host.host.the("AWS::EC2::FlowLog")

    assert flows["TrafficType"] == "ALL"
    log = either_host.host.resources[text(flows["LogGroupName"]).strip("<>")]["Properties"]
    assert "Key" in text(log["KmsKeyId"])
