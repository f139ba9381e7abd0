"""A user pool with every trigger, an app client, a scope and the Okta stand-in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from typing import Any

import requests

from ops.local.mends.inbound_federation import EMPTY_CLAIMS_TAG
from tests.local_aws.cloud import ACCOUNT, Cloud

CALLBACK = "http://localhost:9999/auth/callback"
SIGNED_OUT = "http://localhost:9999/?signed_out=1"
SCOPE = "openid profile email api/read"
PASSWORD = "Correct-Horse-7-Battery"
MAPPING = {
    "email": "email",
    "email_verified": "email_verified",
    "given_name": "given_name",
    "family_name": "family_name",
    "custom:idp_sub": "sub",
    "custom:groups": "groups",
}
_TRIGGERS = ("PreSignUp", "PostConfirmation", "PreAuthentication", "PostAuthentication")
VERIFIER = "a-verifier-of-the-app-that-is-longer-than-forty-three-characters"
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)


@dataclass(frozen=True)
class Pool:
    """The ids of the pool and of its client."""

    cloud: Cloud
    id: str
    arn: str
    client_id: str
    client_secret: str
    function_arn: str

    @classmethod
    def create(cls, cloud: Cloud) -> Pool:
        """Make the pool, the client and the provider, as the identity stack and `provider add` do."""
        cognito = cloud.client("cognito-idp")
        arn = cloud.create_function("triggers", "trigger")
        triggers: dict[str, Any] = dict.fromkeys(_TRIGGERS, arn)
        triggers["InboundFederation"] = {"LambdaArn": arn, "LambdaVersion": "V1_0"}
        triggers["PreTokenGenerationConfig"] = {"LambdaArn": arn, "LambdaVersion": "V2_0"}
        pool = cognito.create_user_pool(
            PoolName="people",
            UsernameAttributes=["email"],
            UsernameConfiguration={"CaseSensitive": False},
            AutoVerifiedAttributes=["email"],
            LambdaConfig=triggers,
            Schema=[
                {"Name": "email", "AttributeDataType": "String", "Required": True},
                {"Name": "idp_sub", "AttributeDataType": "String", "Mutable": True},
                {"Name": "groups", "AttributeDataType": "String", "Mutable": True},
            ],
        )["UserPool"]
        cloud.client("lambda").add_permission(
            FunctionName="triggers",
            StatementId="cognito",
            Action="lambda:InvokeFunction",
            Principal="cognito-idp.amazonaws.com",
            SourceArn=pool["Arn"],
            SourceAccount=ACCOUNT,
        )
        cognito.create_resource_server(
            UserPoolId=pool["Id"],
            Identifier="api",
            Name="api",
            Scopes=[{"ScopeName": "read", "ScopeDescription": "read"}],
        )
        cognito.create_identity_provider(
            UserPoolId=pool["Id"],
            ProviderName="Okta",
            ProviderType="OIDC",
            ProviderDetails={
                "client_id": "okta-client",
                "client_secret": "okta-secret",
                "attributes_request_method": "GET",
                "oidc_issuer": cloud.okta_url,
                "authorize_scopes": "openid profile email",
            },
            AttributeMapping=MAPPING,
            IdpIdentifiers=["example.com"],
        )
        client = cognito.create_user_pool_client(
            UserPoolId=pool["Id"],
            ClientName="app",
            GenerateSecret=True,
            AllowedOAuthFlows=["code"],
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthScopes=SCOPE.split(),
            CallbackURLs=[CALLBACK],
            LogoutURLs=[SIGNED_OUT],
            SupportedIdentityProviders=["COGNITO", "Okta"],
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            AccessTokenValidity=10,
            TokenValidityUnits={"AccessToken": "minutes"},
            PreventUserExistenceErrors="ENABLED",
        )["UserPoolClient"]
        return cls(cloud, pool["Id"], pool["Arn"], client["ClientId"], client["ClientSecret"], arn)

    @property
    def cognito(self) -> Any:
        """Return a client for the user-pool API."""
        return self.cloud.client("cognito-idp")

    def clear(self) -> None:
        """Delete the people, the triggers' script and the recorded events."""
        cognito = self.cognito
        for user in cognito.list_users(UserPoolId=self.id)["Users"]:
            cognito.admin_delete_user(UserPoolId=self.id, Username=user["Username"])
        cognito.untag_resource(ResourceArn=self.arn, TagKeys=[EMPTY_CLAIMS_TAG])
        self.cloud.script({})
        self.cloud.forget_events()

    def keep_empty_claims(self) -> None:
        """Until the next call of `clear`, let the pool ignore empty claims and keep the stored values."""
        self.cognito.tag_resource(ResourceArn=self.arn, Tags={EMPTY_CLAIMS_TAG: "keep"})

    def secret_hash(self, username: str) -> str:
        """Return the `SECRET_HASH` of an API call."""
        message = (username + self.client_id).encode()
        digest = hmac.new(self.client_secret.encode(), message, "sha256").digest()
        return base64.b64encode(digest).decode()

    def mailed_code(self, email: str) -> str:
        """Return the last code that was mailed to an address."""
        outbox = requests.get(f"{self.cloud.url}/_ministack/ses/messages", timeout=10).json()
        mails = [mail for mails in outbox["messages"].values() for mail in mails]
        bodies = [mail["BodyText"] for mail in mails if email in mail["To"]]
        return re.findall(r"\b\d{6}\b", bodies[-1])[-1]

    def user(self, username: str) -> dict[str, str]:
        """Return the attributes of a user."""
        found = self.cognito.admin_get_user(UserPoolId=self.id, Username=username)
        return {pair["Name"]: pair["Value"] for pair in found["UserAttributes"]}

    def add_person(self, email: str = "dana@example.com") -> str:
        """Make a confirmed person with a password. Return the user name. The pool does not keep the events of this
        sign-up."""
        created = self.cognito.admin_create_user(
            UserPoolId=self.id,
            Username=email,
            UserAttributes=[
                {"Name": "email", "Value": email},
                {"Name": "email_verified", "Value": "true"},
            ],
            MessageAction="SUPPRESS",
        )
        username = str(created["User"]["Username"])
        self.cognito.admin_set_user_password(
            UserPoolId=self.id, Username=username, Password=PASSWORD, Permanent=True
        )
        self.cloud.forget_events()
        return username

    def sign_in(self, username: str, password: str = PASSWORD) -> Any:
        """Call InitiateAuth with a password."""
        return self.cognito.initiate_auth(
            ClientId=self.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={
                "USERNAME": username,
                "PASSWORD": password,
                "SECRET_HASH": self.secret_hash(username),
            },
        )

    def post(self, path: str, form: dict[str, str], secret: str | None = None) -> requests.Response:
        """Post a form to a Cognito endpoint with the client's credentials."""
        credentials = (self.client_id, self.client_secret if secret is None else secret)
        return requests.post(self.cloud.url + path, data=form, auth=credentials, timeout=30)

    def rotate(self, feature: str, grace_seconds: int) -> None:
        """Turn the client's refresh token rotation on or off. The client keeps all other settings."""
        described = self.cognito.describe_user_pool_client(
            UserPoolId=self.id, ClientId=self.client_id
        )["UserPoolClient"]
        kept = (
            "AllowedOAuthFlows",
            "AllowedOAuthFlowsUserPoolClient",
            "AllowedOAuthScopes",
            "CallbackURLs",
            "LogoutURLs",
            "SupportedIdentityProviders",
            "AccessTokenValidity",
            "TokenValidityUnits",
            "PreventUserExistenceErrors",
        )
        # AWS refuses `ALLOW_REFRESH_TOKEN_AUTH` for a client that rotates.
        flows = ["ALLOW_USER_PASSWORD_AUTH"]
        self.cognito.update_user_pool_client(
            UserPoolId=self.id,
            ClientId=self.client_id,
            **{name: described[name] for name in kept},
            ExplicitAuthFlows=flows
            if feature == "ENABLED"
            else [*flows, "ALLOW_REFRESH_TOKEN_AUTH"],
            RefreshTokenRotation={"Feature": feature, "RetryGracePeriodSeconds": grace_seconds},
        )

    def refresh(self, refresh_token: str) -> requests.Response:
        """Refresh tokens at /oauth2/token."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self.post("/oauth2/token", form)

    def exchange(self, code: str, **changed: str) -> requests.Response:
        """Exchange a code at /oauth2/token."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            **changed,
        }
        return self.post("/oauth2/token", form)


def claims(token: str) -> dict[str, Any]:
    """Return a token's claims, without verifying the token."""
    payload = token.split(".")[1]
    decoded: dict[str, Any] = json.loads(
        base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    )
    return decoded
