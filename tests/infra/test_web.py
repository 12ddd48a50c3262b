"""The page: private files, one address for page and API, and headers that keep browsers careful."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from infra.contract import page_config, version
from infra.headers import API_HEADERS, page_headers
from tests.infra.templates import System, statements, text


def distribution(system: System) -> Any:
    return system.service.the("AWS::CloudFront::Distribution")["DistributionConfig"]


def directives(policy: str) -> dict[str, list[str]]:
    return {words[0]: words[1:] for words in (part.split() for part in policy.split("; "))}


def headers_of(system: System, behavior: Any) -> Any:
    policy = text(behavior["ResponseHeadersPolicyId"]).strip("<>")
    return system.service.resources[policy]["Properties"]["ResponseHeadersPolicyConfig"]


def csp(system: System, behavior: Any) -> dict[str, list[str]]:
    security = headers_of(system, behavior)["SecurityHeadersConfig"]
    return directives(text(security["ContentSecurityPolicy"]["ContentSecurityPolicy"]))


def behaviors(system: System) -> list[Any]:
    return [distribution(system)["DefaultCacheBehavior"], *distribution(system)["CacheBehaviors"]]


def test_only_this_distribution_reads_the_files(either: System) -> None:
    (files,) = (name for name in either.service.of_type("AWS::S3::Bucket") if name.startswith("WebFiles"))
    (name,) = either.service.of_type("AWS::CloudFront::Distribution")

    (reader,) = (s for s in statements(either.service) if "cloudfront.amazonaws.com" in s.who)

    assert (reader.actions, reader.resources) == (("s3:GetObject",), (f"<{files}.Arn>/*",))
    assert f":distribution/<{name}>" in text(reader.conditions["StringEquals"]["AWS:SourceArn"])
    origin = next(o for o in distribution(either)["Origins"] if "S3OriginConfig" in o)
    assert origin["S3OriginConfig"] == {"OriginAccessIdentity": ""}
    control = either.service.the("AWS::CloudFront::OriginAccessControl")["OriginAccessControlConfig"]
    assert (control["SigningBehavior"], control["SigningProtocol"]) == ("always", "sigv4")


def test_the_api_is_behind_the_pages_own_address(either: System) -> None:
    (api,) = either.service.of_type("AWS::ApiGatewayV2::Api")
    origins = {origin["Id"]: origin for origin in distribution(either)["Origins"]}

    for behavior in distribution(either)["CacheBehaviors"]:
        origin = origins[behavior["TargetOriginId"]]
        assert text(origin["DomainName"]) == f"<{api}>.execute-api.{either.service.region}.amazonaws.com"
        assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
        assert origin["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]
    assert [b["PathPattern"] for b in distribution(either)["CacheBehaviors"]] == ["/v1/*", "/healthz"]


def test_calls_of_the_api_are_passed_on_whole_and_never_kept(either: System) -> None:
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
    caching_disabled = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    all_viewer_except_host = "b689b0a8-53d0-40ab-baf2-68738e2966ac"

    for behavior in distribution(either)["CacheBehaviors"]:
        assert behavior["CachePolicyId"] == caching_disabled
        assert behavior["OriginRequestPolicyId"] == all_viewer_except_host
        assert set(behavior["AllowedMethods"]) >= {"GET", "HEAD", "POST", "PUT", "DELETE"}


def test_no_token_is_ever_sent_in_the_clear(either: System) -> None:
    page, *api = (behavior["ViewerProtocolPolicy"] for behavior in behaviors(either))

    assert page == "redirect-to-https"
    assert set(api) == {"https-only"}


def test_an_own_domain_takes_no_old_tls(production: System) -> None:
    certificate = distribution(production)["ViewerCertificate"]

    assert certificate["MinimumProtocolVersion"] >= "TLSv1.2_2021"
    assert certificate["SslSupportMethod"] == "sni-only"
    assert distribution(production)["Aliases"] == ["films.example.org"]


def test_an_own_domain_leads_to_the_page_over_both_internets(production: System, trial: System) -> None:
    records = list(production.service.of_type("AWS::Route53::RecordSet").values())

    assert {(record["Type"], record["Name"]) for record in records} == {
        ("A", "films.example.org."),
        ("AAAA", "films.example.org."),
    }
    assert {record["HostedZoneId"] for record in records} == {"Z0123456789ABCDEFGHIJ"}
    assert not trial.service.of_type("AWS::Route53::RecordSet")


def test_http_3_is_spoken_and_requests_are_logged_without_cookies(either: System) -> None:
    assert distribution(either)["HttpVersion"] == "http2and3"
    assert text(distribution(either)["Logging"]["Bucket"]).startswith("<WebLogs")
    assert distribution(either)["Logging"]["IncludeCookies"] is False


def test_the_page_runs_no_inline_script_and_no_foreign_one(either: System) -> None:
    policy = csp(either, distribution(either)["DefaultCacheBehavior"])

    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == ["'self'"]
    assert not [source for sources in policy.values() for source in sources if "unsafe" in source or "*" in source]
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == ["'none'"]


def test_the_page_talks_to_itself_to_storage_and_to_the_sign_in_page_only(either: System) -> None:
    policy = csp(either, distribution(either)["DefaultCacheBehavior"])
    login = text(either.service.the("AWS::Cognito::UserPoolDomain")["Domain"])

    own, films, sign_in = policy["connect-src"]

    assert own == "'self'"
    assert re.fullmatch(r"https://<Fracturelens-\w+-data\.\w*DataFilms\w+RegionalDomainName\w+>", films)
    assert sign_in == f"https://{login}.auth.{either.service.region}.amazoncognito.com"
    outside = [source for sources in policy.values() for source in sources if "//" in source]
    assert outside == [films, sign_in]


class _Meta(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.policy = ""
        self.inline: list[str] = []
        self.inside: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if known.get("http-equiv") == "Content-Security-Policy":
            self.policy = known["content"] or ""
        if "style" in known or any(name.startswith("on") for name in known):
            self.inline.append(tag)
        self.inside = tag if tag == "style" or (tag == "script" and "src" not in known) else None

    def handle_data(self, data: str) -> None:
        if self.inside and data.strip():
            self.inline.append(self.inside)


def test_the_header_is_no_weaker_than_the_pages_own_policy(root: Path) -> None:
    page = _Meta()
    page.feed((root / "web" / "index.html").read_text(encoding="utf-8"))

    header = directives(page_headers()["Content-Security-Policy"])

    assert not page.inline
    for what, sources in directives(page.policy).items():
        assert header.get(what, header["default-src"]) == sources, what


def test_the_api_may_not_be_opened_as_a_page(either: System) -> None:
    for behavior in distribution(either)["CacheBehaviors"]:
        policy = csp(either, behavior)
        assert policy["default-src"] == policy["frame-ancestors"] == ["'none'"]
        assert set(map(tuple, policy.values())) == {("'none'",)}


def test_every_answer_keeps_browsers_careful(either: System) -> None:
    for behavior in behaviors(either):
        headers = headers_of(either, behavior)
        security = headers["SecurityHeadersConfig"]
        custom = {item["Header"]: item["Value"] for item in headers["CustomHeadersConfig"]["Items"]}

        assert security["StrictTransportSecurity"]["AccessControlMaxAgeSec"] == 2 * 365 * 24 * 3600
        assert security["StrictTransportSecurity"]["IncludeSubdomains"] is True
        assert security["ContentTypeOptions"]["Override"] is True
        assert security["FrameOptions"]["FrameOption"] == "DENY"
        assert security["ReferrerPolicy"]["ReferrerPolicy"] == "no-referrer"
        assert all(part["Override"] for part in security.values())
        assert custom["Cross-Origin-Opener-Policy"] == custom["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "camera=()" in custom["Permissions-Policy"]


@pytest.mark.parametrize("headers", [API_HEADERS, page_headers("https://films.example.org")])
def test_headers_are_said_once_and_in_full_wherever_they_are_served(headers: dict[str, str], either: System) -> None:
    behavior = distribution(either)["CacheBehaviors" if headers is API_HEADERS else "DefaultCacheBehavior"]
    policy = headers_of(either, behavior[0] if headers is API_HEADERS else behavior)

    said = {item["Header"] for item in policy["CustomHeadersConfig"]["Items"]}
    said |= {re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name) for name in policy["SecurityHeadersConfig"]}

    assert {re.sub("^X-", "", name) for name in headers} == said


def test_the_firewall_stands_before_page_and_api(either: System) -> None:
    assert "FirewallAcl" in text(distribution(either)["WebACLId"])


def test_the_page_is_published_whole_and_asked_for_anew_each_time(either: System) -> None:
    published = either.service.the("Custom::CDKBucketDeployment")

    assert published["Prune"] is True
    assert published["SystemMetadata"] == {"cache-control": "no-cache"}
    assert text(published["DestinationBucketName"]).startswith("<WebFiles")


def test_the_page_is_told_where_to_sign_in(either: System) -> None:
    published = either.service.the("Custom::CDKBucketDeployment")
    login = text(either.service.the("AWS::Cognito::UserPoolDomain")["Domain"])
    (client,) = either.service.of_type("AWS::Cognito::UserPoolClient")

    told = {text(value).strip('"') for markers in published["SourceMarkers"] for value in markers.values()}

    host = f"https://{login}.auth.{either.service.region}.amazoncognito.com"
    assert told == {f"{host}/oauth2/authorize", f"{host}/oauth2/token", f"{host}/logout", f"<{client}>"}


def test_the_pages_config_says_what_the_page_reads() -> None:
    config = page_config(login="https://login.example.org", client_id="page", retention_hours=24)

    assert config == {
        "api": "/v1",
        "version": version(),
        "max_file_bytes": 33554432,
        "direct_max_bytes": 4000000,
        "retention_hours": 24,
        "disclaimer": "Research use only, not for diagnosis.",
        "auth": {
            "authorize": "https://login.example.org/oauth2/authorize",
            "token": "https://login.example.org/oauth2/token",
            "logout": "https://login.example.org/logout",
            "client_id": "page",
            "scope": "openid",
        },
    }


def test_the_version_is_the_products() -> None:
    from fracturelens import DISCLAIMER, __version__
    from infra import contract

    assert version() == __version__
    assert contract.DISCLAIMER == DISCLAIMER
