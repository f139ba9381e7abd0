"""Faults for the tests of doctor. They are in functions, roles, the API, tables, alarms and logs, and in the part of a
sign-in that ends at Okta's login page."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import requests

from ops.connect import load_deployed
from tests.ops_e2e.identity_faults import Fault, client, renamed, setting
from tests.ops_e2e.place import Place

RECORDS = "gatehouse-local-user_records"
API = "gatehouse-local"


def function(name: str, **changes: Any) -> Fault:
    """Change a function's configuration."""

    @contextmanager
    def seed(place: Place) -> Iterator[None]:
        functions = place.root("lambda")
        found = functions.get_function_configuration(FunctionName=name)
        before = {key: found[key] for key in changes}
        functions.update_function_configuration(FunctionName=name, **changes)
        try:
            yield
        finally:
            functions.update_function_configuration(FunctionName=name, **before)

    return seed


def without_statement(name: str, principal: str) -> Fault:
    """Remove the permission that lets a service invoke a function."""

    @contextmanager
    def seed(place: Place) -> Iterator[None]:
        functions = place.root("lambda")
        policy = json.loads(functions.get_policy(FunctionName=name)["Policy"])
        gone = [s for s in policy["Statement"] if principal in json.dumps(s["Principal"])]
        for statement in gone:
            functions.remove_permission(FunctionName=name, StatementId=statement["Sid"])
        try:
            yield
        finally:
            for statement in gone:
                functions.add_permission(**_permission(name, statement))

    return seed


def _permission(name: str, statement: dict[str, Any]) -> dict[str, str]:
    condition = statement.get("Condition", {})
    found = {key.lower(): value for each in condition.values() for key, value in each.items()}
    return {
        "FunctionName": name,
        "StatementId": statement["Sid"],
        "Action": "lambda:InvokeFunction",
        "Principal": statement["Principal"]["Service"],
        "SourceArn": found["aws:sourcearn"],
        **({"SourceAccount": found["aws:sourceaccount"]} if "aws:sourceaccount" in found else {}),
    }


def policy(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Fault:
    """Change the statements in the policy of the API's role."""

    @contextmanager
    def seed(place: Place) -> Iterator[None]:
        iam = place.root("iam")
        role = (
            place.root("lambda")
            .get_function_configuration(FunctionName=API)["Role"]
            .rsplit("/", 1)[-1]
        )
        before = iam.get_role_policy(RoleName=role, PolicyName="api")["PolicyDocument"]
        after = {**before, "Statement": [change(each) for each in before["Statement"]]}
        put = {"RoleName": role, "PolicyName": "api"}
        iam.put_role_policy(**put, PolicyDocument=json.dumps(after))
        try:
            yield
        finally:
            iam.put_role_policy(**put, PolicyDocument=json.dumps(before))

    return seed


@contextmanager
def a_dependency_left_out(place: Place) -> Iterator[None]:
    """Upload the zip that Chalice alone makes when the build of a dependency fails: the zip lacks this dependency."""
    functions = place.root("lambda")
    location = functions.get_function(FunctionName=RECORDS)["Code"]["Location"]
    before = requests.get(location, timeout=30).content
    less = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(before)) as whole, zipfile.ZipFile(less, "w") as packed:
        for name in whole.namelist():
            if not name.startswith(("certifi/", "certifi-")):
                packed.writestr(name, whole.read(name))
    functions.update_function_code(FunctionName=RECORDS, ZipFile=less.getvalue())
    try:
        yield
    finally:
        functions.update_function_code(FunctionName=RECORDS, ZipFile=before)


def api(do: Callable[[Any, str], None], undo: Callable[[Place], None]) -> Fault:
    """Change the API."""

    @contextmanager
    def seed(place: Place) -> Iterator[None]:
        do(place.root("apigateway"), load_deployed(place.stage).rest_api_id)
        try:
            yield
        finally:
            undo(place)

    return seed


def _patch_stage(path: str, value: str) -> Callable[[Any, str], None]:
    operation = {"op": "replace", "path": path, "value": value}
    return lambda gateway, api_id: gateway.update_stage(
        restApiId=api_id, stageName="api", patchOperations=[operation]
    )


def _open_route(gateway: Any, api_id: str) -> None:
    _patch_method(gateway, api_id, "/authorizationType", "NONE")


def _close_route(place: Place) -> None:
    gateway, api_id = place.root("apigateway"), load_deployed(place.stage).rest_api_id
    _patch_method(gateway, api_id, "/authorizationType", "COGNITO_USER_POOLS")


def _patch_method(gateway: Any, api_id: str, path: str, value: str) -> None:
    items = gateway.get_resources(restApiId=api_id, limit=500)["items"]
    resource = next(item for item in items if item["path"] == "/me")
    gateway.update_method(
        restApiId=api_id,
        resourceId=resource["id"],
        httpMethod="GET",
        patchOperations=[{"op": "replace", "path": path, "value": value}],
    )


@contextmanager
def second_authorizer(place: Place) -> Iterator[None]:
    """Add an authorizer that accepts tokens of another pool."""
    gateway, api_id = place.root("apigateway"), load_deployed(place.stage).rest_api_id
    made = gateway.create_authorizer(
        restApiId=api_id,
        name="other",
        type="COGNITO_USER_POOLS",
        providerARNs=["arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_Other0000"],
        identitySource="method.request.header.Authorization",
    )
    try:
        yield
    finally:
        gateway.delete_authorizer(restApiId=api_id, authorizerId=made["id"])


@contextmanager
def second_api(place: Place) -> Iterator[None]:
    """Create a second API, like the API that an interrupted deployment leaves behind."""
    gateway = place.root("apigateway")
    stray = gateway.create_rest_api(name="gatehouse")["id"]
    root = gateway.get_resources(restApiId=stray)["items"][0]["id"]
    gateway.put_method(restApiId=stray, resourceId=root, httpMethod="GET", authorizationType="NONE")
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{API}"
    gateway.put_integration(
        restApiId=stray,
        resourceId=root,
        httpMethod="GET",
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations",
    )
    try:
        yield
    finally:
        gateway.delete_rest_api(restApiId=stray)


@contextmanager
def deployed_file_missing(place: Place) -> Iterator[None]:
    """Delete Chalice's record, as in a checkout without the committed record."""
    path = place.stage.deployed_file
    before = path.read_text()
    path.unlink()
    try:
        yield
    finally:
        path.write_text(before)


@contextmanager
def switched_off(place: Place) -> Iterator[None]:
    """Set a function's reserved concurrency to 0, as people do to stop a function."""
    functions = place.root("lambda")
    functions.put_function_concurrency(FunctionName=RECORDS, ReservedConcurrentExecutions=0)
    try:
        yield
    finally:
        functions.delete_function_concurrency(FunctionName=RECORDS)


@contextmanager
def alarm_deleted(place: Place) -> Iterator[None]:
    """Delete an alarm."""
    cloudwatch = place.root("cloudwatch")
    name = f"{API}-server-errors"
    (before,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    cloudwatch.delete_alarms(AlarmNames=[name])
    kept = (
        *("AlarmName", "Namespace", "MetricName", "Dimensions", "Statistic", "Period"),
        *("EvaluationPeriods", "Threshold", "ComparisonOperator", "TreatMissingData"),
    )
    try:
        yield
    finally:
        cloudwatch.put_metric_alarm(**{key: before[key] for key in kept})


@contextmanager
def alarm_muted(place: Place) -> Iterator[None]:
    """Mute an alarm over the weekend."""
    cloudwatch, name = place.root("cloudwatch"), f"{API}-failed-sign-ins"
    cloudwatch.disable_alarm_actions(AlarmNames=[name])
    try:
        yield
    finally:
        cloudwatch.enable_alarm_actions(AlarmNames=[name])


@contextmanager
def log_kept_for_ever(place: Place) -> Iterator[None]:
    """Remove a log group's retention."""
    logs, name = place.root("logs"), f"/aws/lambda/{API}"
    logs.delete_retention_policy(logGroupName=name)
    try:
        yield
    finally:
        logs.put_retention_policy(logGroupName=name, retentionInDays=30)


def _without_writes(statement: dict[str, Any]) -> dict[str, Any]:
    actions = statement["Action"]
    if "dynamodb:UpdateItem" in actions:  # a statement has one action or a list of actions
        kept = (
            [a for a in actions if a != "dynamodb:UpdateItem"] if isinstance(actions, list) else []
        )
        return {**statement, "Action": kept or ["dynamodb:DescribeTable"]}
    return statement


def _with_everything(statement: dict[str, Any]) -> dict[str, Any]:
    if statement["Action"] == "secretsmanager:GetSecretValue":
        return {**statement, "Resource": "*"}
    return statement


def _wipe_answers(gateway: Any, api_id: str) -> None:
    gateway.delete_gateway_response(restApiId=api_id, responseType="UNAUTHORIZED")


APP_FAULTS: dict[str, list[tuple[str, Fault]]] = {
    "functions": [("gone", renamed)],
    "function-limits": [
        ("runs longer than Cognito waits", function(RECORDS, Timeout=30)),
        ("little memory", function(RECORDS, MemorySize=128)),
    ],
    "function-concurrency": [("switched off", switched_off)],
    "function-roles": [
        ("another role", function(RECORDS, Role="arn:aws:iam::000000000000:role/other"))
    ],
    "runtime-age": [
        ("no security updates any more", function(RECORDS, Runtime="python3.10")),
    ],
    "package-contents": [("a dependency left out", a_dependency_left_out)],
    "role-permissions": [("may not write", policy(_without_writes))],
    "role-wildcards": [("may read every secret", policy(_with_everything))],
    "trigger-permission": [("taken away", without_statement(RECORDS, "cognito-idp"))],
    "trigger-invocable": [
        ("settings missing", function(RECORDS, Environment={"Variables": {"STAGE": "local"}})),
        ("no such handler", function(RECORDS, Handler="app.nothing")),
    ],
    "tables": [("gone", setting(THROTTLE_TABLE="gatehouse-gone"))],
    "deployed": [("file not committed", deployed_file_missing)],
    "api": [("a second one", second_api), ("no stage", setting("", api_gateway_stage="other"))],
    "api-authorizer": [("asks another pool too", second_authorizer)],
    "api-routes": [("open", api(_open_route, _close_route))],
    "api-permission": [("taken away", without_statement(API, "apigateway"))],
    "gateway-responses": [("wiped", api(_wipe_answers, Place.connect))],
    "api-throttles": [
        ("lifted", api(_patch_stage("/*/*/throttling/rateLimit", "9999"), Place.connect))
    ],
    "api-tracing": [
        (
            "on",
            api(
                _patch_stage("/*/*/logging/dataTrace", "true"),
                lambda place: _patch_stage("/*/*/logging/dataTrace", "false")(
                    place.root("apigateway"), load_deployed(place.stage).rest_api_id
                ),
            ),
        )
    ],
    "alarms": [("one deleted", alarm_deleted)],
    "alarm-actions": [
        ("one muted", alarm_muted),
        (
            "another topic",
            setting("gatehouse", alarm_topic_arn="arn:aws:sns:us-east-1:000000000000:t"),
        ),
    ],
    "log-retention": [("for ever", log_kept_for_ever)],
    "app-answers": [
        ("nobody there", setting(PUBLIC_URL="http://localhost:9/")),
    ],
    "signing-keys": [("another pool's", setting(JWKS_URL="http://127.0.0.1:9/jwks.json"))],
    "authorize-redirect": [
        ("redirect mismatch", client(CallbackURLs=["https://old.example/auth/callback"])),
        ("Okta not enabled", client(SupportedIdentityProviders=["COGNITO"])),
        ("no such scope", client(AllowedOAuthScopes=["openid"])),
    ],
}
