"""What AWS asks for, and how the system is used: assumptions, each with where it comes from, none of them measured."""

from __future__ import annotations

from typing import NamedTuple

REGION = "eu-central-1 (Frankfurt)"
NOTED = "2025"
"""Year of the price lists that the prices are thought to be those of: US dollars, before tax, free tiers, discounts."""


class Price(NamedTuple):
    """A price, US dollars for each unit, and the document that names it."""

    dollars: float
    unit: str
    source: str


class Assumption(NamedTuple):
    """How the system is used, or what it meets there, and why this is a fair guess."""

    value: float
    unit: str
    why: str


LAMBDA, S3, KMS = "AWS Lambda pricing", "Amazon S3 pricing", "AWS KMS pricing"
API_GATEWAY, CLOUDFRONT, WAF = "Amazon API Gateway pricing", "Amazon CloudFront pricing", "AWS WAF pricing"
CLOUDWATCH, COGNITO, ECR = "Amazon CloudWatch pricing", "Amazon Cognito pricing", "Amazon ECR pricing"

PRICES = {
    "Lambda, x86_64": Price(0.0000166667, "GB-second", LAMBDA),
    "Lambda, arm64": Price(0.0000133334, "GB-second", LAMBDA),
    "Lambda, requests": Price(0.20e-6, "request", LAMBDA),
    "HTTP API": Price(1.20e-6, "request, begun 512 KiB of it", API_GATEWAY),
    "S3, PUT and POST": Price(0.0054e-3, "request", S3),
    "S3, GET": Price(0.00043e-3, "request", S3),
    "S3, storage": Price(0.0245, "GB and month", S3),
    "KMS, requests": Price(0.03e-4, "request", KMS),
    "KMS, key": Price(1.00, "key and month", KMS),
    "CloudFront, requests": Price(0.012e-4, "HTTPS request, Europe", CLOUDFRONT),
    "CloudFront, to the user": Price(0.085, "GB, Europe", CLOUDFRONT),
    "CloudFront, to the API": Price(0.020, "GB, Europe", CLOUDFRONT),
    "WAF, requests": Price(0.60e-6, "request", WAF),
    "WAF, web ACL": Price(5.00, "web ACL and month", WAF),
    "WAF, rule": Price(1.00, "rule or managed group and month", WAF),
    "CloudWatch, logs": Price(0.63, "GB taken in", CLOUDWATCH),
    "CloudWatch, metric": Price(0.30, "metric and month", CLOUDWATCH),
    "CloudWatch, alarm": Price(0.10, "metric watched and month", CLOUDWATCH),
    "CloudWatch, anomaly band": Price(0.30, "alarm and month", CLOUDWATCH),
    "CloudWatch, dashboard": Price(3.00, "dashboard and month", CLOUDWATCH),
    "Cognito": Price(0.020, "active user and month, Plus (threat protection)", COGNITO),
    "ECR, storage": Price(0.10, "GB and month", ECR),
}

ASSUMPTIONS = {
    "film": Assumption(2.0, "MB", "Grey films of one view, compressed without loss; many are smaller."),
    "films over the direct limit": Assumption(
        0.10, "of films", "They are sent to S3 first: one more event, and one object written, read and deleted."
    ),
    "other events": Assumption(
        0.5, "for each reading", "Overlays, films drawn for the browser, readings looked up again."
    ),
    "other events' time": Assumption(
        1.0, "of a reading's", "They decode and draw films, but run no network: too much."
    ),
    "waiting for S3": Assumption(
        40.0, "ms for each event", "S3 answers within tens of ms; measured was a stand-in on the same machine."
    ),
    "time on arm64": Assumption(1.0, "of that on x86_64", "Not measured: no such processor was at hand."),
    "time on Lambda": Assumption(
        1.0, "of that measured here", "1,769 MB buy one virtual processor; which, AWS does not promise."
    ),
    "cold starts": Assumption(
        0.05, "of events", "A quiet clinic has more, a busy one fewer. Init is billed since August 2025."
    ),
    "init on Lambda": Assumption(
        2.0, "times that measured from disk", "There, files come over the network at the first start of an image."
    ),
    "answer": Assumption(0.15, "MB", "An assessment with one heatmap, or an overlay of a small film."),
    "log": Assumption(
        4.0, "kB for each event", "The function's lines, Lambda's own, metrics, and the API's access log."
    ),
    "kept": Assumption(1.0, "day", "The deployment's default."),
    "requests to KMS": Assumption(
        0.05, "for each object", "The films bucket has a bucket key, which saves most of them."
    ),
    "page visits": Assumption(0.1, "for each reading", "One visit, ten films."),
    "page": Assumption(30.0, "files, 0.3 MB in all", "HTML, styles, modules, samples; none cached by the browser."),
    "users": Assumption(10.0, "active each month", "A department."),
    "image": Assumption(0.2, "GB, five versions kept", "The content and its base, compressed less well than they are."),
}
PAGE_MB = 0.3
VERSIONS = 5
