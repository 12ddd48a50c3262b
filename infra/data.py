"""Data: where films, readings and models are kept, for how long, and under which key."""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import Deployment
from infra.encryption import Key
from infra.logs import LogBucket
from infra.removal import removal_policy


class Data(Construct):
    """The key, the bucket of films and readings, the registry of models, and the log of who touched them."""

    def __init__(self, scope: Construct, identity: str, deployment: Deployment) -> None:
        super().__init__(scope, identity)
        self._deployment = deployment
        self.key = Key(self, "Key", deployment, "films, readings and models")
        if not deployment.keep_data:
            self.key.open_to_logs()  # For the log of what empties the buckets in the end.
        self.logs = LogBucket(self, "Logs", deployment, name=self._name("logs"))
        self.films = self._bucket(
            "films",
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=Duration.days(deployment.retention_days),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
            cors=[
                s3.CorsRule(
                    allowed_methods=[s3.HttpMethods.POST], allowed_origins=[_page_origin(deployment)], max_age=300
                )
            ],
        )
        self.models = self._bucket(
            "models",
            versioned=True,  # What a model answered must remain explainable: no version is overwritten.
            lifecycle_rules=[s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(1))],
        )

    def _bucket(
        self,
        what: str,
        *,
        lifecycle_rules: list[s3.LifecycleRule],
        cors: list[s3.CorsRule] | None = None,
        versioned: bool = False,
    ) -> s3.Bucket:
        return s3.Bucket(
            self,
            what.capitalize(),
            bucket_name=self._name(what),
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,  # One request to KMS for many films.
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            server_access_logs_bucket=self.logs,
            server_access_logs_prefix=f"{what}/",
            lifecycle_rules=lifecycle_rules,
            cors=cors,
            versioned=versioned,
            removal_policy=removal_policy(self._deployment),
            auto_delete_objects=not self._deployment.keep_data,
        )

    def _name(self, what: str) -> str:
        # Spelt out, so that an operator finds it; account and region make it unique in the world.
        stack = Stack.of(self)
        return f"{self._deployment.named(what)}-{stack.account}-{stack.region}"


def _page_origin(deployment: Deployment) -> str:
    """Return the origin from which browsers may send films to the bucket.

    CloudFront's name for the page is known only after this stack is there, so without ``domain`` or ``page_origin``
    every CloudFront page is let through. That opens nothing: a film is taken only with a form that the API signed for
    a signed-in caller, and CORS only decides whether such a page may *see* the answer, which says nothing but "taken".
    """
    if deployment.domain:
        return f"https://{deployment.domain}"
    return deployment.page_origin or "https://*.cloudfront.net"
