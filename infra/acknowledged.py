"""Findings of the rule packs that stay, each with the reason why this system is right all the same.

``docs/security.md`` lists them. A row that nothing is found for fails a test, and so does a finding without a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct

from infra.config import Deployment

PACKS: Final = ("AwsSolutions", "HIPAA.Security", "NIST.800.53.R5")
"""What the names of rules begin with; packs share many a rule, so a row names it once for all."""

FILMS: Final = (
    '{"Fn::GetStackOutput":{"StackName":"Fracturelens-<stage>-data","Region":"<region>",'
    '"OutputName":"PublishOutputFnGetAttDataFilms89FC0856Arn693F12A4"}}'
)
"""The films bucket, as templates name what is in another stack."""

MODELS: Final = FILMS.replace("DataFilms89FC0856Arn693F12A4", "DataModels253B5D42Arn87154106")
"""The registry of models, likewise."""


@dataclass(frozen=True)
class Acknowledged:
    """Rules, the constructs that may break them, and why.

    Attributes
    ----------
    where : tuple of str
        Paths of constructs, from their stack on. What a deployment does not have is passed over.
    rules : tuple of str
        Names of rules without their pack, in square brackets what about the construct they object to. ``<stage>`` and
        ``<region>`` are those of the deployment.
    reason : str
    """

    where: tuple[str, ...]
    rules: tuple[str, ...]
    reason: str


ACKNOWLEDGED: Final = (
    Acknowledged(
        where=("Data/Films/Resource",),
        rules=("S3BucketVersioningEnabled", "S3BucketReplicationEnabled"),
        reason="Films and readings are promised to be gone after their retention, and whoever sent them keeps the "
        "originals. An old version or a copy elsewhere would outlive that promise.",
    ),
    Acknowledged(
        where=("Data/Models/Resource",),
        rules=("S3BucketReplicationEnabled",),
        reason="Models hold nothing of a patient, every version of them is kept, and what is in use is in the image of "
        "the function too.",
    ),
    Acknowledged(
        where=("Data/Logs/Resource", "Web/Logs/Resource"),
        rules=("S3DefaultEncryptionKMS",),
        reason="S3 delivers its access logs only to buckets under S3's own keys, so these are encrypted with them. "
        "They hold addresses, times and paths with random ids; nothing of a film, no token and no user's name.",
    ),
    Acknowledged(
        where=("Data/Logs/Resource", "Web/Logs/Resource"),
        rules=("S3BucketVersioningEnabled", "S3BucketReplicationEnabled"),
        reason="Nothing but AWS's log delivery writes here, and never twice under the same name, so versions would "
        "hold nothing more. Whoever must keep a trail in another account sends CloudTrail's data events there.",
    ),
    Acknowledged(
        where=("Web/Files/Resource",),
        rules=("S3DefaultEncryptionKMS",),
        reason="The page is public: CloudFront hands it to whoever asks. A key of our own would keep nobody from it.",
    ),
    Acknowledged(
        where=("Web/Files/Resource",),
        rules=("S3BucketVersioningEnabled", "S3BucketReplicationEnabled"),
        reason="The page comes out of the repository: each deployment writes it anew, and an older commit deployed "
        "again brings the older page back, in any region.",
    ),
    Acknowledged(
        where=("Reader/Role/May/Resource",),
        rules=(f"IAM5[Resource::{FILMS}/readings/*]", f"IAM5[Resource::{FILMS}/uploads/*]"),
        reason="Names of films and readings are random, so the role cannot name them one by one. It may read, write "
        "and delete below these two prefixes and nowhere else.",
    ),
    Acknowledged(
        where=("Reader/Role/May/Resource",),
        rules=(f"IAM5[Resource::{MODELS}/versions/*]",),
        reason="With promoted_model the function reads whichever version is promoted, and none of them has a name yet "
        "when it is deployed. It may read them and the pointer to the one, and write nothing there.",
    ),
    Acknowledged(
        where=("Reader/Function/Resource",),
        rules=("LambdaInsideVPC",),
        reason="The function speaks to S3, KMS and CloudWatch alone, over TLS and by its own role. It reaches into no "
        "network of yours, so being in one would only give it something to reach. Its way out to the internet is among "
        "the risks that remain, with what closes it.",
    ),
    Acknowledged(
        where=("Reader/Function/Resource",),
        rules=("LambdaDLQ",),
        reason="Only the API calls it, and waits for the answer: a call that fails is answered with an error, counted "
        "and alarmed on, and the film is still with whoever sent it. No event is ever queued that could be lost.",
    ),
    Acknowledged(
        where=("Reader/Function/Resource",),
        rules=("LambdaConcurrency",),
        reason="The API's throttle (requests_per_second, burst) already bounds the calls. A reservation is taken from "
        "the whole account, which may have no more than ten, so it is yours to make: reserved_concurrency.",
    ),
    Acknowledged(
        where=("Reader/DeployRole/May/Resource",),
        rules=("IAM5[Resource::<ReaderFunction09EC41FB.Arn>:*]",),
        reason="Versions are numbered as they are deployed, so the role that moves the alias from one to the next "
        "cannot know their names. All are of this one function.",
    ),
    Acknowledged(
        where=("Reader/DeployRole/May/Resource",),
        rules=("IAM5[Resource::arn:aws:cloudwatch:<region>:<AWS::AccountId>:alarm:*]",),
        reason="CloudWatch checks the right to look at alarms against the list of all of them, even for one named "
        "alarm. The role may look, and change nothing.",
    ),
    Acknowledged(
        where=("Gateway/Api/GET--healthz/Resource",),
        rules=("APIG4",),
        reason="/healthz tells whoever watches from outside that the function answers, and nothing else: no film, no "
        "user, no setting. Throttle and firewall hold for it as for every other route.",
    ),
    Acknowledged(
        where=("Auth/Users/Resource",),
        rules=("COG2",),
        reason="With mfa=optional users choose for themselves, and a sign-in very unlike the user's others is refused. "
        "It is there for trials; deploy with mfa=required for patients' films, and this is not found.",
    ),
    Acknowledged(
        where=("Web/Distribution/Resource",),
        rules=("CFR1",),
        reason="Which countries a hospital's readers work from is not ours to guess. Nobody reads anything without a "
        "user that its administrator made, wherever they are.",
    ),
    Acknowledged(
        where=("Web/Distribution/Resource",),
        rules=("CFR4",),
        reason="Without a domain of your own CloudFront answers under its own certificate, and decides by itself which "
        "TLS it takes. Deploy with domain, TLS 1.2 is the oldest, and this is not found.",
    ),
    Acknowledged(
        where=("Web/PublishRole/DefaultPolicy/Resource",),
        rules=(
            "IAM5[Action::s3:Abort*]",
            "IAM5[Action::s3:DeleteObject*]",
            "IAM5[Action::s3:GetBucket*]",
            "IAM5[Action::s3:GetObject*]",
            "IAM5[Action::s3:List*]",
            "IAM5[Resource::<WebFiles2DFCF39E.Arn>/*]",
            "IAM5[Resource::arn:aws:s3:::cdk-hnb659fds-assets-<AWS::AccountId>-<region>/*]",
            "IAMNoInlinePolicy",
        ),
        reason="The CDK's own function copies the page from the CDK's bucket into the page's, and the CDK writes the "
        "policy for it: these two buckets, of which one holds what is public and the other what is deployed.",
    ),
    Acknowledged(
        where=("Custom::CDKBucketDeployment8693BB64968944B69AAFB0CC9EB8756C256MiB/Resource",),
        rules=("L1", "LambdaConcurrency", "LambdaDLQ", "LambdaInsideVPC"),
        reason="The same function of the CDK: it runs only while CloudFormation deploys, which waits for it and rolls "
        "back if it fails, and comes with the runtime that the locked version of the CDK was tested on.",
    ),
    Acknowledged(
        where=("Machine/Role/May/Resource",),
        rules=(
            f"IAM5[Resource::{FILMS}/readings/*]",
            f"IAM5[Resource::{FILMS}/uploads/*]",
            f"IAM5[Resource::{MODELS}/*]",
            f"IAM5[Resource::{MODELS}/jobs/*]",
            f"IAM5[Resource::{MODELS}/versions/*]",
        ),
        reason="The host reads films as the function does, under the same two prefixes. In the registry, which holds "
        "models and the films to train on, it reads everything and writes below two prefixes: what a job has reached, "
        "and new versions. Which version is promoted it cannot write.",
    ),
    Acknowledged(
        where=("Machine/Role/May/Resource",),
        rules=("IAM5[Resource::*]", "IAM5[Resource::arn:aws:ec2:<region>:<AWS::AccountId>:instance/*]"),
        reason="AWS knows no narrower resource: for a token of ECR, for metrics (held to one namespace), and for the "
        "channels of Systems Manager, which belong to the machine that opens them. A machine reports itself under an "
        "id that is known only once its role is there.",
    ),
    Acknowledged(
        where=("Machine/Instance/Resource",),
        rules=("EC29",),
        reason="The machine holds nothing that is not in a bucket too, and every update replaces it, which protection "
        "would prevent. Its stack is protected wherever data is kept, and AWS moves it off hardware that fails.",
    ),
    Acknowledged(
        where=("Machine/Instance/Resource",),
        rules=("EC2InstancesInVPC",),
        reason="It is in one: in a subnet without a way in, named by its network interface, which also says that it "
        "gets no public address. The rule looks for the subnet beside the interface only.",
    ),
    Acknowledged(
        where=("Network/Vpc/NatSubnet1/DefaultRoute", "Network/Vpc/NatSubnet2/DefaultRoute"),
        rules=("VPCNoUnrestrictedRouteToIGW",),
        reason="A NAT gateway, deployed by host_nat alone, needs a way to the internet, and is all there is in these "
        "subnets. Through it the host calls out; nothing calls in. Leave host_nat out, and there is no such route.",
    ),
)


def acknowledge(app: IConstruct, deployment: Deployment) -> None:
    """Tell the rule packs which of their findings stay, and why."""
    for stack in filter(Stack.is_stack, app.node.children):
        for row in ACKNOWLEDGED:
            rules = [_in(deployment, rule) for rule in row.rules]
            for construct in filter(None, (_find(stack, where) for where in row.where)):
                Validations.of(construct).acknowledge(
                    *(Acknowledgment(id=f"{pack}-{rule}", reason=row.reason) for rule in rules for pack in PACKS)
                )


def place(path: str) -> str:
    """Return the path of a construct as the table names it, from its stack on."""
    return path.partition("/")[2]


def placeless(rule: str, deployment: Deployment) -> str:
    """Return a rule as the table names it, the same for every stage and region."""
    return rule.replace(deployment.stack_name, "Fracturelens-<stage>").replace(deployment.region, "<region>")


def _in(deployment: Deployment, rule: str) -> str:
    return rule.replace("<stage>", deployment.stage).replace("<region>", deployment.region)


def _find(stack: IConstruct, where: str) -> IConstruct | None:
    found: IConstruct | None = stack
    for name in where.split("/"):
        found = found.node.try_find_child(name) if found else None
    return found
