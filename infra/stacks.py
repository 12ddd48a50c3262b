"""The stacks: what is deployed together. They only compose."""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment, Stack
from constructs import Construct

from infra import cleaning
from infra.auth import Auth, login_origin
from infra.config import EDGE_REGION, Deployment
from infra.contract import page_config
from infra.data import Data
from infra.encryption import Key
from infra.firewall import Firewall
from infra.function import Function
from infra.gateway import Gateway
from infra.observability import Observability
from infra.web import Web


class DataStack(Stack):
    """What outlives every change to the rest."""

    def __init__(self, scope: Construct, deployment: Deployment) -> None:
        super().__init__(
            scope,
            f"{deployment.stack_name}-data",
            description="Fracturelens: films, readings and models",
            env=Environment(region=deployment.region),
            termination_protection=deployment.keep_data,
        )
        self.data = Data(self, "Data", deployment)
        cleaning.hold_to_our_rules(self, deployment, key=self.data.key)


class EdgeStack(Stack):
    """What AWS wants in us-east-1, wherever the rest is."""

    def __init__(self, scope: Construct, deployment: Deployment) -> None:
        super().__init__(
            scope,
            f"{deployment.stack_name}-edge",
            description="Fracturelens: the firewall",
            env=Environment(region=EDGE_REGION),
            termination_protection=deployment.keep_data,
        )
        self.firewall = Firewall(self, "Firewall", deployment)


class ServiceStack(Stack):
    """What users meet: the page, the sign-in, the API, and the function behind it."""

    def __init__(self, scope: Construct, deployment: Deployment, *, data: Data, firewall: Firewall) -> None:
        super().__init__(
            scope,
            deployment.stack_name,
            description="Fracturelens: page, sign-in and API. Research use only, not for diagnosis.",
            env=Environment(region=deployment.region),
            termination_protection=deployment.keep_data,
        )
        login = login_origin(deployment, self)
        key = Key(self, "Key", deployment, "logs and alarms")
        key.open_to_logs()
        # The page needs the API's address, users are sent back to the page's address, and the API asks who the users
        # are: so the API comes first, and is opened once they are known.
        gateway = Gateway(self, "Gateway", deployment, key=key)
        web = Web(
            self,
            "Web",
            deployment,
            api_host=gateway.host,
            outside=(f"https://{data.films.bucket_regional_domain_name}", login),
            firewall=firewall.arn,
        )
        auth = Auth(self, "Auth", deployment, page=web.origin)
        function = Function(self, "Reader", deployment, data=data, key=key, page=web.origin)
        gateway.open_to(auth, function.live)
        client = auth.client.user_pool_client_id
        web.publish(
            deployment,
            page_config(login=login, client_id=client, retention_hours=24 * deployment.retention_days),
            key=key,
        )
        Observability(self, "Observability", deployment, gateway=gateway, function=function, key=key)
        cleaning.hold_to_our_rules(self, deployment, key=key)
        self._say(web.origin, auth.pool.user_pool_id, deployment)

    def _say(self, page: str, users: str, deployment: Deployment) -> None:
        """Tell whoever deploys where the page is, and how its first user comes to be."""
        user = f"--user-pool-id {users} --username you@example.org --region {deployment.region}"
        CfnOutput(self, "Page", value=f"{page}/")
        CfnOutput(self, "Users", value=users, description="Id of the user pool")
        CfnOutput(
            self,
            "FirstUser",
            value=f"aws cognito-idp admin-create-user {user} --user-attributes Name=email,Value=you@example.org "
            f"Name=email_verified,Value=true --desired-delivery-mediums EMAIL && "
            f"aws cognito-idp admin-add-user-to-group {user} --group-name clinician",
            description="Adds a user, who is sent a password by e-mail that holds for a day",
        )
