"""Checks of the user pool: sign-in rules and triggers."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from chalicelib.gatehouse.cognito.scopes import SCOPES
from chalicelib.gatehouse.errors import ConfigurationError
from chalicelib.gatehouse.settings import Settings

from ..connect import permission_of, permits
from .check import Check, Fault, Note
from .deployment import Deployment, Missing

_SOURCES = ("PreSignUp", "PostConfirmation", "PostAuthentication")
_TRIGGERS = ("user_records", "token_claims")
_MINIMUM_PASSWORD = 12
_ORIGINAL = "ORIGINAL"


def user_pool(deployment: Deployment) -> Iterator[Fault]:
    """Check that the pool in config.json exists."""
    try:
        _ = deployment.pool
    except Missing as missing:
        yield Fault(
            f"{missing.args[0].split(' (')[0]}: people cannot sign in.",
            "restore the pool (docs/operations.md, Backup and restore), or deploy a new stage.",
        )


def triggers_attached(deployment: Deployment) -> Iterator[Fault]:
    """Check that the pool calls Gatehouse's trigger functions."""
    wired: Mapping[str, Any] = deployment.pool.get("LambdaConfig", {})
    functions = deployment.functions
    for source in _SOURCES:
        if wired.get(source) != functions["user_records"]["FunctionArn"]:
            yield Fault(
                f"the pool's {source} trigger is {wired.get(source) or 'empty'}, not "
                "user_records: the users table gets no records of new people.",
                deployment.again,
            )
    inbound = wired.get("InboundFederation", {}).get("LambdaArn")
    if inbound != functions["user_records"]["FunctionArn"]:
        yield Fault(
            f"the pool's InboundFederation trigger is {inbound or 'empty'}, not user_records: "
            "people keep groups that a provider has removed, and people with too many groups lose "
            "all groups.",
            deployment.again,
        )
    token = wired.get("PreTokenGenerationConfig", {})
    if token.get("LambdaArn") != functions["token_claims"]["FunctionArn"]:
        yield Fault(
            "the pool's pre-token-generation trigger is not token_claims: people who sign in on "
            "the app's own page get tokens without scopes.",
            deployment.again,
        )
    elif token.get("LambdaVersion") not in ("V2_0", "V3_0"):
        yield Fault(
            "the pre-token-generation trigger is attached as V1, which cannot set scopes.",
            deployment.again,
        )


def trigger_permission(deployment: Deployment) -> Iterator[Fault]:
    """Check that this pool is the only pool that may invoke the triggers (S-58)."""
    pool_arn = deployment.pool["Arn"]
    for name in _TRIGGERS:
        function = deployment.functions[name]
        found = permission_of(deployment.client("lambda"), function["FunctionArn"])
        if found is None or not permits(found, pool_arn, pool_arn.split(":")[4]):
            yield Fault(
                f"{function['FunctionName']} does not allow exactly this pool to invoke the "
                "function: sign-ins fail with UnexpectedLambdaException, or another pool can "
                "invoke the function.",
                deployment.again,
            )


def trigger_invocable(deployment: Deployment) -> Iterator[Fault]:
    """Check that the triggers start, find their settings, and refuse an event of another pool."""
    for name in _TRIGGERS:
        function = deployment.functions[name]["FunctionName"]
        answer = deployment.client("lambda").invoke(
            FunctionName=function,
            LogType="Tail",
            Payload=json.dumps({"userPoolId": "doctor", "triggerSource": "doctor"}).encode(),
        )
        log = base64.b64decode(answer.get("LogResult", "")).decode("utf-8", "replace")
        if '"code": "trigger_refused"' not in log:
            reason = json.loads(answer["Payload"].read() or b"null")
            shown = reason.get("errorMessage", "") if isinstance(reason, dict) else ""
            said = next((line for line in log.splitlines() if '"event"' in line), "")
            yield Fault(
                f"{function} does not work: {said or shown or 'it gave no reason'}",
                f"read the function's log group /aws/lambda/{function}; then {deployment.again}",
            )


def mfa(deployment: Deployment) -> Iterator[Fault]:
    """Check that people can register an authenticator app (S-65)."""
    found = deployment.client("cognito-idp").get_user_pool_mfa_config(
        UserPoolId=deployment.pool["Id"]
    )
    if found.get("MfaConfiguration", "OFF") == "OFF":
        yield Fault(
            "MFA is off: people cannot protect their accounts with a second factor.",
            deployment.again,
        )
    elif not found.get("SoftwareTokenMfaConfiguration", {}).get("Enabled"):
        yield Fault("authenticator apps are not allowed as a second factor.", deployment.again)


def password_policy(deployment: Deployment) -> Iterator[Fault]:
    """Check that passwords have at least twelve characters (S-65)."""
    policy = deployment.pool.get("Policies", {}).get("PasswordPolicy", {})
    if policy.get("MinimumLength", 0) < _MINIMUM_PASSWORD:
        yield Fault(
            f"the pool accepts passwords of only {policy.get('MinimumLength', 0)} characters.",
            deployment.again,
        )


def pool_plan(deployment: Deployment) -> Iterator[Fault]:
    """Check that the pool has the Essentials plan or a higher plan, because only these plans let a trigger set scopes.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-sign-in-feature-plans.html
    """
    if deployment.pool.get("UserPoolTier") == "LITE":
        yield Fault(
            "the pool is on the Lite plan, on which Cognito does not run the V2 trigger that sets scopes.",
            deployment.again,
        )


def pool_issuer(deployment: Deployment) -> Iterator[Fault]:
    """Check that `ISSUER` has the same type as the issuer that the pool writes into tokens (S-20).

    The app accepts issuers of both types, so sign-ins still work if the pool's type changes. But the app downloads the
    signing keys from the address in `ISSUER`.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_IssuerConfigurationType.html
    """
    kind = deployment.pool.get("IssuerConfiguration", {}).get("Type", _ORIGINAL)
    stage = deployment.stage
    try:
        issuer = Settings.from_env({"AWS_REGION": stage.region, **stage.environment}).issuer
    except ConfigurationError as error:
        raise Missing(f"the settings cannot be read: {error.detail}") from None
    host = urlsplit(issuer).hostname or ""
    taken = "UPDATED" if host.startswith("issuer-") else _ORIGINAL
    if kind != taken:
        yield Note(
            f"the pool's issuer has the type {kind}, but ISSUER is {issuer}: sessions and sign-ins continue, but "
            "the signing keys come from the old address.",
            (
                f"run `python -m ops provision --stage {stage.name}`, which reads the issuer again, then deploy."
            ),
        )


def threat_protection(deployment: Deployment) -> Iterator[Fault]:
    """Check that Cognito evaluates the IP addresses and devices that Gatehouse's form passes to Cognito (ContextData).
    Cognito evaluates this data only on the Plus plan.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-settings-threat-protection.html
    """
    if deployment.stage.direct_sign_in == "off":
        return
    plus = deployment.pool.get("UserPoolTier") == "PLUS"
    mode = deployment.pool.get("UserPoolAddOns", {}).get("AdvancedSecurityMode", "OFF")
    if plus and mode == "OFF":
        yield Note(
            "the pool is on the Plus plan, but threat protection is off.",
            "set UserPoolAddOns.AdvancedSecurityMode of the pool to ENFORCED in the template.",
        )
    elif not plus and deployment.stage.direct_sign_in == "embedded":
        yield Note(
            "Cognito's threat protection is not set up: only the Plus plan uses the addresses "
            "that Gatehouse's form passes on (ContextData). Gatehouse's own throttle works "
            "without threat protection.",
            "set UserPoolTier: PLUS and UserPoolAddOns in ops/templates/identity.yaml; the Plus "
            "plan costs extra for each person.",
        )


def sign_up(deployment: Deployment) -> Iterator[Fault]:
    """If direct sign-in is off, check that sign-up is off, too."""
    closed = deployment.pool.get("AdminCreateUserConfig", {}).get("AllowAdminCreateUserOnly", False)
    if deployment.stage.direct_sign_in == "off" and not closed:
        yield Fault(
            "direct sign-in is off, but strangers can still sign up through Cognito's API.",
            deployment.again,
        )


def resource_server(deployment: Deployment) -> Iterator[Fault]:
    """Check that the pool's resource server has the scopes that sign-ins request."""
    found = deployment.absent_as_none(
        deployment.client("cognito-idp").describe_resource_server,
        UserPoolId=deployment.pool["Id"],
        Identifier="api",
    )
    scopes = found["ResourceServer"].get("Scopes", []) if found else []
    there = {f"api/{scope['ScopeName']}" for scope in scopes}
    lacking = [scope for scope in SCOPES if scope.startswith("api/") and scope not in there]
    if lacking:
        yield Fault(
            f"the pool's resource server lacks {', '.join(lacking)}: every sign-in ends in "
            "invalid_scope.",
            deployment.again,
        )


CHECKS = (
    Check("user-pool", user_pool),
    Check("triggers-attached", triggers_attached),
    Check("trigger-permission", trigger_permission),
    Check("trigger-invocable", trigger_invocable),
    Check("mfa", mfa),
    Check("password-policy", password_policy),
    Check("pool-plan", pool_plan),
    Check("pool-issuer", pool_issuer),
    Check(
        "threat-protection", threat_protection, "the local AWS has no plans with threat protection"
    ),
    Check("sign-up", sign_up),
    Check("resource-server", resource_server),
)
