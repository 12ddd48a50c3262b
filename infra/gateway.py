"""Gateway: the HTTP API, which lets in who has signed in and passes them on to the function."""

from __future__ import annotations

import json
from typing import Final, cast

from aws_cdk import Duration, Stack
from aws_cdk import aws_apigatewayv2 as api
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra import contract
from infra.auth import Auth
from infra.config import Deployment
from infra.logs import LogGroup

API: Final = "/v1/{proxy+}"
"""One route for the whole API: what is added to it later cannot be left without the authoriser, and an unknown path or
a wrong method gets the API's own answer, with a request id."""
HEALTH: Final = "/healthz"

# Whom a request came from, and which film it was about, is nobody's business who looks for errors.
ACCESS_LOG: Final = {
    "requestId": "$context.requestId",
    "time": "$context.requestTimeEpoch",
    "routeKey": "$context.routeKey",
    "method": "$context.httpMethod",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "latency": "$context.responseLatency",
    "integrationLatency": "$context.integrationLatency",
    "integrationError": "$context.integrationErrorMessage",
    "authorizerError": "$context.authorizer.error",
}


class Gateway(Construct):
    """The HTTP API. It takes no calls until ``open_to`` has said whose, and who answers."""

    def __init__(self, scope: Construct, identity: str, deployment: Deployment, *, key: kms.IKey) -> None:
        super().__init__(scope, identity)
        self.api = api.HttpApi(
            self,
            "Api",
            api_name=deployment.named(),
            description="Reads elbow films. Research use only, not for diagnosis.",
            create_default_stage=False,
        )
        # AWS writes to groups of this prefix by a rule of its own, which the number of groups does not wear out.
        name = f"/aws/vendedlogs/{deployment.named('api')}"
        log = LogGroup(self, "Log", deployment, key=key, name=name)
        self.stage = api.HttpStage(
            self,
            "Stage",
            http_api=self.api,
            stage_name="$default",
            auto_deploy=True,
            detailed_metrics_enabled=True,
            throttle=api.ThrottleSettings(rate_limit=deployment.requests_per_second, burst_limit=deployment.burst),
        )
        cast(
            "api.CfnStage", self.stage.node.default_child
        ).access_log_settings = api.CfnStage.AccessLogSettingsProperty(
            destination_arn=log.plain_arn, format=json.dumps(ACCESS_LOG)
        )

    @property
    def host(self) -> str:
        return f"{self.api.api_id}.execute-api.{Stack.of(self).region}.amazonaws.com"

    def open_to(self, auth: Auth, function: lambda_.IFunction) -> None:
        """Pass calls of signed-in users on to the function; anybody may ask whether it is up."""
        integration = integrations.HttpLambdaIntegration(
            "Function",
            function,
            payload_format_version=api.PayloadFormatVersion.VERSION_2_0,
            timeout=Duration.seconds(contract.TIMEOUT_SECONDS + 1),
        )
        self.api.add_routes(
            path=API,
            methods=[api.HttpMethod.ANY],
            integration=integration,
            authorizer=authorizers.HttpUserPoolAuthorizer("Users", auth.pool, user_pool_clients=[auth.client]),
            # An access token has scopes and an ID token has none, so the latter opens nothing.
            authorization_scopes=["openid"],
        )
        self.api.add_routes(
            path=HEALTH,
            methods=[api.HttpMethod.GET],
            integration=integration,
            authorizer=api.HttpNoneAuthorizer(),
        )
