"""Auth: who may use the API, and where they sign in."""

from __future__ import annotations

from typing import Final, cast

from aws_cdk import Duration, Stack
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from infra.config import Deployment
from infra.removal import removal_policy

GROUPS: Final = {
    "clinician": "Reads films",
    "admin": "Reads films, and looks after the deployment",
}


def login_name(deployment: Deployment, stack: Stack) -> str:
    """Return the first part of the sign-in page's host name, which is unique in its region."""
    return f"{deployment.named()}-{stack.account}"


def login_origin(deployment: Deployment, stack: Stack) -> str:
    """Return the origin of the sign-in page, known before it is there."""
    return f"https://{login_name(deployment, stack)}.auth.{stack.region}.amazoncognito.com"


class Auth(Construct):
    """Users, whom only an administrator adds, their groups, and the page as the one client that signs them in."""

    def __init__(self, scope: Construct, identity: str, deployment: Deployment, *, page: str) -> None:
        super().__init__(scope, identity)
        self.pool = cognito.UserPool(
            self,
            "Users",
            user_pool_name=deployment.named(),
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            keep_original=cognito.KeepOriginalAttrs(email=True),  # A new address counts once it has been confirmed.
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            password_policy=cognito.PasswordPolicy(
                min_length=14,
                require_digits=True,
                require_lowercase=True,
                require_symbols=True,
                require_uppercase=True,
                password_history_size=5,
                temp_password_validity=Duration.days(1),
            ),
            mfa=cognito.Mfa.REQUIRED if deployment.mfa == "required" else cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            feature_plan=cognito.FeaturePlan.PLUS,
            standard_threat_protection_mode=cognito.StandardThreatProtectionMode.FULL_FUNCTION,
            deletion_protection=deployment.keep_data,
            removal_policy=removal_policy(deployment),
        )
        self._risks()
        for name, purpose in GROUPS.items():
            cognito.CfnUserPoolGroup(
                self, name.capitalize(), user_pool_id=self.pool.user_pool_id, group_name=name, description=purpose
            )
        self.client = self._client(page)
        self._sign_in_page(deployment)

    def _risks(self) -> None:
        """Refuse passwords known from leaks, and sign-ins very unlike the user's; ask more of those a little unlike."""
        risk = cognito.CfnUserPoolRiskConfigurationAttachment
        ask = risk.AccountTakeoverActionTypeProperty(event_action="MFA_IF_CONFIGURED", notify=False)
        risk(
            self,
            "Risks",
            user_pool_id=self.pool.user_pool_id,
            client_id="ALL",
            compromised_credentials_risk_configuration=risk.CompromisedCredentialsRiskConfigurationTypeProperty(
                actions=risk.CompromisedCredentialsActionsTypeProperty(event_action="BLOCK")
            ),
            account_takeover_risk_configuration=risk.AccountTakeoverRiskConfigurationTypeProperty(
                actions=risk.AccountTakeoverActionsTypeProperty(
                    low_action=ask,
                    medium_action=ask,
                    high_action=risk.AccountTakeoverActionTypeProperty(event_action="BLOCK", notify=False),
                )
            ),
        )

    def _client(self, page: str) -> cognito.UserPoolClient:
        """Let the page sign users in by authorisation code; a page can keep no secret, so it proves itself by PKCE.

        No other flow is open, so no password ever passes through the page.
        """
        client = cognito.UserPoolClient(
            self,
            "Page",
            user_pool=self.pool,
            generate_secret=False,
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=[cognito.OAuthScope.OPENID],
                callback_urls=[f"{page}/"],
                logout_urls=[f"{page}/"],
            ),
            supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
            access_token_validity=Duration.minutes(60),
            id_token_validity=Duration.minutes(60),
            refresh_token_validity=Duration.hours(12),  # One shift.
            enable_token_revocation=True,
            prevent_user_existence_errors=True,
        )
        # Left to itself, Cognito would also let passwords be tried at its API, past the sign-in page.
        cast("cognito.CfnUserPoolClient", client.node.default_child).explicit_auth_flows = ["ALLOW_REFRESH_TOKEN_AUTH"]
        return client

    def _sign_in_page(self, deployment: Deployment) -> None:
        cognito.UserPoolDomain(
            self,
            "Login",
            user_pool=self.pool,
            cognito_domain=cognito.CognitoDomainOptions(domain_prefix=login_name(deployment, Stack.of(self))),
            managed_login_version=cognito.ManagedLoginVersion.NEWER_MANAGED_LOGIN,
        )
        # Managed login shows nothing for a client without a style.
        cognito.CfnManagedLoginBranding(
            self,
            "Style",
            user_pool_id=self.pool.user_pool_id,
            client_id=self.client.user_pool_client_id,
            use_cognito_provided_values=True,
        )
