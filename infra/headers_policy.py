"""A policy by which CloudFront sets headers, in place of what the origin says."""

from __future__ import annotations

import re
from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudfront as cloudfront
from constructs import Construct

from infra.headers import CONTENT_SECURITY_POLICY


class HeadersPolicy(cloudfront.ResponseHeadersPolicy):
    """Makes CloudFront set each of these headers on every answer."""

    def __init__(self, scope: Construct, identity: str, headers: Mapping[str, str]) -> None:
        # CloudFront knows the usual headers by name and wants them there; the rest are "custom".
        rest = dict(headers)
        rest.pop("X-Content-Type-Options")  # Has one value only.
        csp, hsts = rest.pop(CONTENT_SECURITY_POLICY), rest.pop("Strict-Transport-Security")
        frames, referrer = rest.pop("X-Frame-Options"), rest.pop("Referrer-Policy")
        super().__init__(
            scope,
            identity,
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                    content_security_policy=csp, override=True
                ),
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
                frame_options=cloudfront.ResponseHeadersFrameOptions(
                    frame_option=cloudfront.HeadersFrameOption[frames], override=True
                ),
                referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                    referrer_policy=cloudfront.HeadersReferrerPolicy[referrer.upper().replace("-", "_")], override=True
                ),
                strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=Duration.seconds(int(re.findall(r"max-age=(\d+)", hsts)[0])),
                    include_subdomains="includeSubDomains" in hsts,
                    override=True,
                ),
            ),
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(
                custom_headers=[
                    cloudfront.ResponseCustomHeader(header=name, value=value, override=True)
                    for name, value in rest.items()
                ]
            ),
        )
