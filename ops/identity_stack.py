"""This module creates or updates the identity stack from one CloudFormation template, and writes the stack's outputs
into config.json.

A second run of `provision` is safe. Each omitted parameter keeps its earlier value. So a run of `provision` after the
second pass keeps the URLs, the triggers and the list of identity providers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from . import aws, pool_addresses
from .change_set import overtaken
from .cloudformation import LEFTOVERS, Stack, build_update, describe, values_of
from .errors import OpsError
from .mails import build_mails
from .program import PROGRAM
from .report import Reporter
from .stages import Stage, brand_folder, clear_environment, write_environment
from .team_file import TeamFile, load_team_file, path_of
from .team_policy import add_team_policy
from .team_resources import add_team_resources, gone_since, output_roles, output_variables
from .template import MOST_BYTES, read_template, size_of, write_template

if TYPE_CHECKING:
    from .plan import Plan

TEMPLATE = Path(__file__).parent / "templates" / "identity.yaml"

NATIVE = "COGNITO"
"""Cognito's name for the pool itself in an app client's list of providers."""

# Output of the template → environment variable of the functions (chalicelib.gatehouse.settings).
OUTPUT_VARIABLES = {
    "UserPoolId": "USER_POOL_ID",
    "UserPoolArn": "USER_POOL_ARN",
    "ClientId": "CLIENT_ID",
    "ClientSecretArn": "CLIENT_SECRET_ARN",
    "SealingKeysSecretArn": "SEALING_KEYS_SECRET_ARN",
    "UsersTableName": "USERS_TABLE",
    "ProvidersTableName": "PROVIDERS_TABLE",
    "SessionsTableName": "SESSIONS_TABLE",
    "ThrottleTableName": "THROTTLE_TABLE",
    "SubjectsTableName": "SUBJECTS_TABLE",
    "LeavingQueueUrl": "LEAVING_QUEUE_URL",
    "MfaClientId": "MFA_CLIENT_ID",
    "MfaClientSecretArn": "MFA_CLIENT_SECRET_ARN",
    "PasskeyDomain": "PASSKEY_DOMAIN",
    "ProgramClientId": "PROGRAM_CLIENT_ID",
    "ProgramRedirectUris": "PROGRAM_REDIRECT_URIS",
}
# Outputs that depend on an option of the stage. If the stack loses an output, the output's variable is removed from
# config.json. The app then stops accepting the removed client or domain.
_PASSING = ("PasskeyDomain", "ProgramClientId", "ProgramRedirectUris")
# Output of the template → name of the function in .chalice/config.json.
_ROLES = {
    "ApiRoleArn": "api_handler",
    "UserRecordsRoleArn": "user_records",
    "TokenClaimsRoleArn": "token_claims",
    "AccountMailRoleArn": "account_mail",
    "LeavingRoleArn": "leaving",
}
# Option of a stage's `gatehouse` block → template parameter. All these options are optional.
_OPTIONS = {
    "ses_identity_arn": "SesIdentityArn",
    "ses_from_address": "SesFromAddress",
    "sms_role_arn": "SmsRoleArn",
    "sms_external_id": "SmsExternalId",
    "captcha_secret_arn": "CaptchaSecretArn",
    "alarm_topic_arn": "AlarmTopicArn",
    "passkey_domain": "PasskeyDomain",
}
VARIABLES = (*OUTPUT_VARIABLES.values(), *pool_addresses.VARIABLES)
FUNCTIONS = tuple(_ROLES.values())


@dataclass(frozen=True)
class Outputs:
    """The stack's outputs: `environment` has the variables, `roles` has one role per Chalice function, and `raw` has
    all outputs as CloudFormation returns them.
    """

    environment: Mapping[str, str]
    roles: Mapping[str, str]
    raw: Mapping[str, str]


def provision(
    session: boto3.Session,
    stage: Stage,
    parameters: Mapping[str, str],
    report: Reporter,
    sleep: Callable[[float], None] = time.sleep,
    approved: Plan | None = None,
) -> Outputs:
    """Create or update the stage's identity stack, and write its outputs into config.json.

    `parameters` overrides individual template parameters. Each other parameter gets its value from the stage's
    settings, keeps its earlier value, or has the template's default. If the caller passes a plan as `approved`, the
    stack changes exactly as the plan shows. Raises OpsError with AWS's reasons.
    """
    pool_addresses.require_user_pools(stage.region)
    report.step(f"Identity stack {stage.identity_stack}")
    with aws.explained(f"provisioning {stage.identity_stack}"):
        cloudformation = aws.client(session, "cloudformation")
        stack = Stack(cloudformation, stage.identity_stack, report, sleep, tags_of(stage))
        found = stack.settled()
        if found and found["StackStatus"] in LEFTOVERS:
            report.note(f"removing the stack of a failed first attempt ({found['StackStatus']})")
            stack.delete()
            found = None
        wanted = {**_of_stage(stage, values_of(found)), **parameters}
        body = body_of(stage)
        if approved is not None and approved.creates != (found is None):
            raise overtaken(stage.identity_stack)
        if found is None:
            raw = stack.create(body, {**wanted, **_first_triggers(session, stage)})
        elif approved is not None and approved.change_set is not None:
            raw = stack.execute(approved.change_set, found, body, wanted)
        else:
            raw = stack.update(found, body, wanted)
        # The stack's termination protection is turned on last. Otherwise, the next run could not remove the stack of a
        # failed first attempt.
        protected = wanted["DeletionProtection"] == "ACTIVE"
        stack.protect(describe(cloudformation, stage.identity_stack), protected)
        addresses = pool_addresses.read_addresses(session, stage, raw["UserPoolId"], report)
    team_file = load_team_file(stage.project_dir)
    variables = {**OUTPUT_VARIABLES, **output_variables(team_file)}
    roles = {**_ROLES, **output_roles(team_file)}
    outputs = Outputs(
        environment={**{variables[key]: raw[key] for key in variables if key in raw}, **addresses},
        roles={roles[key]: raw[key] for key in roles if key in raw},
        raw=raw,
    )
    write_environment(stage.project_dir, stage.name, outputs.environment, outputs.roles)
    gone, gone_functions = gone_since(found, raw)
    gone += [OUTPUT_VARIABLES[key] for key in _PASSING if key not in raw]
    clear_environment(stage.project_dir, stage.name, gone, gone_functions)
    report.done()
    return outputs


def body_of(stage: Stage) -> str:
    """Build the template for CloudFormation: Gatehouse's own template with the team's resources. Raises OpsError."""
    template = read_template(TEMPLATE.read_text(encoding="utf-8"))
    ours = size_of(write_template(template))
    added = add_team_policy(template, stage)
    team_file = load_team_file(stage.project_dir)
    if team_file != TeamFile():
        add_team_resources(template, team_file)
        added.append(str(path_of(stage.project_dir)))
    body = write_template(template)
    if size_of(body) > MOST_BYTES:
        raise OpsError(
            f"With {' and '.join(added)} the identity stack's template is too large: Gatehouse's "
            f"part has {ours:,} bytes and your part {size_of(body) - ours:,}, but CloudFormation "
            f"accepts only {MOST_BYTES:,} in all. Your part may have {MOST_BYTES - ours:,}: name "
            "fewer resources, or use wildcards in the resources' names."
        )
    return body


def parameters_of(session: boto3.Session, stage: Stage) -> dict[str, str]:
    """Return the stack's current parameters. Raises OpsError if the stack does not exist."""
    with aws.explained(f"reading {stage.identity_stack}"):
        found = describe(aws.client(session, "cloudformation"), stage.identity_stack)
    if found is None:
        raise OpsError(
            f"Stage {stage.name!r} has no identity stack yet: "
            f"run `{PROGRAM} provision --stage {stage.name}` first."
        )
    return values_of(found)


def settle(session: boto3.Session, stage: Stage, report: Reporter) -> None:
    """Wait until no operation of the stack is running. Raises OpsError if the stack is stuck."""
    with aws.explained(f"looking at {stage.identity_stack}"):
        cloudformation = aws.client(session, "cloudformation")
        Stack(cloudformation, stage.identity_stack, report, time.sleep).settled()


def delete(session: boto3.Session, stage: Stage, report: Reporter) -> None:
    """Delete the stack, and wait until the deletion has ended. Resources that the template retains are kept."""
    with aws.explained(f"deleting {stage.identity_stack}"):
        stack = Stack(
            aws.client(session, "cloudformation"), stage.identity_stack, report, time.sleep
        )
        found = stack.settled(deleting=True)
        if found is not None:
            stack.protect(found, False)
            stack.delete()


def provider_list(direct_sign_in: str, names: list[str]) -> str:
    """Build the parameter `IdentityProviders`, which lists the providers. The list starts with `COGNITO` (accounts with
    a password), unless `DIRECT_SIGN_IN` is off.
    """
    others = [name for name in names if name and name != NATIVE]
    return ",".join([*([NATIVE] if direct_sign_in != "off" else []), *others])


def tags_of(stage: Stage) -> dict[str, str]:
    """Build the tags of the stack and of its resources."""
    own = {"gatehouse:app": stage.app_name, "gatehouse:stage": stage.name}
    return {**stage.options.get("tags", {}), **own}


def trigger_parameters(user_records: str, token_claims: str) -> dict[str, str]:
    """Build the parameters that attach the pool's triggers. The arguments are the ARNs of the two functions."""
    return {
        "UserRecordsFunctionArn": user_records,
        "InboundFederationFunctionArn": user_records,
        "TokenClaimsFunctionArn": token_claims,
    }


def _first_triggers(session: boto3.Session, stage: Stage) -> dict[str, str]:
    """Return the parameters with the ARNs of a new pool's triggers. The functions do not exist yet, but Chalice's names
    for functions are predictable, so the ARNs are predictable, too.

    The first pass sets these ARNs, so the second pass does not need to update the pool. An update could fail, because
    CloudFormation has sometimes refused to update a pool. An existing stack keeps its triggers until the second pass,
    because an older function may refuse new events.
    """
    partition, account = pool_addresses.partition_of(stage.region).id, aws.account_id(session)
    arn = f"arn:{partition}:lambda:{stage.region}:{account}:function:"
    return trigger_parameters(
        arn + stage.function("user_records"), arn + stage.function("token_claims")
    )


def update_parameters(
    stage: Stage, found: Mapping[str, Any], body: str, parameters: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Build the parameters that `provision` would send to update the stack `found`."""
    return build_update(found, body, {**_of_stage(stage, values_of(found)), **parameters})


def _of_stage(stage: Stage, earlier: Mapping[str, str]) -> dict[str, str]:
    names = earlier.get("IdentityProviders", "").split(",")
    return {
        "AppName": stage.app_name,
        "StageName": stage.name,
        "DomainPrefix": str(stage.option("domain_prefix")),
        "DirectSignIn": stage.direct_sign_in,
        "AccessTokenMinutes": str(stage.option("access_token_minutes")),
        "DeletionProtection": "ACTIVE" if stage.deletion_protection else "INACTIVE",
        "LogRetentionDays": str(stage.option("log_retention_days")),
        "IdentityProviders": provider_list(stage.direct_sign_in, names),
        "LoopbackUrls": ",".join(stage.loopback_urls),
        **{name: str(stage.option(option)) for option, name in _OPTIONS.items()},
        **build_mails(stage.environment, brand_folder(stage.project_dir)),
    }
