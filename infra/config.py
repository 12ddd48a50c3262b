"""What may differ between two deployments: the values given as ``cdk … -c key=value``, checked before anything else."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

EDGE_REGION: Final = "us-east-1"
"""Where AWS wants what belongs to CloudFront: its certificate and its firewall."""

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
# fmt: off
LOG_RETENTION_DAYS: Final = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)

# CloudFront delivers no access logs to buckets in these regions, so a deployment there could not be audited.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging-legacy-s3.html
WITHOUT_PAGE_LOGS: Final = frozenset({
    "af-south-1", "ap-east-1", "ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
    "ap-southeast-7", "ca-west-1", "eu-central-2", "eu-south-1", "eu-south-2", "il-central-1", "me-central-1",
    "me-south-1", "mx-central-1",
})
# fmt: on

STAGE: Final = r"^[a-z][a-z0-9]*$"  # No hyphens: stage "a-data" would own the data of stage "a".
REGION: Final = r"^(?:af|ap|ca|eu|il|me|mx|sa|us)-[a-z]+-\d$"
DOMAIN: Final = r"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$"
CERTIFICATE: Final = r"^arn:aws:acm:us-east-1:\d{12}:certificate/[0-9a-f-]{36}$"
HOSTED_ZONE: Final = r"^Z[A-Z0-9]{4,31}$"
ORIGIN: Final = r"^https://(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,63}$"
INSTANCE_TYPE: Final = r"^[a-z]+\d+[a-z0-9-]*\.(?:nano|micro|small|medium|large|\d{0,2}xlarge)$"
OF_ARM: Final = r"[a-z]+\d+g"  # AWS writes the processor behind the generation: m7g is Graviton, g5 is not.
WITH_GPU: Final = r"(?:g|gr|p)\d"
WITH_DISKS: Final = r"[a-z]+\d+[a-z]*d|(?:g|gr|p|i|d)\d"
EMAIL: Final = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"

USUAL_MACHINES: Final = {"x86_64": "t3.medium", "arm64": "t4g.medium"}
USUAL_GPU_MACHINE: Final = "g4dn.xlarge"

# What the CDK and its feature flags keep in the context: aws:…, @aws-cdk/…, and so on; ours are plain words.
PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
OF_THE_CDK: Final = frozenset({"acknowledged-issue-numbers", "cli-telemetry"})
NOT_YET: Final = frozenset({"batch"})


def _one_of_these_days(days: int) -> int:
    if days not in LOG_RETENTION_DAYS:
        raise ValueError("CloudWatch knows no such retention")
    return days


def _parts(value: Any) -> Any:
    return value.split(",") if isinstance(value, str) else value


def option(default: Any, description: str, allowed: str, example: object, **limits: Any) -> Any:
    """Describe one key: what it does, what it takes, and a value to copy."""
    start = {"default_factory": default} if callable(default) else {"default": default}
    return Field(description=description, examples=[example], json_schema_extra={"allowed": allowed}, **start, **limits)


class Deployment(BaseModel):
    """One deployment of Fracturelens; each field is the key of one ``-c key=value``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: str = option(
        "dev",
        "Names the deployment; an account holds as many as you like.",
        "up to 12 lower-case letters and digits, a letter first; not aws, amazon or cognito",
        "prod",
        pattern=STAGE,
        max_length=12,
    )
    region: str = option(
        "eu-central-1",
        "Where films and readings are kept and read.",
        "a commercial AWS region to whose buckets CloudFront delivers access logs",
        "eu-west-1",
        pattern=REGION,
    )
    architecture: Literal["x86_64", "arm64"] = option(
        "x86_64",
        "Processor of the Lambda function and of the host; their images are built for it.",
        "`x86_64` or `arm64`",
        "arm64",
    )
    memory_mb: int = option(
        1769,
        "Memory of the Lambda function, MB; processor time comes with it, 1769 MB bring one whole processor.",
        "512 to 10240",
        3008,
        ge=512,
        le=10240,
    )
    reserved_concurrency: int | None = option(
        None,
        "Most films read at the same time, taken from what the account has. Left out: as many as the account allows.",
        "1 or more",
        20,
        ge=1,
        le=10_000,
    )
    requests_per_second: int = option(
        20, "Requests that the API takes per second, of all callers together.", "1 to 10000", 50, ge=1, le=10_000
    )
    burst: int = option(40, "Requests that the API takes at once, beyond that rate.", "1 to 5000", 100, ge=1, le=5_000)
    requests_per_ip: int = option(
        1000,
        "Requests that one address may make in five minutes, page included; opening the page takes about forty.",
        "100 to 1000000",
        5000,
        ge=100,
        le=1_000_000,
    )
    retention_days: int = option(1, "Days that films and readings are kept.", "whole days, 1 to 365", 7, ge=1, le=365)
    log_retention_days: Annotated[int, AfterValidator(_one_of_these_days)] = option(
        365, "Days that logs are kept.", ", ".join(map(str, LOG_RETENTION_DAYS)), 90
    )
    keep_data: bool = option(
        lambda known: known.get("stage", "").startswith("prod"),
        "Whether `cdk destroy` leaves buckets, keys and users behind, and stacks are protected from it. "
        "Left out: yes for stages whose name starts with prod.",
        "`true` or `false`",
        True,
    )
    mfa: Literal["optional", "required"] = option(
        "optional",
        "Whether users must sign in with an authenticator app besides their password.",
        "`optional` or `required`",
        "required",
    )
    domain: str | None = option(
        None,
        "Name under which the page is reached. Left out: CloudFront's own.",
        "a domain name, with certificate_arn",
        "films.example.org",
        pattern=DOMAIN,
        max_length=253,
    )
    certificate_arn: str | None = option(
        None,
        "Certificate of that name, in AWS Certificate Manager.",
        "ARN of a certificate in us-east-1, with domain",
        "arn:aws:acm:us-east-1:111122223333:certificate/01234567-89ab-cdef-0123-456789abcdef",
        pattern=CERTIFICATE,
    )
    hosted_zone: str | None = option(
        None,
        "Route 53 zone that gets the name's records. Left out: you make them, where your names are kept.",
        "id of a hosted zone, with domain",
        "Z0123456789ABCDEFGHIJ",
        pattern=HOSTED_ZONE,
    )
    page_origin: str | None = option(
        None,
        "Origin of the page where there is no domain, known after the first deployment: "
        "films are then sent to storage from it alone.",
        "https://, a host name and nothing behind it; without domain",
        "https://d111111abcdef8.cloudfront.net",
        pattern=ORIGIN,
    )
    alarm_email: str | None = option(
        None,
        "Where alarms are sent; AWS asks for a confirmation first. Left out: alarms only show on the dashboard.",
        "an e-mail address",
        "oncall@example.org",
        pattern=EMAIL,
    )
    usual_mean: Annotated[tuple[float, float], BeforeValidator(_parts)] | None = option(
        None,
        "Band in which the mean fracture probability of a day stays where you read films; outside it an alarm tells "
        "of drift. Left out: CloudWatch learns what is usual, which shows a jump but follows a slow drift.",
        "two numbers from 0 to 1, the lower first, with a comma between them",
        "0.15,0.45",
    )

    promoted_model: bool = option(
        False,
        "Whether the function reads with the model that is promoted in the registry; with the one in its image while "
        "there is none, or it is damaged.",
        "`true` or `false`",
        True,
    )
    host: bool = option(
        False,
        "Whether there is a Docker host too, which reads films and trains models ([host.md](host.md)).",
        "`true` or `false`",
        True,
    )
    host_instance_type: str | None = option(
        None,
        "Machine of the host. Left out: t3.medium, for arm64 t4g.medium; with host_gpu g4dn.xlarge.",
        "an EC2 instance type of the deployment's architecture, with a GPU if host_gpu; with host",
        "m7i.large",
        pattern=INSTANCE_TYPE,
    )
    host_volume_gb: int = option(
        100,
        "Disk of the host, GB: the system, two images, and films while it trains.",
        "50 to 16384",
        200,
        ge=50,
        le=16384,
    )
    host_gpu: bool = option(
        False,
        "Whether the host trains on a GPU: its system is then AWS's Deep Learning Base image of Amazon Linux 2023.",
        "`true` or `false`, with host, for x86_64",
        True,
    )
    host_nat: bool = option(
        False,
        "Whether the host reaches AWS through a NAT gateway, and so the internet, instead of through private "
        "endpoints, which lead nowhere else.",
        "`true` or `false`, with host",
        True,
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if re.search("aws|amazon|cognito", self.stage):
            raise _refused("stage")  # Cognito refuses these words in the name of the login page.
        if self.region in WITHOUT_PAGE_LOGS:
            raise _refused("region")
        if self.domain is None and (self.certificate_arn or self.hosted_zone):
            raise _refused("domain")
        if self.domain is not None and self.certificate_arn is None:
            raise _refused("certificate_arn")
        if self.domain is not None and self.page_origin is not None:
            raise _refused("page_origin")
        if self.usual_mean and not 0 <= self.usual_mean[0] < self.usual_mean[1] <= 1:
            raise _refused("usual_mean")
        return self

    @model_validator(mode="after")
    def _host_fits(self) -> Self:
        if not self.host and (self.host_instance_type or self.host_gpu or self.host_nat):
            raise _refused("host")  # Else it would be left out in silence.
        if self.host_gpu and self.architecture == "arm64":
            raise _refused("host_gpu")  # TensorFlow is built for GPUs of the other processor alone.
        if self.host_instance_type:
            family = self.host_instance_type.partition(".")[0]
            if bool(re.match(OF_ARM, family)) is not (self.architecture == "arm64"):
                raise _refused("host_instance_type")
            if self.host_gpu and not re.match(WITH_GPU, family):
                raise _refused("host_instance_type")
        return self

    @property
    def stack_name(self) -> str:
        return f"Fracturelens-{self.stage}"

    @property
    def host_machine(self) -> str:
        """The host's type of machine, with the default worked out."""
        usual = USUAL_GPU_MACHINE if self.host_gpu else USUAL_MACHINES[self.architecture]
        return self.host_instance_type or usual

    @property
    def host_can_be_moved(self) -> bool:
        """Whether AWS moves the host off hardware that fails, which it does with machines without disks of their own.

        https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/cloudwatch-recovery.html
        """
        return not (self.host_gpu or re.match(WITH_DISKS, self.host_machine))

    def named(self, what: str = "") -> str:
        """Return the name of a resource of this deployment; ``what`` says which."""
        return "-".join(filter(None, ("fracturelens", self.stage, what)))


class InvalidDeployment(ValueError):
    """The values given do not make a deployment; the message says for each key what would."""


def load(context: Mapping[str, Any]) -> Deployment:
    """Read a deployment from the context of the CDK app; a value left empty counts as not given.

    Raises
    ------
    InvalidDeployment
        Names every key that is wrong or unknown, what it takes, and an example.
    """
    given = {key: value for key, value in context.items() if PLAIN.fullmatch(key) and key not in OF_THE_CDK}
    known = {key: value for key, value in given.items() if key in Deployment.model_fields and value not in ("", None)}
    problems = [_unknown(key) for key in given if key not in Deployment.model_fields]
    try:
        deployment = Deployment.model_validate(known)
    except ValidationError as error:
        keys = dict.fromkeys(_key(found) for found in error.errors() if found["type"] != "default_factory_not_called")
        problems = [_wrong(key, known.get(key)) for key in keys] + problems
    else:
        if not problems:
            return deployment
    listed = "".join(f"\n  {problem}" for problem in problems)
    raise InvalidDeployment(f"This is no deployment of Fracturelens:{listed}\ndocs/deploy.md lists every key.")


def table() -> str:
    """Return every key as a table in Markdown, for docs/deploy.md."""
    rows = [f"| `{key}` | {_default(key)} | {_allowed(key)} | {_description(key)} |" for key in Deployment.model_fields]
    return "\n".join(("| key | default | takes | what it does |", "|---|---|---|---|", *rows)) + "\n"


def _refused(key: str) -> PydanticCustomError:
    return PydanticCustomError("refused", "does not fit", {"key": key})


def _key(problem: ErrorDetails) -> str:
    return str(problem["loc"][0] if problem["loc"] else problem["ctx"]["key"])


def _unknown(key: str) -> str:
    if key in NOT_YET:
        return f"{key}: is not part of this version; leave it out"
    alike = difflib.get_close_matches(key.replace("-", "_").lower(), Deployment.model_fields, n=1)
    return f"{key}: there is no such key{f'; did you mean {alike[0]}?' if alike else ''}"


def _wrong(key: str, value: object) -> str:
    example = f"for example -c {key}={_example(key)}"
    seen = "is missing" if value is None else f"is {value!r}"
    return f"{key}: {seen}; takes {_allowed(key).replace('`', '')}; {example}"


def _allowed(key: str) -> str:
    extra = Deployment.model_fields[key].json_schema_extra
    return str(extra["allowed"]) if isinstance(extra, dict) else ""


def _example(key: str) -> str:
    (example,) = Deployment.model_fields[key].examples or ("",)
    return str(example).lower() if isinstance(example, bool) else str(example)


def _description(key: str) -> str:
    return Deployment.model_fields[key].description or ""


def _default(key: str) -> str:
    default = Deployment.model_fields[key].get_default(call_default_factory=False)
    return f"`{default}`" if isinstance(default, str | int) else ""
