"""The identity stack: one CloudFormation template, created or updated, with its outputs written.

`provision` is safe to repeat. What a call does not say keeps its earlier value, so a provision
after the second pass keeps URLs, triggers and the list of identity providers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from ops import aws
from ops.cloudformation import LEFTOVERS, Stack, build_update, describe, values_of
from ops.errors import OpsError
from ops.report import Reporter
from ops.stages import Stage, write_environment

TEMPLATE = Path(__file__).parent / "templates" / "identity.yaml"

NATIVE = "COGNITO"
"""How an app client's list of providers names the pool's own people."""

# Output of the template -> environment variable of the functions (chalicelib.gatehouse.settings).
OUTPUT_VARIABLES = {
    "UserPoolId": "USER_POOL_ID",
    "UserPoolArn": "USER_POOL_ARN",
    "ClientId": "CLIENT_ID",
    "CognitoUrl": "COGNITO_URL",
    "ClientSecretArn": "CLIENT_SECRET_ARN",
    "SealingKeysSecretArn": "SEALING_KEYS_SECRET_ARN",
    "UsersTableName": "USERS_TABLE",
    "ProvidersTableName": "PROVIDERS_TABLE",
    "ThrottleTableName": "THROTTLE_TABLE",
    "MfaClientId": "MFA_CLIENT_ID",
    "MfaClientSecretArn": "MFA_CLIENT_SECRET_ARN",
}
# Output of the template -> function, as .chalice/config.json calls it.
_ROLES = {
    "ApiRoleArn": "api_handler",
    "UserRecordsRoleArn": "user_records",
    "TokenClaimsRoleArn": "token_claims",
    "AccountMailRoleArn": "account_mail",
}
# Option of a stage's "gatehouse" block -> template parameter; all are optional.
_OPTIONS = {
    "ses_identity_arn": "SesIdentityArn",
    "ses_from_address": "SesFromAddress",
    "sms_role_arn": "SmsRoleArn",
    "sms_external_id": "SmsExternalId",
    "captcha_secret_arn": "CaptchaSecretArn",
    "alarm_topic_arn": "AlarmTopicArn",
}
VARIABLES = tuple(OUTPUT_VARIABLES.values())
FUNCTIONS = tuple(_ROLES.values())


@dataclass(frozen=True)
class Outputs:
    """What the stack gives: settings variables, a role per Chalice function, all raw outputs."""

    environment: Mapping[str, str]
    roles: Mapping[str, str]
    raw: Mapping[str, str]


def provision(
    session: boto3.Session,
    stage: Stage,
    parameters: Mapping[str, str],
    report: Reporter,
    sleep: Callable[[float], None] = time.sleep,
) -> Outputs:
    """Create or update the stage's identity stack, and write its outputs into config.json.

    `parameters` overrides single template parameters; all others follow the stage, keep their
    earlier value, or have the template's default. Raises OpsError with AWS's reasons.
    """
    report.step(f"Identity stack {stage.identity_stack}")
    with aws.explained(f"provisioning {stage.identity_stack}"):
        stack = Stack(aws.client(session, "cloudformation"), stage.identity_stack, report, sleep)
        found = stack.settled()
        if found and found["StackStatus"] in LEFTOVERS:
            report.note(f"removing what a failed first attempt left ({found['StackStatus']})")
            stack.delete()
            found = None
        wanted = {**_of_stage(stage, values_of(found)), **parameters}
        body = TEMPLATE.read_text(encoding="utf-8")
        raw = stack.update(found, body, wanted) if found else stack.create(body, wanted)
    outputs = Outputs(
        environment={OUTPUT_VARIABLES[key]: raw[key] for key in OUTPUT_VARIABLES if key in raw},
        roles={_ROLES[key]: raw[key] for key in _ROLES if key in raw},
        raw=raw,
    )
    write_environment(stage.project_dir, stage.name, outputs.environment, outputs.roles)
    report.done()
    return outputs


def parameters_of(session: boto3.Session, stage: Stage) -> dict[str, str]:
    """Read the parameter values the stack has now; an OpsError when there is no stack."""
    with aws.explained(f"reading {stage.identity_stack}"):
        found = describe(aws.client(session, "cloudformation"), stage.identity_stack)
    if found is None:
        raise OpsError(
            f"Stage {stage.name!r} has no identity stack yet: "
            f"run `python -m ops provision --stage {stage.name}` first."
        )
    return values_of(found)


def delete(session: boto3.Session, stage: Stage, report: Reporter) -> None:
    """Delete the stack and wait; what its template retains stays."""
    with aws.explained(f"deleting {stage.identity_stack}"):
        stack = Stack(
            aws.client(session, "cloudformation"), stage.identity_stack, report, time.sleep
        )
        if stack.settled(deleting=True) is not None:
            stack.delete()


def provider_list(direct_sign_in: str, names: list[str]) -> str:
    """Build the `IdentityProviders` parameter: native people first unless switched off."""
    others = [name for name in names if name and name != NATIVE]
    return ",".join([*([NATIVE] if direct_sign_in != "off" else []), *others])


def update_parameters(
    stage: Stage, found: Mapping[str, Any], body: str, parameters: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Build the parameters of an update of `found`, as `provision` would send them."""
    return build_update(found, body, {**_of_stage(stage, values_of(found)), **parameters})


def _of_stage(stage: Stage, earlier: Mapping[str, str]) -> dict[str, str]:
    names = earlier.get("IdentityProviders", "").split(",")
    return {
        "AppName": stage.app_name,
        "StageName": stage.name,
        "DomainPrefix": str(stage.option("domain_prefix")),
        "DirectSignIn": stage.direct_sign_in,
        "DeletionProtection": "ACTIVE" if stage.deletion_protection else "INACTIVE",
        "LogRetentionDays": str(stage.option("log_retention_days")),
        "IdentityProviders": provider_list(stage.direct_sign_in, names),
        **{name: str(stage.option(option)) for option, name in _OPTIONS.items()},
    }
