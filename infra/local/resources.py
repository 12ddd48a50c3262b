"""What the deployment makes in AWS for sign-in and function: films bucket, user pool, client, groups and users."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

REGION: Final = "eu-central-1"
CREDENTIALS: Final = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
"""moto takes any."""
BUCKET: Final = "fracturelens-local-films"
SCOPE: Final = "openid"
"""The one scope that the page's client may ask for, so every token of the hosted sign-in has it."""
PASSWORD: Final = "Only-on-this-machine-1"  # noqa: S105 - of users whom only this machine knows
USERS: Final = {"clinician": "clinician", "admin": "admin"}
"""The demo users, and the group of each."""


@dataclass(frozen=True, slots=True)
class Resources:
    """The names that AWS gave to what was made.

    Attributes
    ----------
    endpoint : str
        Where AWS is.
    pool, client : str
        Ids of the user pool and of the page's client.
    redirects : tuple of str
        The addresses registered with the client.
    """

    endpoint: str
    pool: str
    client: str
    redirects: tuple[str, ...]

    @property
    def issuer(self) -> str:
        """What the pool's tokens say in ``iss``."""
        return f"https://cognito-idp.{REGION}.amazonaws.com/{self.pool}"

    @property
    def keys_address(self) -> str:
        """Where the pool's public keys are."""
        return f"{self.endpoint}/{self.pool}/.well-known/jwks.json"


def connect(service: str, endpoint: str) -> Any:
    """Return a boto3 client of a service that is not at AWS's own address."""
    import boto3

    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )


def make(endpoint: str, origins: Sequence[str]) -> Resources:
    """Make everything, for a page at these origins."""
    _make_bucket(connect("s3", endpoint), origins)
    redirects = tuple(f"{origin}/" for origin in origins)
    pool, client = _make_pool(connect("cognito-idp", endpoint), redirects)
    return Resources(endpoint, pool, client, redirects)


def _make_bucket(s3: Any, origins: Sequence[str]) -> None:
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    rule = {"AllowedMethods": ["POST"], "AllowedOrigins": list(origins), "MaxAgeSeconds": 300}
    s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": [rule]})


def _make_pool(cognito: Any, redirects: Sequence[str]) -> tuple[str, str]:
    pool = cognito.create_user_pool(PoolName="fracturelens-local")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="page",
        GenerateSecret=False,
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],  # how the stand-in checks passwords
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["code"],
        AllowedOAuthScopes=[SCOPE],
        CallbackURLs=list(redirects),
        LogoutURLs=list(redirects),
    )["UserPoolClient"]["ClientId"]
    for group in sorted(set(USERS.values())):
        cognito.create_group(UserPoolId=pool, GroupName=group)
    for user, group in USERS.items():
        make_user(cognito, pool, user, group)
    return pool, client


def make_user(cognito: Any, pool: str, user: str, group: str | None) -> None:
    """Make a user with the demo password, in a group or in none."""
    cognito.admin_create_user(UserPoolId=pool, Username=user, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=user, Password=PASSWORD, Permanent=True)
    if group:
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=user, GroupName=group)
