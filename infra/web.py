"""Web: the page and the API behind one address, delivered by CloudFront."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_kms as kms
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as targets
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_deployment as deployment_
from constructs import Construct

from infra import contract
from infra.config import Deployment
from infra.headers import API_HEADERS, page_headers
from infra.headers_policy import HeadersPolicy
from infra.logs import LogBucket, LogGroup
from infra.role import Role

API_PATHS: Final = ("/v1/*", "/healthz")


class Web(Construct):
    """The page's files in a bucket that only CloudFront may read, and CloudFront in front of them and of the API."""

    def __init__(
        self,
        scope: Construct,
        identity: str,
        deployment: Deployment,
        *,
        api_host: str,
        outside: tuple[str, ...],
        firewall: str,
    ) -> None:
        super().__init__(scope, identity)
        logs = LogBucket(self, "Logs", deployment, of_cloudfront=True)
        self._files = s3.Bucket(
            self,
            "Files",
            encryption=s3.BucketEncryption.S3_MANAGED,  # What is in it is public.
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            server_access_logs_bucket=logs,
            server_access_logs_prefix="files/",
            # Made anew by each deployment, so there is nothing to keep.
            removal_policy=RemovalPolicy.DESTROY,
            auto_delete_objects=True,
        )
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"{deployment.named()}: page and API",
            default_root_object="index.html",
            default_behavior=cloudfront.BehaviorOptions(
                origin=origins.S3BucketOrigin.with_origin_access_control(self._files),
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
                response_headers_policy=HeadersPolicy(self, "PageHeaders", page_headers(*outside)),
            ),
            additional_behaviors=dict.fromkeys(API_PATHS, self._api(api_host)),
            domain_names=[deployment.domain] if deployment.domain else None,
            certificate=self._certificate(deployment),
            minimum_protocol_version=self._tls(deployment),
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            web_acl_id=firewall,
            enable_logging=True,
            log_bucket=logs,
            log_file_prefix="page/",
            log_includes_cookies=False,
        )
        self.origin = f"https://{deployment.domain or self.distribution.distribution_domain_name}"
        self._name(deployment)

    def publish(self, deployment: Deployment, config: Mapping[str, Any], *, key: kms.IKey) -> None:
        """Put the page's files there, and beside them what the page is to know."""
        log = LogGroup(self, "PublishLog", deployment, key=key)
        deployment_.BucketDeployment(
            self,
            "Publish",
            destination_bucket=self._files,
            sources=[
                deployment_.Source.asset(str(contract.ROOT / "web")),
                deployment_.Source.json_data("config.json", dict(config)),
            ],
            prune=True,
            # Kept, but asked for each time (ETag): a new version shows at once, and nothing has to be invalidated.
            cache_control=[deployment_.CacheControl.from_string("no-cache")],
            memory_limit=256,
            log_group=log,
            role=Role(self, "PublishRole", "lambda.amazonaws.com", "Publishes the page", [log.writing()]),
        )

    def _api(self, host: str) -> cloudfront.BehaviorOptions:
        return cloudfront.BehaviorOptions(
            origin=origins.HttpOrigin(
                host,
                protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
                origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
                read_timeout=Duration.seconds(30),
            ),
            # No redirect: it would come after a token has been sent in the clear.
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
            cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
            # API Gateway knows itself by its own name only.
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            response_headers_policy=HeadersPolicy(self, "ApiHeaders", API_HEADERS),
        )

    def _certificate(self, deployment: Deployment) -> acm.ICertificate | None:
        if deployment.certificate_arn is None:
            return None
        return acm.Certificate.from_certificate_arn(self, "Certificate", deployment.certificate_arn)

    def _tls(self, deployment: Deployment) -> cloudfront.SecurityPolicyProtocol | None:
        """Return the oldest TLS for a domain of one's own; for its own names CloudFront decides, and allows TLS 1.0."""
        return cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021 if deployment.domain else None

    def _name(self, deployment: Deployment) -> None:
        if deployment.hosted_zone is None or deployment.domain is None:
            return
        zone = route53.HostedZone.from_hosted_zone_attributes(
            self, "Zone", hosted_zone_id=deployment.hosted_zone, zone_name=deployment.domain
        )
        here = route53.RecordTarget.from_alias(targets.CloudFrontTarget(self.distribution))
        route53.ARecord(self, "Ipv4", zone=zone, target=here)
        route53.AaaaRecord(self, "Ipv6", zone=zone, target=here)
