"""Training: the command that has the host train a model, and where its log goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aws_cdk import aws_kms as kms
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra.config import Deployment
from infra.host.images import Image
from infra.logs import LogGroup

COMMAND: Final = "bash /opt/fracturelens/train.sh start"

# Values are put into a line of a shell, so each pattern leaves no character that a shell takes for its own. Everything
# that is read lies in the registry's bucket.
KEY: Final = r"[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*){0,8}"
PARAMETERS: Final[Mapping[str, tuple[str, str | None, str]]] = {
    "data": ("Films and their labels, below data/ in the registry's bucket.", None, rf"^data/{KEY}$"),
    "weights": (
        "ImageNet weights to start from, below data/ there; or imagenet, which downloads them and needs host_nat.",
        "data/imagenet.weights.h5",
        rf"^(imagenet|data/{KEY})$",
    ),
    "recipe": (
        "Settings, a JSON file below data/ there; else those shipped.",
        "",
        rf"^(data/{KEY}\.json)?$",
    ),
    "epochs": ("No stage is trained longer than this; else as the recipe says.", "", "^([1-9][0-9]{0,3})?$"),
    "seed": ("Of everything random; else the recipe's.", "", "^(0|[1-9][0-9]{0,8})?$"),
    "version": ("Name of the new version; else made from all that it depends on.", "", "^([a-z0-9][a-z0-9.-]{0,62})?$"),
    "stop": ("Whether the machine is stopped once nothing is left to train.", "no", "^(yes|no)$"),
}
"""Name: what it is, its default if it has one, and what it takes."""


class Training(Construct):
    """The image that trains, its log, and the document that starts it."""

    def __init__(self, scope: Construct, identity: str, deployment: Deployment, *, key: kms.IKey) -> None:
        super().__init__(scope, identity)
        self.log = LogGroup(self, "Log", deployment, key=key, name=deployment.named("training"))
        gpu = "1" if deployment.host_gpu else "0"
        self.image = Image(self, "Image", deployment, "container/training.Dockerfile", GPU=gpu)
        self.document = ssm.CfnDocument(
            self,
            "Document",
            name=f"{deployment.stack_name}-train",
            document_type="Command",
            document_format="JSON",
            target_type="/AWS::EC2::Instance",
            update_method="NewVersion",
            content=_content(),
        )


def _content() -> Mapping[str, Any]:
    given = " ".join(f"'{name}={{{{ {name} }}}}'" for name in PARAMETERS)
    return {
        "schemaVersion": "2.2",
        "description": "Fracturelens: trains a model on the host, and puts it into the registry. Nothing is promoted.",
        "parameters": {name: _parameter(*parts) for name, parts in PARAMETERS.items()},
        "mainSteps": [
            {
                "action": "aws:runShellScript",
                "name": "train",
                "precondition": {"StringEquals": ["platformType", "Linux"]},
                # It only starts: what trains for hours must not hang on an agent.
                "inputs": {"timeoutSeconds": "120", "runCommand": [f"{COMMAND} {given}"]},
            }
        ],
    }


def _parameter(description: str, default: str | None, pattern: str) -> dict[str, str]:
    parameter = {"type": "String", "description": description, "allowedPattern": pattern}
    return parameter if default is None else {**parameter, "default": default}
