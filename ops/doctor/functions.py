"""Checks of the Lambda functions and their roles."""

from __future__ import annotations

from collections.abc import Iterator

from .. import team_policy
from .check import Check, Fault
from .deployment import FUNCTIONS, Deployment

_ROLES = {
    "api_handler": "ApiRoleArn",
    "user_records": "UserRecordsRoleArn",
    "token_claims": "TokenClaimsRoleArn",
    "account_mail": "AccountMailRoleArn",
    "leaving": "LeavingRoleArn",
}
_TRIGGER_SECONDS = 5
_TRIGGER_MEGABYTES = 512
_USERS = ("dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:Scan")
_PEOPLE = (
    "AdminGetUser",
    "AdminListGroupsForUser",
    "AdminUserGlobalSignOut",
    "AdminUpdateUserAttributes",
)
_LEAVING = (
    "AdminGetUser",
    "AdminUserGlobalSignOut",
    "AdminDisableUser",
    "AdminEnableUser",
    "AdminUpdateUserAttributes",
)
_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
#: Each provider that reports people who leave has a secret. The command `provider leaving` makes the secret. The
#: secret's name contains `/leaving/`.
_SECRETS_OF_PROVIDERS = "/leaving/*"
_LINKING = ("ListUsers", "AdminGetUser", "AdminLinkProviderForUser")
_DIRECT = (
    "AdminInitiateAuth",
    "AdminRespondToAuthChallenge",
    "AdminSetUserMFAPreference",
    "AdminSetUserPassword",
)
_MAIL = ("AdminGetUser", "AdminDeleteUser")
_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")


def functions(deployment: Deployment) -> Iterator[Fault]:
    """Check that the functions exist and are ready."""
    for suffix in FUNCTIONS.values():
        name = deployment.stage.function(suffix) if suffix else deployment.stage.api_function
        found = deployment.absent_as_none(
            deployment.client("lambda").get_function_configuration, FunctionName=name
        )
        if found is None:
            yield Fault(f"the function {name} is missing.", deployment.again)
        elif found.get("State", "Active") not in ("Active", "Inactive"):
            yield Fault(
                f"the function {name} is {found['State']}: {found.get('StateReason', '')}",
                deployment.again,
            )


def function_limits(deployment: Deployment) -> Iterator[Fault]:
    """Check that the triggers' timeout is not longer than the time that Cognito waits, and that the triggers have
    enough memory for a quick start.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
    """
    for name in ("user_records", "token_claims"):
        function = deployment.functions[name]
        if function["Timeout"] > _TRIGGER_SECONDS:
            yield Fault(
                f"{function['FunctionName']} may run {function['Timeout']} s, but Cognito waits only 5 s.",
                f"set lambda_timeout to 5 for {name} in config.json and deploy.",
            )
        if function["MemorySize"] < _TRIGGER_MEGABYTES:
            yield Fault(
                f"{function['FunctionName']} has {function['MemorySize']} MB: its cold start can "
                "take longer than Cognito waits.",
                f"set lambda_memory_size to 512 for {name} in config.json and deploy.",
            )


def function_concurrency(deployment: Deployment) -> Iterator[Fault]:
    """Check that no function is switched off. A reserved concurrency of 0 switches a function off."""
    for function in deployment.functions.values():
        found = deployment.client("lambda").get_function_concurrency(
            FunctionName=function["FunctionName"]
        )
        if found.get("ReservedConcurrentExecutions") == 0:
            yield Fault(
                f"{function['FunctionName']} is switched off: its reserved concurrency is 0.",
                f"remove this reserved concurrency in the Lambda console, or {deployment.again}",
            )


def function_roles(deployment: Deployment) -> Iterator[Fault]:
    """Check that each function runs under its own role of the identity stack (S-60)."""
    for name, output in _ROLES.items():
        function, wanted = deployment.functions[name], deployment.outputs.get(output)
        if function["Role"] != wanted:
            yield Fault(
                f"{function['FunctionName']} uses the role {function['Role']}, not the "
                f"stack's {wanted}.",
                deployment.again,
            )


def role_permissions(deployment: Deployment) -> Iterator[Fault]:
    """Check that each role has the rights that its function needs."""
    for name, needed in _needed(deployment).items():
        role = deployment.functions[name]["Role"]
        allowed = {
            (action, resource)
            for statement in deployment.policies(role)
            if statement["Effect"] == "Allow"
            for action in _listed(statement["Action"])
            for resource in _listed(statement["Resource"])
        }
        lacking = [
            f"{action} on {resource}"
            for action, resource in needed
            if (action, resource) not in allowed
        ]
        if lacking:
            yield Fault(
                f"the role of {deployment.functions[name]['FunctionName']} lacks "
                f"{', '.join(lacking)}.",
                f"restore the policy from ops/templates/identity.yaml; {deployment.again}",
            )


def role_wildcards(deployment: Deployment) -> Iterator[Fault]:
    """Check that each role has only the rights that its function needs (S-60). The check also accepts rights from the
    team's own policy file.
    """
    iam = deployment.client("iam")
    for function in deployment.functions.values():
        role = function["Role"].rsplit("/", 1)[-1]
        attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        for policy in attached:
            yield Fault(
                f"{role} has the policy {policy['PolicyName']} attached in addition to its own.",
                "detach this policy in the IAM console.",
            )
        for statement in deployment.policies(function["Role"], besides=team_policy.NAMES):
            wide = [action for action in _listed(statement["Action"]) if "*" in action]
            wide += [
                resource
                for resource in _listed(statement["Resource"])
                # A log group's ARN may end with `:*`, because Lambda chooses the names of log streams.
                if "*" in resource.removesuffix(":*").removesuffix(_SECRETS_OF_PROVIDERS)
                or resource == "*"
            ]
            if wide:
                yield Fault(
                    f"{role} allows {', '.join(wide)}, which the function does not need.",
                    "restore the policy from ops/templates/identity.yaml.",
                )


def _needed(deployment: Deployment) -> dict[str, list[tuple[str, str]]]:
    tables = {variable: table["TableArn"] for variable, table in deployment.tables.items()}
    users = [(action, tables["USERS_TABLE"]) for action in _USERS]
    record = ("dynamodb:UpdateItem", tables["USERS_TABLE"])
    providers = ("dynamodb:Scan", tables["PROVIDERS_TABLE"])
    sessions = [
        (f"dynamodb:{action}", tables["SESSIONS_TABLE"])
        for action in ("UpdateItem", "DeleteItem", "Query")
    ]
    secrets = [
        ("secretsmanager:GetSecretValue", deployment.variable(variable))
        for variable in ("CLIENT_SECRET_ARN", "SEALING_KEYS_SECRET_ARN")
    ]
    throttle = [
        (action, tables["THROTTLE_TABLE"]) for action in ("dynamodb:GetItem", "dynamodb:UpdateItem")
    ]
    people = [(f"cognito-idp:{call}", deployment.pool["Arn"]) for call in _PEOPLE]
    linking = [(f"cognito-idp:{call}", deployment.pool["Arn"]) for call in _LINKING]
    subjects, queue = tables["SUBJECTS_TABLE"], _queue_arn(deployment)
    api = [*users, providers, *sessions, *secrets, *throttle, *people]
    api += [
        ("dynamodb:GetItem", subjects),
        ("sqs:SendMessage", queue),
        ("cognito-idp:ListUsers", deployment.pool["Arn"]),
    ]
    noted = ("dynamodb:UpdateItem", subjects)
    triggers, mail = [record, throttle[1], providers, noted, *linking], list[tuple[str, str]]()
    leaving = [
        providers,
        *sessions[1:],
        noted,
        record,
        ("dynamodb:GetItem", subjects),
        ("dynamodb:GetItem", tables["USERS_TABLE"]),
        *((action, queue) for action in _QUEUE),
        *((f"cognito-idp:{call}", deployment.pool["Arn"]) for call in _LEAVING),
    ]
    if deployment.stage.direct_sign_in == "embedded":
        api += [(f"cognito-idp:{call}", deployment.pool["Arn"]) for call in _DIRECT]
        api.append(("secretsmanager:GetSecretValue", deployment.variable("MFA_CLIENT_SECRET_ARN")))
        api.append(("lambda:InvokeFunction", deployment.functions["account_mail"]["FunctionArn"]))
        triggers.append(secrets[0])
        mail = [
            secrets[0],
            ("dynamodb:UpdateItem", tables["THROTTLE_TABLE"]),
            *((f"dynamodb:{call}", tables["USERS_TABLE"]) for call in ("GetItem", "DeleteItem")),
            *((f"cognito-idp:{call}", deployment.pool["Arn"]) for call in _MAIL),
        ]
    return {
        "api_handler": [*api, *_logs(deployment, "")],
        "user_records": [*triggers, *_logs(deployment, "user_records")],
        "token_claims": [providers, *throttle, *_logs(deployment, "token_claims")],
        "account_mail": [*mail, *_logs(deployment, "account_mail")],
        "leaving": [*leaving, *_logs(deployment, "leaving")],
    }


def _queue_arn(deployment: Deployment) -> str:
    _, partition, _, region, account, _ = deployment.pool["Arn"].split(":", 5)
    return f"arn:{partition}:sqs:{region}:{account}:{deployment.stage.function('leaving')}"


def _logs(deployment: Deployment, suffix: str) -> list[tuple[str, str]]:
    stage = deployment.stage
    function = stage.function(suffix) if suffix else stage.api_function
    _, partition, _, region, account, _ = deployment.pool["Arn"].split(":", 5)
    group = f"arn:{partition}:logs:{region}:{account}:log-group:/aws/lambda/{function}:*"
    return [(action, group) for action in _LOGS]


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


CHECKS = (
    Check("functions", functions),
    Check("function-limits", function_limits),
    Check("function-concurrency", function_concurrency),
    Check("function-roles", function_roles),
    Check("role-permissions", role_permissions),
    Check("role-wildcards", role_wildcards),
)
