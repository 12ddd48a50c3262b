"""What stands in on a laptop has the names, routes and rules of what is deployed."""

from __future__ import annotations

from infra import auth, contract, gateway
from infra.local import gateway as local_gateway
from infra.local import resources
from infra.local.resources import Resources
from infra.local.system import environment

MADE = Resources(endpoint="http://127.0.0.1:1", pool="pool", client="client", redirects=("http://127.0.0.1:2/",))


def test_the_routes_are_those_of_the_api() -> None:
    assert f"ANY {gateway.API}" == local_gateway.API_ROUTE
    assert f"GET {gateway.HEALTH}" == local_gateway.HEALTH_ROUTE


def test_every_group_has_a_demo_user() -> None:
    assert set(resources.USERS.values()) == set(auth.GROUPS)


def test_the_page_asks_for_the_scope_that_the_client_may_have() -> None:
    config = contract.page_config(login="", client_id="", retention_hours=1)

    assert config["auth"]["scope"] == resources.SCOPE


def test_the_function_has_the_deployed_variables_and_only_adds_where_aws_is() -> None:
    deployed = contract.environment(service="", store="", origins="", retention_hours=1)

    here = environment(MADE, ["http://127.0.0.1:2"])

    assert deployed.keys() <= here.keys()
    assert all(name.startswith("AWS_") for name in here.keys() - deployed.keys())
    assert MADE.endpoint in here.values()
