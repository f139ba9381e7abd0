"""Faults of the pool, the client, the providers, the secrets and the stack, as people cause them in a console."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from ops.template import write_template
from tests.ops_e2e.place import Place

Fault = Callable[[Place], AbstractContextManager[None]]

_POOL_FIELDS = (
    *("Policies", "DeletionProtection", "LambdaConfig", "AutoVerifiedAttributes"),
    *("MfaConfiguration", "UserAttributeUpdateSettings", "AdminCreateUserConfig"),
    *("AccountRecoverySetting", "UserPoolTier"),
)
_NOT_SENT = ("ClientSecret", "LastModifiedDate", "CreationDate", "DefaultRedirectURI")


def pool(**changes: Any) -> Fault:
    """Update the pool as the console does: send all settings of the pool, with `changes`."""

    @contextmanager
    def seed(place: Place) -> Iterator[None]:
        cognito, pool_id = place.root("cognito-idp"), place.variable("USER_POOL_ID")
        found = cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]
        before = {name: found[name] for name in _POOL_FIELDS if name in found}
        cognito.update_user_pool(UserPoolId=pool_id, **{**before, **changes})
        try:
            yield
        finally:
            cognito.update_user_pool(UserPoolId=pool_id, **before)

    return seed


def client(**changes: Any) -> Fault:
    """Update the app client as the console does: send all settings of the client, with `changes`."""

    @contextmanager
    def seed(place: Place) -> Iterator[None]:
        cognito = place.root("cognito-idp")
        ids = {
            "UserPoolId": place.variable("USER_POOL_ID"),
            "ClientId": place.variable("CLIENT_ID"),
        }
        found = cognito.describe_user_pool_client(**ids)["UserPoolClient"]
        before = {key: value for key, value in found.items() if key not in _NOT_SENT}
        cognito.update_user_pool_client(**{**before, **changes})
        try:
            yield
        finally:
            cognito.update_user_pool_client(**before)

    return seed


def provider(
    details: dict[str, str] | None = None,
    mapping: dict[str, str] | None = None,
    domains: list[str] | None = None,
) -> Fault:
    """Change the registration of Okta in the pool."""

    @contextmanager
    def seed(place: Place) -> Iterator[None]:
        cognito = place.root("cognito-idp")
        ids = {"UserPoolId": place.variable("USER_POOL_ID"), "ProviderName": "Okta"}
        found = cognito.describe_identity_provider(**ids)["IdentityProvider"]
        before = {
            "ProviderDetails": found["ProviderDetails"],
            "AttributeMapping": found["AttributeMapping"],
            "IdpIdentifiers": found.get("IdpIdentifiers", []),
        }
        changed = {
            "ProviderDetails": {**before["ProviderDetails"], **(details or {})},
            "AttributeMapping": {**before["AttributeMapping"], **(mapping or {})},
            "IdpIdentifiers": domains if domains is not None else before["IdpIdentifiers"],
        }
        cognito.update_identity_provider(**ids, **changed)
        try:
            yield
        finally:
            cognito.update_identity_provider(**ids, **before)

    return seed


def secret(variable: str, change: Callable[[dict[str, Any]], Any]) -> Fault:
    """Put another document into a secret."""

    @contextmanager
    def seed(place: Place) -> Iterator[None]:
        manager, arn = place.root("secretsmanager"), place.variable(variable)
        before = manager.get_secret_value(SecretId=arn)["SecretString"]
        text = json.dumps(change(json.loads(before)))
        manager.put_secret_value(SecretId=arn, SecretString=text)
        try:
            yield
        finally:
            manager.put_secret_value(SecretId=arn, SecretString=before)

    return seed


def setting(block: str = "environment_variables", **changes: Any) -> Fault:
    """Change config.json without deploying."""

    @contextmanager
    def seed(place: Place) -> Iterator[None]:
        with place.setting(block, **changes):
            yield

    return seed


@contextmanager
def scope_deleted(place: Place) -> Iterator[None]:
    """Remove a scope from the resource server."""
    cognito, pool_id = place.root("cognito-idp"), place.variable("USER_POOL_ID")
    ids = {"UserPoolId": pool_id, "Identifier": "api", "Name": "API"}
    read = {"ScopeName": "read", "ScopeDescription": "Read"}
    write = {"ScopeName": "write", "ScopeDescription": "Change"}
    cognito.update_resource_server(**ids, Scopes=[read])
    try:
        yield
    finally:
        cognito.update_resource_server(**ids, Scopes=[read, write])


@contextmanager
def provider_row_deleted(place: Place) -> Iterator[None]:
    """Remove Okta from the providers table."""
    dynamodb, table = place.root("dynamodb"), place.variable("PROVIDERS_TABLE")
    key = {"name": {"S": "Okta"}}
    item = dynamodb.get_item(TableName=table, Key=key)["Item"]
    dynamodb.delete_item(TableName=table, Key=key)
    try:
        yield
    finally:
        dynamodb.put_item(TableName=table, Item=item)


@contextmanager
def provider_row_without_issuer(place: Place) -> Iterator[None]:
    """Write Okta's row as older versions wrote it."""
    dynamodb, table = place.root("dynamodb"), place.variable("PROVIDERS_TABLE")
    key = {"name": {"S": "Okta"}}
    item = dynamodb.get_item(TableName=table, Key=key)["Item"]
    dynamodb.put_item(TableName=table, Item={name: item[name] for name in item if name != "issuer"})
    try:
        yield
    finally:
        dynamodb.put_item(TableName=table, Item=item)


@contextmanager
def mapping_off(place: Place) -> Iterator[None]:
    """Switch off the event source mapping that feeds the queue's function."""
    functions = place.root("lambda")
    name = place.stage.function("leaving")
    (found,) = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=found["UUID"], Enabled=False)
    try:
        yield
    finally:
        functions.update_event_source_mapping(UUID=found["UUID"], Enabled=True)


@contextmanager
def event_hook_without_secret(place: Place) -> Iterator[None]:
    """Delete a provider's secret by hand."""
    dynamodb, table = place.root("dynamodb"), place.variable("PROVIDERS_TABLE")
    item = dynamodb.get_item(TableName=table, Key={"name": {"S": "Okta"}})["Item"]
    gone = f"arn:aws:secretsmanager:{place.stage.region}:000000000000:secret:gone-abcdef"
    rules = {"M": {"secret_arn": {"S": gone}}}
    dynamodb.put_item(TableName=table, Item={**item, "leaving": rules})
    try:
        yield
    finally:
        dynamodb.put_item(TableName=table, Item=item)


@contextmanager
def role_drifted(place: Place) -> Iterator[None]:
    """Edit a role of the stack in the IAM console."""
    iam = place.root("iam")
    function = place.root("lambda").get_function_configuration(
        FunctionName=place.stage.api_function
    )
    role = function["Role"].rsplit("/", 1)[-1]
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    bare = {**trust, "Statement": [{**trust["Statement"][0]}]}
    bare["Statement"][0].pop("Condition", None)
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(bare))
    try:
        yield
    finally:
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))


@contextmanager
def template_changed(place: Place) -> Iterator[None]:
    """Deploy a newer template of the stack, as a teammate might do."""
    cloudformation, name = place.root("cloudformation"), place.stage.identity_stack
    found = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    kept = [
        {"ParameterKey": each["ParameterKey"], "UsePreviousValue": True}
        for each in found["Parameters"]
    ]
    body = write_template(cloudformation.get_template(StackName=name)["TemplateBody"])
    waiter = cloudformation.get_waiter("stack_update_complete")
    for text in (body.replace("Many wrong passwords", "Very many wrong passwords"), body):
        cloudformation.update_stack(
            StackName=name,
            TemplateBody=text,
            Parameters=kept,
            Capabilities=["CAPABILITY_IAM"],
        )
        waiter.wait(StackName=name, WaiterConfig={"Delay": 1})
        if text is not body:
            yield


@contextmanager
def client_id_elsewhere(place: Place) -> Iterator[None]:
    """Set a client id that the pool does not have, as after the deletion of the app client."""
    with place.setting("environment_variables", CLIENT_ID="gone0000000000000000000000"):
        yield


@contextmanager
def renamed(place: Place) -> Iterator[None]:
    """Give the app another name. AWS has no resource with this name."""
    with (
        place.setting("environment_variables", APP_NAME="other"),
        place.setting("", app_name="other", environment_variables={"APP_NAME": "other"}),
    ):
        yield


IDENTITY_FAULTS: dict[str, list[tuple[str, Fault]]] = {
    "stack-status": [("no stack", renamed)],
    "stack-template": [("another template", template_changed)],
    "stack-outputs": [("another table", setting(USERS_TABLE="gatehouse-old-users"))],
    "stack-drift": [("a role edited by hand", role_drifted)],
    "function-settings": [("a setting not deployed", setting(APP_TITLE="Another"))],
    "deletion-protection": [
        ("off where it is wanted", setting("gatehouse", deletion_protection=True))
    ],
    "user-pool": [
        (
            "another pool",
            setting(
                USER_POOL_ID="us-east-1_Gone00000",
                ISSUER="https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Gone00000",
                USER_POOL_ARN="arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_Gone00000",
            ),
        )
    ],
    "triggers-attached": [
        ("triggers wiped", pool(LambdaConfig={})),
    ],
    "mfa": [("MFA off", pool(MfaConfiguration="OFF"))],
    "password-policy": [
        ("eight characters", pool(Policies={"PasswordPolicy": {"MinimumLength": 8}}))
    ],
    "pool-plan": [("Lite", pool(UserPoolTier="LITE"))],
    "sign-up": [("open though direct sign-in is off", setting(DIRECT_SIGN_IN="off"))],
    "resource-server": [("a scope deleted", scope_deleted)],
    "app-client": [("deleted", client_id_elsewhere)],
    "callback-urls": [
        ("another API's", client(CallbackURLs=["https://old.example/auth/callback"])),
    ],
    "logout-urls": [("wiped", client(LogoutURLs=[]))],
    "oauth-flow": [("implicit flow on", client(AllowedOAuthFlows=["code", "implicit"]))],
    "scopes": [
        ("one missing", client(AllowedOAuthScopes=["openid", "email", "profile", "api/read"])),
        (
            "Cognito's own",
            client(
                AllowedOAuthScopes=[
                    *("openid", "email", "profile", "api/read", "api/write"),
                    "aws.cognito.signin.user.admin",
                ]
            ),
        ),
    ],
    "auth-flows": [("plain password", client(ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]))],
    "token-lifetimes": [
        ("an hour", client(AccessTokenValidity=60)),
        ("short sessions", client(RefreshTokenValidity=1)),
    ],
    "refresh-rotation": [("off", client(RefreshTokenRotation={"Feature": "DISABLED"}))],
    "token-revocation": [("off", client(EnableTokenRevocation=False))],
    "user-existence-errors": [("told", client(PreventUserExistenceErrors="LEGACY"))],
    "attribute-permissions": [
        ("mapped attribute not writable", client(WriteAttributes=["email"])),
        ("email_verified not readable", client(ReadAttributes=["email"])),
    ],
    "program-client": [
        ("no option names it", setting("environment_variables", PROGRAM_CLIENT_ID="left-over")),
        ("ports without a client", setting("gatehouse", loopback_ports=[53682])),
    ],
    "passkeys": [
        ("another domain", setting("gatehouse", passkey_domain="app.example.com")),
    ],
    "client-providers": [("Okta not enabled", client(SupportedIdentityProviders=["COGNITO"]))],
    "provider-registered": [("no row", provider_row_deleted)],
    "provider-discovery": [
        ("unreachable", provider(details={"oidc_issuer": "http://127.0.0.1:9"})),
    ],
    "provider-scopes": [("openid only", provider(details={"authorize_scopes": "openid"}))],
    "provider-mapping": [("given_name by another claim", provider(mapping={"given_name": "name"}))],
    "provider-domains": [("only in the pool", provider(domains=["acme.com"]))],
    "provider-issuer": [("a row from before there was an issuer", provider_row_without_issuer)],
    "provider-secret": [("emptied", provider(details={"client_secret": ""}))],
    "leaving-queue": [("nothing takes from it", mapping_off)],
    "provider-signals": [("its secret is gone", event_hook_without_secret)],
    "auto-sign-in": [("nobody", setting(AUTO_SIGN_IN="Ghost"))],
    "client-secret": [
        ("wrong", secret("CLIENT_SECRET_ARN", lambda old: {**old, "client_secret": "wrong"})),
        ("another client's", secret("CLIENT_SECRET_ARN", lambda old: {**old, "client_id": "x"})),
        ("no document", secret("CLIENT_SECRET_ARN", lambda old: "text")),
    ],
    "sealing-keys": [
        (
            "no such current",
            secret("SEALING_KEYS_SECRET_ARN", lambda old: {**old, "current": "k9"}),
        ),
        ("too short", secret("SEALING_KEYS_SECRET_ARN", lambda old: {**old, "k1": "short"})),
        (
            "too many",
            secret(
                "SEALING_KEYS_SECRET_ARN",
                lambda old: {**old, **{f"k{n}": "x" * 40 for n in range(2, 9)}},
            ),
        ),
    ],
}
