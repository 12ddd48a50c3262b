"""The templates of a deployment, made in this process, and ways to ask them questions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.config import load

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Template:
    """What CloudFormation is given for one stack."""

    content: Mapping[str, Any]
    region: str
    protected: bool
    """Whether CloudFormation refuses to delete the stack."""

    @property
    def resources(self) -> Mapping[str, Any]:
        return dict(self.content["Resources"])

    def of_type(self, kind: str) -> dict[str, Any]:
        """Return the properties of every resource of a type, by logical id."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.resources.items()
            if resource["Type"] == kind
        }

    def the(self, kind: str, like: str = "") -> Any:
        """Return the properties of the one resource of a type whose logical id looks like that."""
        found = {name: properties for name, properties in self.of_type(kind).items() if re.search(like, name)}
        assert len(found) == 1, f"{len(found)} resources are {kind} like {like!r}: {', '.join(found)}"
        return next(iter(found.values()))


@dataclass(frozen=True)
class System:
    """The templates of one deployment, and the images that go with them."""

    data: Template
    edge: Template
    service: Template
    docker_host: Template | None
    images: tuple[Mapping[str, Any], ...]
    images_of_the_host: tuple[Mapping[str, Any], ...]

    @property
    def host(self) -> Template:
        assert self.docker_host, "the deployment has no host"
        return self.docker_host

    @property
    def all(self) -> tuple[Template, ...]:
        every = (self.data, self.edge, self.service, self.docker_host)
        return tuple(filter(None, every))


def system(folder: Path, **values: str) -> System:
    """Synthesise a deployment as ``cdk synth -c key=value …`` does."""
    import aws_cdk as cdk  # Starts Node, which a laptop may not have.

    from infra.app import compose

    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    # Assets are named by their content all the same, but not copied.
    app = cdk.App(context={**context, **values, "aws:cdk:disable-asset-staging": True}, outdir=str(folder))
    deployment = load(app.node.get_all_context())
    compose(app, deployment)
    assembly = app.synth()

    def template(part: str) -> Template:
        stack = assembly.get_stack_by_name(f"{deployment.stack_name}{part}")
        return Template(stack.template, stack.environment.region, bool(stack.termination_protection))

    def images(part: str) -> tuple[Mapping[str, Any], ...]:
        assets = json.loads((folder / f"{deployment.stack_name}{part}.assets.json").read_text(encoding="utf-8"))
        return tuple(image["source"] for image in assets["dockerImages"].values())

    host = deployment.host
    return System(
        *(template("-data"), template("-edge"), template(""), template("-host") if host else None),
        *(images(""), images("-host") if host else ()),
    )


def text(value: Any) -> str:
    """Return a value of a template as one would say it: references become ``<Name>`` or ``<Name.Attribute>``."""
    match value:
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::GetStackOutput": {"StackName": stack, "OutputName": output}}:
            return f"<{stack}.{output}>"
        case {"Fn::Sub": sentence}:
            return str(sentence)
        case {"Fn::Join": [between, parts]}:
            return str(between).join(map(text, parts))
        case _:
            return str(value)


@dataclass(frozen=True)
class Statement:
    """One statement of one policy, wherever in the template it stands."""

    place: str
    kind: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    who: str
    conditions: Mapping[str, Any]


def statements(template: Template) -> Iterator[Statement]:
    """Yield every statement of every policy: of identities, of resources, and of who may take on a role."""
    for name, resource in template.resources.items():
        for document in _documents(resource.get("Properties", {})):
            for statement in document["Statement"]:
                yield Statement(
                    place=name,
                    kind=resource["Type"],
                    effect=statement["Effect"],
                    actions=tuple(_listed(statement["Action"])),
                    resources=tuple(map(text, _listed(statement.get("Resource", [])))),
                    who=json.dumps(statement.get("Principal", ""), sort_keys=True),
                    conditions=statement.get("Condition", {}),
                )


def _documents(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        if isinstance(value.get("Statement"), list):
            yield value
        for part in value.values():
            yield from _documents(part)
    elif isinstance(value, list):
        for part in value:
            yield from _documents(part)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
