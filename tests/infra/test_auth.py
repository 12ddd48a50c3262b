"""Who gets in: users that an administrator adds, by the sign-in page, for one shift."""

from __future__ import annotations

from tests.infra.templates import System, text


def test_nobody_adds_themselves(either: System) -> None:
    users = either.service.the("AWS::Cognito::UserPool")

    assert users["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True


def test_passwords_are_long_mixed_new_and_unknown_to_thieves(either: System) -> None:
    policy = either.service.the("AWS::Cognito::UserPool")["Policies"]["PasswordPolicy"]
    risks = either.service.the("AWS::Cognito::UserPoolRiskConfigurationAttachment")

    assert policy["MinimumLength"] >= 12
    assert all(policy[f"Require{what}"] for what in ("Lowercase", "Uppercase", "Numbers", "Symbols"))
    assert policy["TemporaryPasswordValidityDays"] == 1
    assert risks["CompromisedCredentialsRiskConfiguration"]["Actions"]["EventAction"] == "BLOCK"
    assert risks["AccountTakeoverRiskConfiguration"]["Actions"]["HighAction"]["EventAction"] == "BLOCK"
    assert either.service.the("AWS::Cognito::UserPool")["UserPoolAddOns"]["AdvancedSecurityMode"] == "ENFORCED"


def test_a_second_factor_is_an_authenticator_app_offered_or_demanded(trial: System, production: System) -> None:
    pools = [system.service.the("AWS::Cognito::UserPool") for system in (trial, production)]

    assert [pool["MfaConfiguration"] for pool in pools] == ["OPTIONAL", "ON"]
    assert all(pool["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA"] for pool in pools)


def test_a_lost_password_comes_back_by_confirmed_email_alone(either: System) -> None:
    recovery = either.service.the("AWS::Cognito::UserPool")["AccountRecoverySetting"]

    assert recovery["RecoveryMechanisms"] == [{"Name": "verified_email", "Priority": 1}]


def test_users_are_clinicians_or_admins(either: System) -> None:
    groups = {group["GroupName"] for group in either.service.of_type("AWS::Cognito::UserPoolGroup").values()}

    assert groups == {"clinician", "admin"}


def test_the_page_signs_in_by_code_with_no_secret_to_lose(either: System) -> None:
    client = either.service.the("AWS::Cognito::UserPoolClient")

    assert client["GenerateSecret"] is False  # A public client: Cognito asks it for the proof of RFC 7636.
    assert client["AllowedOAuthFlows"] == ["code"]
    assert client["AllowedOAuthScopes"] == ["openid"]
    assert client["SupportedIdentityProviders"] == ["COGNITO"]


def test_no_password_can_be_tried_past_the_sign_in_page(either: System) -> None:
    client = either.service.the("AWS::Cognito::UserPoolClient")

    assert client["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]


def test_users_come_back_to_the_page_and_nowhere_else(trial: System, production: System) -> None:
    (distribution,) = trial.service.of_type("AWS::CloudFront::Distribution")
    pages = (f"https://<{distribution}.DomainName>/", "https://films.example.org/")

    for system, page in zip((trial, production), pages, strict=True):
        client = system.service.the("AWS::Cognito::UserPoolClient")
        assert [text(url) for url in client["CallbackURLs"]] == [page]
        assert [text(url) for url in client["LogoutURLs"]] == [page]


def test_a_session_lasts_a_shift_and_can_be_ended(either: System) -> None:
    client = either.service.the("AWS::Cognito::UserPoolClient")

    assert client["TokenValidityUnits"] == dict.fromkeys(("AccessToken", "IdToken", "RefreshToken"), "minutes")
    assert (client["AccessTokenValidity"], client["IdTokenValidity"], client["RefreshTokenValidity"]) == (60, 60, 720)
    assert client["EnableTokenRevocation"] is True


def test_the_sign_in_page_does_not_tell_who_has_an_account(either: System) -> None:
    assert either.service.the("AWS::Cognito::UserPoolClient")["PreventUserExistenceErrors"] == "ENABLED"


def test_the_sign_in_page_has_a_name_and_a_face(either: System, trial: System) -> None:
    stage = "dev" if either is trial else "prod"

    login = either.service.the("AWS::Cognito::UserPoolDomain")

    assert text(login["Domain"]) == f"fracturelens-{stage}-<AWS::AccountId>"
    assert login["ManagedLoginVersion"] == 2
    assert either.service.the("AWS::Cognito::ManagedLoginBranding")["UseCognitoProvidedValues"] is True


def test_users_of_production_cannot_be_deleted_by_mistake(trial: System, production: System) -> None:
    kept = [system.service.the("AWS::Cognito::UserPool")["DeletionProtection"] for system in (trial, production)]

    assert kept == ["INACTIVE", "ACTIVE"]
