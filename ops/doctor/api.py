"""Checks of the REST API: routes, authorizer, API Gateway's own error responses, limits, logs, domain."""

from __future__ import annotations

import json
from collections.abc import Iterator

from botocore.exceptions import ClientError

from ..adopt import apis_of
from ..connect import allowed_origins, load_deployed
from ..errors import OpsError
from ..gateway_responses import ACCESS_LOG_FORMAT, gateway_responses
from .check import Check, Fault, Note
from .deployment import Deployment, Missing

_LOG_ROLE = (
    "run `aws apigateway update-account --patch-operations "
    "op=replace,path=/cloudwatchRoleArn,value=ROLE_ARN`"
)


def deployed(deployment: Deployment) -> Iterator[Fault]:
    """Check that the checkout contains Chalice's record of the deployment."""
    try:
        load_deployed(deployment.stage)
    except OpsError as error:
        yield Fault(str(error), deployment.again)


def api(deployment: Deployment) -> Iterator[Fault]:
    """Check that exactly one API calls the stage's function, and that this API has its API Gateway stage."""
    try:
        _ = deployment.api_stage
    except Missing as missing:
        if "see api" not in missing.args[0]:
            raise
        yield Fault("the REST API, or its API Gateway stage, is missing.", deployment.again)
        return
    others = sorted(
        set(apis_of(deployment.session, deployment.stage)) - {deployment.deployed.rest_api_id}
    )
    if others:
        yield Fault(
            f"the APIs {', '.join(others)} also call {deployment.stage.api_function}: an "
            "interrupted deployment made these APIs, or somebody deployed without the file "
            "of .chalice/deployed.",
            "make sure that nobody uses these APIs, and delete the APIs in the API Gateway "
            "console.",
        )


def api_authorizer(deployment: Deployment) -> Iterator[Fault]:
    """Check that the API's authorizer uses this stage's pool."""
    _ = deployment.api_stage
    found = deployment.client("apigateway").get_authorizers(
        restApiId=deployment.deployed.rest_api_id
    )["items"]
    pools = [arn for item in found for arn in item.get("providerARNs", [])]
    if pools != [deployment.pool["Arn"]]:
        yield Fault(
            f"the API's authorizer uses {', '.join(pools) or 'no pool'}, not this stage's pool: "
            "every route responds with 401, or routes accept tokens of another pool.",
            deployment.again,
        )


def api_routes(deployment: Deployment) -> Iterator[Fault]:
    """Check that every route except the public routes requires an access token with a scope (S-48)."""
    _ = deployment.api_stage
    public = deployment.mount.public_routes
    there = set()
    for path, verb, method in deployment.methods:
        if verb == "OPTIONS":
            continue
        there.add((verb, path))
        if (verb, path) in public:
            continue
        guarded = method.get("authorizationType") == "COGNITO_USER_POOLS"
        if not guarded or not method.get("authorizationScopes"):
            yield Fault(
                f"{verb} {path} is open: "
                + ("no scope is required." if guarded else "it has no authorizer."),
                deployment.again,
            )
    lacking = sorted(f"{verb} {path}" for verb, path in public - there)
    if lacking:
        yield Fault(
            f"the API lacks {', '.join(lacking)}: another version of the app was deployed.",
            deployment.again,
        )


def api_permission(deployment: Deployment) -> Iterator[Fault]:
    """Check that the API may invoke its function."""
    function = deployment.functions["api_handler"]["FunctionArn"]
    found = deployment.absent_as_none(deployment.client("lambda").get_policy, FunctionName=function)
    statements = json.loads(found["Policy"])["Statement"] if found else []
    wanted = f":{deployment.deployed.rest_api_id}/"
    if not any(
        statement.get("Principal") == {"Service": "apigateway.amazonaws.com"}
        and wanted in json.dumps(statement.get("Condition", {}))
        for statement in statements
    ):
        yield Fault(
            "the API has no permission to invoke its function: every route responds with 503.",
            deployment.again,
        )


def gateway_answers(deployment: Deployment) -> Iterator[Fault]:
    """Check that the API's own errors have Gatehouse's format and headers (S-53). An API document without them,
    such as an earlier release sent, removes them.
    """
    _ = deployment.api_stage
    origins = allowed_origins(deployment.stage)
    page = deployment.mount.page_for_lost(deployment.root)
    found = deployment.client("apigateway").get_gateway_responses(
        restApiId=deployment.deployed.rest_api_id, limit=500
    )["items"]
    by_kind = {item["responseType"]: item for item in found if not item.get("defaultResponse")}
    wrong = []
    for response in gateway_responses(origins, page):
        request = response.request()
        there = by_kind.get(response.kind, {})
        if any(
            there.get(key) != request[key] for key in ("responseParameters", "responseTemplates")
        ):
            wrong.append(response.kind)
    if wrong:
        yield Fault(
            f"the API's own errors ({', '.join(wrong)}) lack Gatehouse's headers or text: the "
            "last deployment did not contain them.",
            deployment.again,
        )


def api_throttles(deployment: Deployment) -> Iterator[Fault]:
    """Check that the API's request limits are the same as in config.json (S-65)."""
    settings = deployment.api_stage.get("methodSettings", {}).get("*/*", {})
    wanted = (deployment.stage.option("throttle_rate"), deployment.stage.option("throttle_burst"))
    found = (settings.get("throttlingRateLimit"), settings.get("throttlingBurstLimit"))
    if found != wanted:
        yield Fault(
            f"the API allows {found[0]} requests a second and bursts of {found[1]}; "
            f"config.json says {wanted[0]} and {wanted[1]}.",
            deployment.again,
        )


def api_tracing(deployment: Deployment) -> Iterator[Fault]:
    """Check that the API's stage does not log bodies and headers, because bodies and headers contain codes and tokens
    (S-63).
    """
    settings = deployment.api_stage.get("methodSettings", {})
    loud = sorted(path for path, each in settings.items() if each.get("dataTraceEnabled"))
    if loud:
        yield Fault(
            f"the API logs whole requests and responses ({', '.join(loud)}): its log contains "
            "codes, cookies and tokens.",
            "switch data tracing off (API Gateway console, Stages, Logs) and delete that log.",
        )


def access_log(deployment: Deployment) -> Iterator[Fault]:
    """Check that the API's stage writes an access log without query strings (S-63).

    API Gateway needs a role for the log. All APIs of the account and region share this role.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    """
    settings = deployment.api_stage.get("accessLogSettings", {})
    group = f"/aws/apigateway/{deployment.stage.app_name}-{deployment.stage.name}"
    if not str(settings.get("destinationArn", "")).endswith(f":log-group:{group}"):
        if not deployment.client("apigateway").get_account().get("cloudwatchRoleArn"):
            yield Note(
                "the API writes no access log yet: API Gateway has no role to write logs in this "
                "account and region.",
                f"{_LOG_ROLE} (docs/operations.md, Access log); then {deployment.again}",
            )
        else:
            yield Fault("the API writes no access log.", deployment.again)
    elif settings.get("format") != ACCESS_LOG_FORMAT:
        yield Fault("the access log does not have Gatehouse's format.", deployment.again)


def custom_domain(deployment: Deployment) -> Iterator[Fault]:
    """Check that the custom domain exists, requires TLS 1.2, and is mapped to this API."""
    name = deployment.stage.custom_domain.get("domain_name")
    if not name:
        return
    gateway = deployment.client("apigateway")
    try:
        found = gateway.get_domain_name(domainName=name)
        mappings = gateway.get_base_path_mappings(domainName=name).get("items", [])
    except ClientError as error:
        yield Fault(
            f"the custom domain {name}: {error.response['Error']['Code']}.", deployment.again
        )
        return
    if found.get("securityPolicy", "TLS_1_2") == "TLS_1_0":
        yield Fault(
            f"{name} still allows TLS 1.0.",
            'set "tls_version": "TLS_1_2" in api_gateway_custom_domain and deploy.',
        )
    if deployment.deployed.rest_api_id not in [item.get("restApiId") for item in mappings]:
        yield Fault(f"{name} is not mapped to this stage's API.", deployment.again)


CHECKS = (
    Check("deployed", deployed),
    Check("api", api),
    Check("api-authorizer", api_authorizer),
    Check("api-routes", api_routes),
    Check("api-permission", api_permission),
    Check("gateway-responses", gateway_answers),
    Check("api-throttles", api_throttles),
    Check("api-tracing", api_tracing),
    Check("access-log", access_log, "the local AWS has no access logs"),
    Check("custom-domain", custom_domain),
)
