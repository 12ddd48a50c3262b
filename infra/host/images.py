"""Images: what the host runs. `cdk deploy` builds them; templates are made and tested without Docker."""

from __future__ import annotations

from typing import Final

from aws_cdk import aws_ecr_assets as assets
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra import contract
from infra.config import Deployment

PLATFORMS: Final = {"x86_64": assets.Platform.LINUX_AMD64, "arm64": assets.Platform.LINUX_ARM64}


class Image(assets.DockerImageAsset):
    """An image of ``container/``, in the repository that the CDK keeps for all images of a region."""

    def __init__(
        self, scope: Construct, identity: str, deployment: Deployment, dockerfile: str, **arguments: str
    ) -> None:
        super().__init__(
            scope,
            identity,
            directory=str(contract.ROOT),
            file=dockerfile,
            platform=PLATFORMS[deployment.architecture],
            build_args={"VERSION": contract.version(), **arguments},
            exclude=_left_out(dockerfile),
        )


def pulling(*images: Image) -> list[iam.PolicyStatement]:
    """Return what whoever runs images must be allowed to fetch them."""
    return [
        iam.PolicyStatement(
            actions=["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            resources=list(dict.fromkeys(image.repository.repository_arn for image in images)),
        ),
        iam.PolicyStatement(actions=["ecr:GetAuthorizationToken"], resources=["*"]),  # It is for no repository.
    ]


def _left_out(dockerfile: str) -> list[str]:
    """Return what stays at home: the CDK knows one ``.dockerignore`` only, and each of these images has its own."""
    own = f"{dockerfile}.dockerignore"
    lines = (contract.ROOT / own).read_text(encoding="utf-8").splitlines()
    return [*(line for line in lines if line and not line.startswith("#")), f"!{dockerfile}", f"!{own}"]
