"""The second pass of a deployment. The second pass runs after `chalice deploy`, because it needs the API's id and the
functions' ARNs.

The pool, the trigger functions and the API need each other's names, so a single pass cannot make all three. The second
pass changes the stack's parameters: the app client's URLs and, for a pool without triggers, the triggers. The second
pass also allows the pool to invoke the triggers, and sets the API's own errors, limits and access log. It is safe to
run the second pass again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from chalicelib.gatehouse.edge.urls import AppUrl
from chalicelib.gatehouse.setting_values import parse_list

from . import aws
from .api_document import root_of
from .errors import OpsError
from .gateway_responses import ACCESS_LOG_FORMAT, gateway_responses
from .identity_stack import provision, trigger_parameters
from .mount import load_mount
from .program import PROGRAM
from .report import Reporter
from .stages import Stage

STATEMENT_ID = "user-pool"
"""Name of the statement in a trigger's resource policy. The name never changes, so the next deployment replaces the
statement."""

_TRIGGER = "user_records"
_OPTIONAL_TRIGGER = "token_claims"


@dataclass(frozen=True)
class Deployed:
    """The resources that `chalice deploy` made, read from `.chalice/deployed/<stage>.json`."""

    rest_api_id: str
    rest_api_url: str
    functions: Mapping[str, str]


def connect(session: boto3.Session, stage: Stage, report: Reporter) -> str:
    """Connect the pool, the functions and the API. Return the app's root URL, which ends with a slash.

    The caller must load `stage` after the first pass, because the first pass writes the stack's outputs into
    config.json.
    """
    deployed = load_deployed(stage)
    root = root_url(stage, deployed)
    triggers = {
        name: deployed.functions[name]
        for name in (_TRIGGER, _OPTIONAL_TRIGGER)
        if name in deployed.functions
    }
    # The permission is set first. Without the permission to invoke its triggers, the pool refuses every sign-in.
    report.step("Permission for the user pool to invoke its triggers")
    with aws.explained("allowing the triggers"):
        for function_arn in triggers.values():
            permit_trigger(aws.client(session, "lambda"), function_arn, _pool_arn(stage), report)
    report.done()
    mount = load_mount(stage.project_dir, stage.environment)
    leaving = deployed.functions.get("leaving", "")
    provision(session, stage, stack_parameters(mount.url(root), triggers, leaving), report)
    report.step("The API's own errors, limits and access log")
    with aws.explained("setting up the API"):
        gateway = aws.client(session, "apigateway")
        for response in gateway_responses(allowed_origins(stage), mount.page_for_lost(root)):
            gateway.put_gateway_response(restApiId=deployed.rest_api_id, **response.request())
        gateway.create_deployment(
            restApiId=deployed.rest_api_id,
            stageName=stage.api_gateway_stage,
            description="ops connect: gateway responses",
        )
        _limit(gateway, stage, deployed)
        if not stage.is_local:  # the local AWS has no access logs
            _log_access(gateway, stage, deployed, report)
    report.done()
    return root


def load_deployed(stage: Stage) -> Deployed:
    """Read Chalice's record of the deployment. Raises OpsError if the API or a function is missing."""
    mend = f"run `{PROGRAM} deploy --stage {stage.name}` first."
    try:
        resources = json.loads(stage.deployed_file.read_text(encoding="utf-8"))["resources"]
        by_name = {item["name"]: item for item in resources}
    except FileNotFoundError:
        raise OpsError(f"Stage {stage.name!r} is not deployed: {mend}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise OpsError(f"{stage.deployed_file} does not have Chalice's format: {mend}") from error
    api = by_name.get("rest_api", {})
    functions = {name: item["lambda_arn"] for name, item in by_name.items() if "lambda_arn" in item}
    missing = [
        *([] if "rest_api_id" in api else ["the REST API"]),
        *([] if _TRIGGER in functions else [f"the function {_TRIGGER}"]),
    ]
    if missing:
        raise OpsError(f"Stage {stage.name!r} lacks {' and '.join(missing)}: {mend}")
    return Deployed(api["rest_api_id"], api.get("rest_api_url", ""), functions)


def root_url(stage: Stage, deployed: Deployed) -> str:
    """Return the public address of the app's root: `PUBLIC_URL`, or else the custom domain, or else AWS's address.

    The functions also read `PUBLIC_URL`, so the functions and this command use the same address.
    """
    root = root_of(stage.environment, stage.custom_domain, deployed.rest_api_url)
    if not root:
        raise OpsError(f"{stage.deployed_file} contains no URL: deploy again, or set PUBLIC_URL.")
    return f"{root}/"


def stack_parameters(url: AppUrl, triggers: Mapping[str, str], leaving: str = "") -> dict[str, str]:
    """Build the second pass's parameters for the identity stack: exact URLs and trigger ARNs.

    `leaving` is the ARN of the function that reads providers' signals from a queue.
    """
    return {
        "CallbackUrls": url.callback,
        "LogoutUrls": url.signed_out,
        "LeavingFunctionArn": leaving,
        **trigger_parameters(triggers.get(_TRIGGER, ""), triggers.get(_OPTIONAL_TRIGGER, "")),
    }


def permit_trigger(functions: Any, function_arn: str, pool_arn: str, report: Reporter) -> None:
    """Allow this pool of this account, and nobody else, to invoke the function. If the permission already exists,
    nothing changes.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
    """
    name = function_arn.rsplit(":", 1)[-1]
    account = pool_arn.split(":")[4]
    found = permission_of(functions, function_arn)
    if found is not None:
        if permits(found, pool_arn, account):
            report.note(f"{name}: already there")
            return
        functions.remove_permission(FunctionName=function_arn, StatementId=STATEMENT_ID)
    functions.add_permission(
        FunctionName=function_arn,
        StatementId=STATEMENT_ID,
        Action="lambda:InvokeFunction",
        Principal="cognito-idp.amazonaws.com",
        SourceArn=pool_arn,
        SourceAccount=account,
    )
    report.note(f"{name}: given")


def permission_of(functions: Any, function_arn: str) -> Mapping[str, Any] | None:
    """Return the policy statement that lets a pool invoke the function. Return None if the function's policy has no
    such statement.
    """
    try:
        policy = json.loads(functions.get_policy(FunctionName=function_arn)["Policy"])
    except ClientError as error:
        if aws.error_code(error) == "ResourceNotFoundException":
            return None
        raise
    return next((item for item in policy["Statement"] if item.get("Sid") == STATEMENT_ID), None)


def permits(statement: Mapping[str, Any], pool_arn: str, account: str) -> bool:
    """Tell whether a statement lets this pool of this account, and nobody else, invoke the function (S-58)."""
    condition = statement.get("Condition", {})
    arns = {**condition.get("ArnLike", {}), **condition.get("ArnEquals", {})}
    accounts = condition.get("StringEquals", {})
    return (
        statement.get("Effect") == "Allow"
        and statement.get("Principal") == {"Service": "cognito-idp.amazonaws.com"}
        and {key.lower(): value for key, value in arns.items()} == {"aws:sourcearn": pool_arn}
        and {key.lower(): value for key, value in accounts.items()}
        == {"aws:sourceaccount": account}
    )


def _limit(gateway: Any, stage: Stage, deployed: Deployed) -> None:
    """Set a request limit for the API. The limit is lower than the limit that all APIs of the account share."""
    gateway.update_stage(
        restApiId=deployed.rest_api_id,
        stageName=stage.api_gateway_stage,
        patchOperations=[
            _replace("/*/*/throttling/rateLimit", str(stage.option("throttle_rate"))),
            _replace("/*/*/throttling/burstLimit", str(stage.option("throttle_burst"))),
        ],
    )


def _log_access(gateway: Any, stage: Stage, deployed: Deployed, report: Reporter) -> None:
    _, partition, _, region, account, _ = _pool_arn(stage).split(":", 5)
    group = f"/aws/apigateway/{stage.app_name}-{stage.name}"
    try:
        gateway.update_stage(
            restApiId=deployed.rest_api_id,
            stageName=stage.api_gateway_stage,
            patchOperations=[
                _replace(
                    "/accessLogSettings/destinationArn",
                    f"arn:{partition}:logs:{region}:{account}:log-group:{group}",
                ),
                _replace("/accessLogSettings/format", ACCESS_LOG_FORMAT),
            ],
        )
    except ClientError as error:
        # This module does not make API Gateway's role for logs, because that role is a setting of the whole account and
        # region.
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
        if "role ARN must be set" not in aws.error_message(error):
            raise
        report.note(
            "note: no access log, because API Gateway has no role to write logs in this account "
            "and region. Set a role (API Gateway console, Settings, Logging) and run this command "
            "again."
        )


def allowed_origins(stage: Stage) -> list[str]:
    """Return the origins in `ALLOWED_ORIGINS`. Besides the app's own pages, pages of these origins may call the app."""
    return parse_list(stage.environment.get("ALLOWED_ORIGINS", ""))


def _replace(path: str, value: str) -> dict[str, str]:
    return {"op": "replace", "path": path, "value": value}


def _pool_arn(stage: Stage) -> str:
    arn = stage.environment.get("USER_POOL_ARN")
    if not arn:
        raise OpsError(
            f"Stage {stage.name!r} has no USER_POOL_ARN yet: "
            f"run `{PROGRAM} provision --stage {stage.name}` first."
        )
    return arn
