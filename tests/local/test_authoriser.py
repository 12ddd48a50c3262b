"""Nobody comes past the authoriser without a token that Cognito signed, for this API, and that is still good."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any, Final

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from infra.local import resources
from infra.local.signing import motos_key
from tests.local.conftest import Local

pytestmark = pytest.mark.aws

KEY: Final = jwt.PyJWK.from_dict(motos_key(), algorithm="RS256").key
KID: Final = motos_key()["kid"]
OTHERS_KEY: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC_PEM: Final = KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def signed(claims: dict[str, Any], *, key: Any = KEY, algorithm: str = "RS256", **header: Any) -> str:
    """Sign claims as moto's Cognito does, or otherwise."""
    return jwt.encode(claims, key, algorithm, {name: value for name, value in {"kid": KID, **header}.items() if value})


def by_hand(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    """Put a token together that no library would."""
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def tampered(token: str, **changed: Any) -> str:
    """Change claims, and leave the signature as it was."""
    header, _, signature = token.split(".")
    return f"{header}.{by_hand({}, {**claims_of(token), **changed}).split('.')[1]}.{signature}"


def other_signature(token: str) -> str:
    head, _, signature = token.rpartition(".")
    return f"{head}.{signature[:20]}{'A' if signature[20] != 'A' else 'B'}{signature[21:]}"


def hmac_with_public_key(claims: dict[str, Any]) -> str:
    """Sign with the public key as if it were a secret; PyJWT itself refuses to."""
    import hashlib
    import hmac

    head = by_hand({"alg": "HS256", "typ": "JWT", "kid": KID}, claims).rpartition(".")[0]
    signature = hmac.new(PUBLIC_PEM, head.encode(), hashlib.sha256).digest()
    return f"{head}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


Forge = Callable[[str], str]

REFUSED: Final[dict[str, Forge]] = {
    "no token at all": lambda token: "x",
    "two parts": lambda token: token.rpartition(".")[0],
    "expired": lambda token: signed({**claims_of(token), "exp": int(time.time()) - 1}),
    "without an expiry": lambda token: signed({n: v for n, v in claims_of(token).items() if n != "exp"}),
    "not good yet": lambda token: signed({**claims_of(token), "nbf": int(time.time()) + 600}),
    "of the future": lambda token: signed({**claims_of(token), "iat": int(time.time()) + 600}),
    "for another client": lambda token: signed({**claims_of(token), "client_id": "another"}),
    "for another audience": lambda token: signed({**claims_of(token), "aud": "another"}),
    "for no client": lambda token: signed({n: v for n, v in claims_of(token).items() if n != "client_id"}),
    "of another pool": lambda token: signed({**claims_of(token), "iss": claims_of(token)["iss"] + "x"}),
    "of another issuer": lambda token: signed({**claims_of(token), "iss": "https://evil.example"}),
    "of no issuer": lambda token: signed({n: v for n, v in claims_of(token).items() if n != "iss"}),
    "unsigned": lambda token: by_hand({"alg": "none", "typ": "JWT", "kid": KID}, claims_of(token)),
    "unsigned, in capitals": lambda token: by_hand({"alg": "NONE", "typ": "JWT", "kid": KID}, claims_of(token)),
    "unsigned, with a signature": lambda token: by_hand({"alg": "none", "kid": KID}, claims_of(token), b"x" * 256),
    "signed with the public key": lambda token: hmac_with_public_key(claims_of(token)),
    "signed by another algorithm": lambda token: signed(claims_of(token), algorithm="RS512"),
    "signed by another key": lambda token: signed(claims_of(token), key=OTHERS_KEY),
    "with a key of its own": lambda token: signed(
        claims_of(token), key=OTHERS_KEY, jwk=json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(OTHERS_KEY.public_key()))
    ),
    "with an address of keys of its own": lambda token: signed(
        claims_of(token), key=OTHERS_KEY, jku="https://evil.example/jwks.json"
    ),
    "of an unknown key": lambda token: signed(claims_of(token), kid="another"),
    "of no key": lambda token: signed(claims_of(token), kid=None),
    "with another subject": lambda token: tampered(token, sub="00000000-0000-0000-0000-000000000000"),
    "with another group": lambda token: tampered(token, **{"cognito:groups": ["admin"]}),
    "with another signature": other_signature,
    "without its signature": lambda token: token.rpartition(".")[0] + ".",
}


def ask(local: Local, authorization: str | None) -> httpx.Response:
    headers = {} if authorization is None else {"Authorization": authorization}
    return local.http.get("/v1/model", headers=headers)


@pytest.mark.parametrize("kind", REFUSED)
def test_a_token_is_refused(local: Local, kind: str) -> None:
    answer = ask(local, f"Bearer {REFUSED[kind](local.token())}")

    assert answer.status_code == 401
    assert answer.json() == {"message": "Unauthorized"}
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Basic Y2xpbmljaWFuOng=", "Digest a b"])
def test_without_a_token_nobody_is_let_in(local: Local, authorization: str | None) -> None:
    answer = ask(local, authorization)

    assert answer.status_code == 401
    assert answer.json() == {"message": "Unauthorized"}
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_developer_learns_why(local: Local) -> None:
    expired = ask(local, f"Bearer {REFUSED['expired'](local.token())}")
    elsewhere = ask(local, f"Bearer {REFUSED['for another client'](local.token())}")

    # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-jwt.html
    audience = 'Bearer scope="" error="invalid_token" error_description="the token does not have a valid audience"'
    assert elsewhere.headers["www-authenticate"] == audience
    assert "the token has expired" in expired.headers["www-authenticate"]


def test_tokens_for_other_uses_are_forbidden(local: Local) -> None:
    cognito = resources.connect("cognito-idp", local.endpoint)
    result = cognito.initiate_auth(
        ClientId=local.client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "clinician", "PASSWORD": resources.PASSWORD},
    )["AuthenticationResult"]

    for name in ("IdToken", "AccessToken"):  # neither has the scope that the hosted sign-in gives
        answer = ask(local, f"Bearer {result[name]}")
        assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


def test_an_id_token_is_refused_by_the_function_even_if_it_has_the_scope(local: Local) -> None:
    claims = claims_of(local.token())
    id_token = {**claims, "token_use": "id", "aud": claims["client_id"]}

    answer = ask(local, f"Bearer {signed(id_token)}")

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "unauthenticated"


def test_a_user_of_no_group_is_not_permitted(local: Local) -> None:
    resources.make_user(resources.connect("cognito-idp", local.endpoint), local.pool, "visitor", group=None)

    answer = ask(local, f"Bearer {local.token('visitor')}")

    assert answer.status_code == 403
    assert answer.json()["code"] == "not_permitted"


@pytest.mark.parametrize("user", sorted(resources.USERS))
def test_the_demo_users_are_let_in(local: Local, user: str) -> None:
    answer = ask(local, f"Bearer {local.token(user)}")

    assert answer.status_code == 200


def test_a_token_is_taken_with_or_without_its_scheme(local: Local) -> None:
    # "the identity source … may include only the token, or the token prefixed with Bearer": same guide
    assert ask(local, local.token()).status_code == ask(local, f"bearer {local.token()}").status_code == 200


def test_anybody_may_ask_whether_it_is_up(local: Local) -> None:
    answer = local.http.get("/healthz")

    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/v1/assessments", "/v1/uploads", "/v1/nothing", "/v1/"])
@pytest.mark.parametrize("method", ["DELETE", "GET", "OPTIONS", "POST", "PUT"])
def test_every_other_route_asks_for_a_token(local: Local, method: str, path: str) -> None:
    answer = local.http.request(method, path)

    assert answer.status_code == 401
