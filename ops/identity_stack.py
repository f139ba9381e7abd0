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
import yaml
from botocore.exceptions import ClientError

from ops import aws
from ops.errors import OpsError
from ops.report import Reporter
from ops.stack_events import StackEvents
from ops.stages import Stage, write_environment

TEMPLATE = Path(__file__).parent / "templates" / "identity.yaml"

NATIVE = "COGNITO"
"""How an app client's list of providers names the pool's own people."""

# Output of the template -> environment variable of the functions (chalicelib.settings).
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

# The remains of a first attempt: CloudFormation cannot update these, only delete them.
_LEFTOVERS = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED")
# As good as no stack: leftovers are removed before the creation, the others hold nothing.
ABSENT = (*_LEFTOVERS, "REVIEW_IN_PROGRESS", "DELETE_COMPLETE")
_UNDELETED = "DELETE_FAILED"
_STUCK = (_UNDELETED, "UPDATE_ROLLBACK_FAILED")
_SUCCESS = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_PROTECTION = "DeletionProtection"
_GONE = "DELETE_COMPLETE"
_WAIT_SECONDS = 20 * 60.0


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
        stack = _Stack(aws.client(session, "cloudformation"), stage.identity_stack, report, sleep)
        found = stack.settled()
        if found and found["StackStatus"] in _LEFTOVERS:
            report.note(f"removing what a failed first attempt left ({found['StackStatus']})")
            stack.delete()
            found = None
        wanted = {**_of_stage(stage, _values(found)), **parameters}
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
    return _values(found)


def describe(cloudformation: Any, name: str) -> dict[str, Any] | None:
    """Describe a stack; None when there is none."""
    try:
        stacks = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in aws.error_message(error):
            return None
        raise
    return dict(stacks[0]) if stacks else None


def delete(session: boto3.Session, stage: Stage, report: Reporter) -> None:
    """Delete the stack and wait; what its template retains stays."""
    with aws.explained(f"deleting {stage.identity_stack}"):
        stack = _Stack(
            aws.client(session, "cloudformation"), stage.identity_stack, report, time.sleep
        )
        if stack.settled(deleting=True) is not None:
            stack.delete()


def takes_updates(status: str) -> bool:
    """Say whether CloudFormation works out changes of a stack in this state."""
    return status.endswith("_COMPLETE") and status not in ABSENT


def parameter_names(body: str) -> list[str]:
    """List the parameters a template declares.

    An update must not mention any other, not even with its previous value. The template is only
    composed, never constructed, so that CloudFormation's own tags need no meaning here.
    """
    root = yaml.compose(body, Loader=yaml.SafeLoader)
    sections = root.value if isinstance(root, yaml.MappingNode) else []
    return [
        str(name.value)
        for key, section in sections
        if key.value == "Parameters"
        for name, _ in section.value
    ]


def provider_list(direct_sign_in: str, names: list[str]) -> str:
    """Build the `IdentityProviders` parameter: native people first unless switched off."""
    others = [name for name in names if name and name != NATIVE]
    return ",".join([*([NATIVE] if direct_sign_in != "off" else []), *others])


def update_parameters(
    stage: Stage, found: Mapping[str, Any], body: str, parameters: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Build the parameters of an update of `found`, as `provision` would send them."""
    return _request(found, body, {**_of_stage(stage, _values(found)), **parameters})


def _request(
    found: Mapping[str, Any], body: str, parameters: Mapping[str, str]
) -> list[dict[str, Any]]:
    earlier = _values(found)
    return [
        _parameter(key, parameters[key])
        if key in parameters
        else {"ParameterKey": key, "UsePreviousValue": True}
        for key in parameter_names(body)
        if key in parameters or key in earlier
    ]


def _of_stage(stage: Stage, earlier: Mapping[str, str]) -> dict[str, str]:
    names = earlier.get("IdentityProviders", "").split(",")
    return {
        "AppName": stage.app_name,
        "StageName": stage.name,
        "DomainPrefix": str(stage.options.get("domain_prefix", "")),
        "DirectSignIn": stage.direct_sign_in,
        "DeletionProtection": "ACTIVE" if stage.deletion_protection else "INACTIVE",
        "LogRetentionDays": str(stage.options.get("log_retention_days", 30)),
        "IdentityProviders": provider_list(stage.direct_sign_in, names),
        **{name: str(stage.options.get(option, "")) for option, name in _OPTIONS.items()},
    }


def _values(stack: Mapping[str, Any] | None) -> dict[str, str]:
    found = stack.get("Parameters", []) if stack else []
    return {item["ParameterKey"]: item.get("ParameterValue", "") for item in found}


class _Stack:
    """One stack and the waiting for it."""

    def __init__(
        self,
        cloudformation: Any,
        name: str,
        report: Reporter,
        sleep: Callable[[float], None],
    ) -> None:
        self._api = cloudformation
        self._name = name
        self._report = report
        self._sleep = sleep

    def settled(self, *, deleting: bool = False) -> dict[str, Any] | None:
        """Describe the stack once nothing is under way; None when there is none.

        A deletion that failed can be tried again, and nothing else can be done with the stack.
        """
        found = describe(self._api, self._name)
        if found and found["StackStatus"].endswith("_IN_PROGRESS"):
            self._report.note(f"waiting: {found['StackStatus']}")
            found = self._wait(StackEvents(self._api, self._name))
        if found is None or found["StackStatus"] in (_GONE, "REVIEW_IN_PROGRESS"):
            return None
        if found["StackStatus"] in _STUCK and not (deleting and found["StackStatus"] == _UNDELETED):
            raise OpsError(
                f"Stack {self._name} is stuck in {found['StackStatus']}. "
                "Settle it in the CloudFormation console (continue the rollback, or delete it "
                "keeping the resources that block), then run this again."
            )
        return found

    def create(self, body: str, parameters: Mapping[str, str]) -> dict[str, str]:
        """Create the stack and answer its outputs.

        What it makes is protected from deletion once all of it stands: CloudFormation could not
        take a protected pool or table back when a later resource fails, and what is left there
        would block the next attempt by its name.
        https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-deletion-protection.html
        """
        self._report.note("creating")
        events = StackEvents(self._api, self._name)
        self._api.create_stack(
            StackName=self._name,
            TemplateBody=body,
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[
                _parameter(key, value)
                for key, value in {**parameters, _PROTECTION: "INACTIVE"}.items()
            ],
        )
        made = self._wait(events)
        outputs = self._outputs(made, events)
        if made is None or parameters.get(_PROTECTION) == "INACTIVE":
            return outputs
        self._report.note("protecting it from deletion")
        return self.update(made, body, parameters)

    def update(
        self, found: Mapping[str, Any], body: str, parameters: Mapping[str, str]
    ) -> dict[str, str]:
        """Update the stack where something changed, and answer its outputs."""
        request = _request(found, body, parameters)
        events = StackEvents(self._api, self._name)
        events.skip()
        try:
            self._api.update_stack(
                StackName=self._name,
                TemplateBody=body,
                Capabilities=["CAPABILITY_IAM"],
                Parameters=request,
            )
        except ClientError as error:
            if "No updates are to be performed" in aws.error_message(error):
                self._report.note("unchanged")
                return _outputs(found)
            raise
        self._report.note("updating")
        return self._outputs(self._wait(events), events)

    def delete(self) -> None:
        """Delete the stack and wait until it is gone."""
        events = StackEvents(self._api, self._name)
        events.skip()
        self._api.delete_stack(StackName=self._name)
        found = self._wait(events)
        if found is not None and found["StackStatus"] != _GONE:
            raise OpsError.listing(
                f"Stack {self._name} could not be deleted ({found['StackStatus']}):",
                events.failures,
            )

    def _outputs(self, found: Mapping[str, Any] | None, events: StackEvents) -> dict[str, str]:
        status = found["StackStatus"] if found else "gone"
        if found is None or status not in _SUCCESS:
            raise OpsError.listing(
                f"CloudFormation gave up on {self._name} ({status}) and took its changes back. "
                "Mend the first of these and run this again:",
                events.failures or [str((found or {}).get("StackStatusReason", "no reason given"))],
            )
        return _outputs(found)

    def _wait(self, events: StackEvents) -> dict[str, Any] | None:
        """Wait, showing each resource's progress; gives up after 20 minutes."""
        waited, pause = 0.0, 0.2
        while waited < _WAIT_SECONDS:
            found = describe(self._api, self._name)
            for line in events.new():
                self._report.note(line)
            if found is None or not _under_way(found["StackStatus"]):
                return found
            self._sleep(pause)
            waited, pause = waited + pause, min(pause * 1.5, 3.0)
        raise OpsError(
            f"Stack {self._name} is still at work after {_WAIT_SECONDS / 60:.0f} minutes. "
            "Look at it in the CloudFormation console; running this again goes on waiting."
        )


def _under_way(status: str) -> bool:
    # REVIEW_IN_PROGRESS is a stack that is only a change set so far: nothing is at work.
    return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"


def _parameter(key: str, value: str) -> dict[str, str]:
    return {"ParameterKey": key, "ParameterValue": value}


def _outputs(stack: Mapping[str, Any]) -> dict[str, str]:
    return {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}
