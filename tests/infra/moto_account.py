"""moto's server as an AWS account of its own: ``python moto_account.py`` says its port and ends with its input.

What moto's CloudFormation lacks and these stacks need is added. Functions are made, but none of them runs.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from moto.awslambda.models import LambdaFunction
from moto.cloudformation import parsing
from moto.cloudformation.models import cloudformation_backends
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult
from moto.kms.models import Key, KmsBackend
from moto.server import ThreadedMotoServer

_clean = parsing.clean_json
_create_key = KmsBackend.create_key


def _resolved(resource_json: Any, resources_map: parsing.ResourceMap) -> Any:
    """Resolve what moto resolves, outputs of other stacks, and attributes of what moto passes over."""
    match resource_json:
        case {"Fn::GetStackOutput": asked}:
            stack = cloudformation_backends[DEFAULT_ACCOUNT_ID][asked["Region"]].get_stack(asked["StackName"])
            return _resolved(
                json.loads(str(stack.template))["Outputs"][asked["OutputName"]]["Value"], stack.resource_map
            )
        case {"Fn::GetAtt": [name, attribute]} if resources_map.get(name) is None:
            return f"{name}.{attribute}"
    return _clean(resource_json, resources_map)


def _key(self: KmsBackend, *, policy: Any, tags: list[dict[str, str]], **properties: Any) -> Key:
    """Take policy and tags of a key in the words of CloudFormation as well as in those of KMS."""
    told = [dict(zip(("TagKey", "TagValue"), tag.values(), strict=True)) for tag in tags]
    words = policy if isinstance(policy, str) else json.dumps(policy)
    return _create_key(self, policy=words, tags=told, **properties)


def _protect(self: CloudFormationResponse) -> ActionResult:
    """Answer ``UpdateTerminationProtection``, which ``cdk deploy`` asks for."""
    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    stack.enable_termination_protection = self._get_param("EnableTerminationProtection")
    return ActionResult({"StackId": stack.stack_id})


def main() -> None:
    """Serve until standard input ends."""
    parsing.clean_json = _resolved
    parsing.NULL_MODELS.append("AWS::Lambda::Permission")  # It is of an alias, which moto passes over.
    CloudFormationResponse.update_termination_protection = _protect  # type: ignore[attr-defined]
    KmsBackend.create_key = _key  # type: ignore[assignment,method-assign]
    LambdaFunction.invoke = lambda *_: ""  # type: ignore[method-assign] # It would look for Docker.
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    print(server.get_host_and_port()[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
