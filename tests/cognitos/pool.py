"""Creates a user pool by API calls, for the cases on the local AWS and on AWS itself. The pool has the settings of a
stage's pool.

The settings are those of ops/templates/identity.yaml with `embedded`. tests/unit/ops/test_identity_template.py compares
the settings of both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.cognitos.world import CALLBACK, AppClient

POOL: dict[str, Any] = {
    "UserPoolTier": "ESSENTIALS",
    "UsernameAttributes": ["email"],
    "UsernameConfiguration": {"CaseSensitive": False},
    "AutoVerifiedAttributes": ["email"],
    "Schema": [
        {"Name": "email", "AttributeDataType": "String", "Mutable": True, "Required": True},
        {
            "Name": "idp_sub",
            "AttributeDataType": "String",
            "Mutable": True,
            "StringAttributeConstraints": {"MinLength": "0", "MaxLength": "256"},
        },
        {
            "Name": "groups",
            "AttributeDataType": "String",
            "Mutable": True,
            "StringAttributeConstraints": {"MinLength": "0", "MaxLength": "2048"},
        },
    ],
    "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]},
    "AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]},
    "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": False},
    "Policies": {
        "PasswordPolicy": {
            "MinimumLength": 12,
            "RequireLowercase": False,
            "RequireUppercase": False,
            "RequireNumbers": False,
            "RequireSymbols": False,
            "TemporaryPasswordValidityDays": 3,
        },
        "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]},
    },
}
#: The relying party of the cases.
PASSKEYS = {
    "RelyingPartyId": "app.example.org",
    "UserVerification": "required",
    "FactorConfiguration": "MULTI_FACTOR_WITH_USER_VERIFICATION",
}
CLIENT: dict[str, Any] = {
    "GenerateSecret": True,
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthFlows": ["code"],
    "AccessTokenValidity": 10,
    "IdTokenValidity": 10,
    "RefreshTokenValidity": 30,
    "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "days"},
    "EnableTokenRevocation": True,
    "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 30},
    "PreventUserExistenceErrors": "ENABLED",
    "ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_AUTH"],
    "EnablePropagateAdditionalUserContextData": True,
    "AuthSessionValidity": 15,
    "ReadAttributes": ["email", "email_verified", "given_name", "family_name"],
    "WriteAttributes": ["email", "given_name", "family_name", "custom:idp_sub", "custom:groups"],
}
SERVER_CLIENT: dict[str, Any] = {
    "GenerateSecret": True,
    "ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
    "SupportedIdentityProviders": ["COGNITO"],
    "AccessTokenValidity": 15,
    "IdTokenValidity": 15,
    "RefreshTokenValidity": 60,
    "TokenValidityUnits": {
        "AccessToken": "minutes",
        "IdToken": "minutes",
        "RefreshToken": "minutes",
    },
    "EnableTokenRevocation": True,
    "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0},
    "PreventUserExistenceErrors": "ENABLED",
    "AuthSessionValidity": 15,
    "ReadAttributes": ["email"],
    "WriteAttributes": ["email"],
}
MAPPING = {
    "email": "email",
    "email_verified": "email_verified",
    "given_name": "given_name",
    "family_name": "family_name",
    "custom:idp_sub": "sub",
    "custom:groups": "groups",
}
SCOPES = ["openid", "email", "profile", "api/read", "api/write"]


@dataclass(frozen=True)
class CasePool:
    """The ids of a pool, and the pool's two clients."""

    id: str
    client: AppClient
    server_client: AppClient


def create_pool(
    cognito: Any,
    name: str,
    triggers: Mapping[str, Any] | None = None,
    provider: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
) -> CasePool:
    """Create the pool with its second factor, scopes, groups, provider and clients. Even if this function fails, the
    caller must delete the pool."""
    made = cognito.create_user_pool(
        PoolName=name,
        LambdaConfig=dict(triggers or {}),
        UserPoolTags=dict(tags or {}),
        **POOL,
    )
    pool_id = str(made["UserPool"]["Id"])
    set_factor(cognito, pool_id, "OPTIONAL")
    cognito.create_resource_server(
        UserPoolId=pool_id,
        Identifier="api",
        Name="API",
        Scopes=[
            {"ScopeName": "read", "ScopeDescription": "Read"},
            {"ScopeName": "write", "ScopeDescription": "Change"},
        ],
    )
    for group in ("admins", "readers"):
        cognito.create_group(UserPoolId=pool_id, GroupName=group)
    providers = ["COGNITO"]
    if provider:
        cognito.create_identity_provider(
            UserPoolId=pool_id,
            ProviderName="Okta",
            ProviderType="OIDC",
            ProviderDetails=dict(provider),
            AttributeMapping=MAPPING,
        )
        providers.append("Okta")
    app = cognito.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="app",
        CallbackURLs=[CALLBACK],
        AllowedOAuthScopes=SCOPES,
        SupportedIdentityProviders=providers,
        **CLIENT,
    )["UserPoolClient"]
    server = cognito.create_user_pool_client(
        UserPoolId=pool_id, ClientName="server", **SERVER_CLIENT
    )["UserPoolClient"]
    clients = (AppClient(each["ClientId"], each["ClientSecret"]) for each in (app, server))
    return CasePool(pool_id, *clients)


def set_factor(cognito: Any, pool_id: str, required: str) -> None:
    """Offer passkeys and authenticator apps. `required` is the pool's mode for second factors: OPTIONAL or ON."""
    cognito.set_user_pool_mfa_config(
        UserPoolId=pool_id,
        MfaConfiguration=required,
        SoftwareTokenMfaConfiguration={"Enabled": True},
        WebAuthnConfiguration=PASSKEYS,
    )
