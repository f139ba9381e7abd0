"""Tests of the second pass: URLs, permissions, API Gateway's own error responses, limits."""

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.gatehouse.edge.security_headers import SECURITY_HEADERS
from ops.connect import STATEMENT_ID, connect, load_deployed
from ops.errors import OpsError
from ops.gateway_responses import ACCESS_LOG_FORMAT, GATEWAY_RESPONSES, gateway_responses
from ops.stages import Stage
from tests.unit.ops.fakes import (
    POOL_ARN,
    FakeCloudFormation,
    FakeCognito,
    FakeSession,
    FakeSts,
    client_error,
    dev_block,
    project,
    reporter,
    stage,
)

API_URL = "https://abc.execute-api.eu-west-1.amazonaws.com/api/"
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:gatehouse-dev-user_records"


class FakeLambda:
    """A Lambda client with the resource policy of one function, in AWS's format."""

    def __init__(self) -> None:
        self.statements: list[dict[str, Any]] = []
        self.added = 0

    def get_policy(self, **_: str) -> dict[str, str]:
        """Return the policy as text. Without a policy, raise AWS's error."""
        if not self.statements:
            raise client_error("ResourceNotFoundException")
        return {"Policy": json.dumps({"Statement": self.statements})}

    def add_permission(self, **request: str) -> None:
        """Add a statement to the policy."""
        self.added += 1
        self.statements.append(
            {
                "Sid": request["StatementId"],
                "Effect": "Allow",
                "Principal": {"Service": request["Principal"]},
                "Action": request["Action"],
                "Condition": {
                    "ArnLike": {"AWS:SourceArn": request["SourceArn"]},
                    "StringEquals": {"AWS:SourceAccount": request["SourceAccount"]},
                },
            }
        )

    def remove_permission(self, **request: str) -> None:
        """Remove a statement from the policy."""
        self.statements = [s for s in self.statements if s["Sid"] != request["StatementId"]]


class FakeGateway:
    """An API Gateway client that records its calls in order."""

    def __init__(self) -> None:
        self.responses: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.patches: dict[str, str] = {}
        self.can_log = True

    def put_gateway_response(self, **request: Any) -> None:
        """Store a response."""
        self.calls.append("response")
        self.responses[request["responseType"]] = request

    def create_deployment(self, **_: str) -> None:
        """Record the call."""
        self.calls.append("deployment")

    def update_stage(self, patchOperations: list[dict[str, str]], **_: str) -> None:
        """Record the patches. If the account has no role for logs, raise AWS's error."""
        self.calls.append("stage")
        if "accessLogSettings" in patchOperations[0]["path"] and not self.can_log:
            raise client_error(
                "BadRequestException",
                "CloudWatch Logs role ARN must be set in account settings to enable logging",
            )
        self.patches.update({patch["path"]: patch["value"] for patch in patchOperations})


class Place:
    """One deployed stage."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder = project(tmp_path, dev=dev_block(), local=dev_block())
        self.cloud = FakeCloudFormation("CREATE_COMPLETE")
        self.functions = FakeLambda()
        self.gateway = FakeGateway()
        self.report, self.printed = reporter()
        for name in ("dev", "local"):
            self.deployed(
                name,
                {"name": "rest_api", "rest_api_id": "abc", "rest_api_url": API_URL},
                {"name": "user_records", "lambda_arn": FUNCTION},
            )

    def deployed(self, stage_name: str, *resources: dict[str, str]) -> None:
        """Write Chalice's record."""
        folder = self.folder / ".chalice" / "deployed"
        folder.mkdir(exist_ok=True)
        text = json.dumps({"resources": resources, "schema_version": "2.0"})
        (folder / f"{stage_name}.json").write_text(text)

    def connect(self, target: Stage | None = None) -> str:
        """Run the second pass."""
        session: Any = FakeSession(
            cognito_idp=FakeCognito(),
            sts=FakeSts(),
            **{"cloudformation": self.cloud, "lambda": self.functions, "apigateway": self.gateway},
        )
        return connect(session, target or stage(self.folder), self.report)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a stage after `chalice deploy`."""
    return Place(tmp_path)


@pytest.mark.security("S-64")
def test_pool_gets_exactly_this_apis_urls_and_triggers(place: Place) -> None:
    """The pool gets one callback URL and one logout URL. The scheme of the two URLs is https."""
    assert place.connect() == API_URL
    assert place.cloud.parameters["CallbackUrls"] == f"{API_URL}auth/callback"
    assert place.cloud.parameters["LogoutUrls"] == f"{API_URL}?signed_out=1"
    assert place.cloud.parameters["UserRecordsFunctionArn"] == FUNCTION
    assert place.cloud.parameters["InboundFederationFunctionArn"] == FUNCTION
    assert place.cloud.parameters["TokenClaimsFunctionArn"] == ""


@pytest.mark.parametrize(
    ("public", "domain", "root"),
    [
        ("https://a.example", {}, "https://a.example/"),
        ("", {"domain_name": "b.example"}, "https://b.example/"),
        ("", {"domain_name": "b.example", "url_prefix": "/team"}, "https://b.example/team/"),
        ("", {}, API_URL),
    ],
)
def test_root_follows_public_url_then_custom_domain_then_aws(
    place: Place, public: str, domain: dict[str, str], root: str
) -> None:
    """The root always ends with one slash."""
    plain = stage(place.folder, PUBLIC_URL=public)
    target = Stage(**{**vars(plain), "custom_domain": domain})
    assert place.connect(target) == root


@pytest.mark.security("S-58")
def test_trigger_may_be_invoked_by_this_pool_of_this_account_alone(place: Place) -> None:
    """If the second pass runs again, it adds no further permission."""
    place.connect()
    place.connect()
    (statement,) = place.functions.statements
    assert statement["Condition"] == {
        "ArnLike": {"AWS:SourceArn": POOL_ARN},
        "StringEquals": {"AWS:SourceAccount": "111122223333"},
    }
    assert place.functions.added == 1


@pytest.mark.security("S-58")
def test_permission_of_an_earlier_pool_is_replaced(place: Place) -> None:
    """After the stage got a new pool, the old pool may no longer invoke the triggers."""
    place.connect()
    place.functions.statements[0]["Condition"]["ArnLike"]["AWS:SourceArn"] = "arn:old"
    place.connect()
    (statement,) = place.functions.statements
    assert statement["Sid"] == STATEMENT_ID
    assert statement["Condition"]["ArnLike"] == {"AWS:SourceArn": POOL_ARN}


@pytest.mark.security("S-53")
@pytest.mark.parametrize("response", GATEWAY_RESPONSES, ids=lambda response: response.kind)
def test_gateways_own_answers_have_our_envelope_and_headers(response: Any) -> None:
    """The responses contain only static text and API Gateway's own id of the request. The responses contain no text of
    the caller."""
    request = response.request()
    parameters = request["responseParameters"]
    for name, value in SECURITY_HEADERS.items():
        assert parameters[f"gatewayresponse.header.{name}"] == f"'{value}'"
    assert "charset=utf-8" in parameters["gatewayresponse.header.Content-Type"]
    body = request["responseTemplates"]["application/json"]
    said = json.loads(body)
    if said.pop("request_id", "") == "$context.requestId":
        assert response.kind in ("DEFAULT_5XX", "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT")
    assert set(said) == {"error", "message"}
    assert "$" not in json.dumps(said)
    assert not any("Access-Control" in name for name in parameters)


def cors_of(response: Any) -> dict[str, str]:
    """Return the CORS headers of a gateway response, without API Gateway's prefix and quotes."""
    return {
        name.removeprefix("gatewayresponse.header."): value.strip("'")
        for name, value in response.request()["responseParameters"].items()
        if "Access-Control" in name
    }


@pytest.mark.security("S-30")
def test_the_one_allowed_origin_reads_every_answer_of_the_gateway(place: Place) -> None:
    """The responses name the allowed origin as static text and allow credentials, as the app's own responses do."""
    place.connect(stage(place.folder, ALLOWED_ORIGINS="https://notes.example.com"))
    for request in place.gateway.responses.values():
        parameters = request["responseParameters"]
        named = parameters["gatewayresponse.header.Access-Control-Allow-Origin"]
        assert named == "'https://notes.example.com'"
        assert parameters["gatewayresponse.header.Access-Control-Allow-Credentials"] == "'true'"
        assert parameters["gatewayresponse.header.Access-Control-Expose-Headers"] == "'Retry-After'"
        assert parameters["gatewayresponse.header.Vary"] == "'Origin'"


@pytest.mark.security("S-30")
def test_of_several_origins_none_is_named_and_nothing_is_reflected() -> None:
    """The authorizer's constant responses allow every origin, but only for requests without credentials. No other
    origin can read a response of a cookie route."""
    made = {
        r.kind: r
        for r in gateway_responses(["https://a.example.com", "https://b.example.com"], API_URL)
    }
    open_ones = {kind: cors_of(response) for kind, response in made.items() if cors_of(response)}
    assert set(open_ones) == {"UNAUTHORIZED", "ACCESS_DENIED", "EXPIRED_TOKEN"}
    for headers in open_ones.values():
        assert headers == {
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Expose-Headers": "Retry-After",
        }
    assert set(made) == {response.kind for response in GATEWAY_RESPONSES}


@pytest.mark.security("S-30")
@pytest.mark.parametrize("count", [0, 1, 2])
def test_no_gateway_answer_takes_text_from_the_request(count: int) -> None:
    """Every header is static: the value is in quotes."""
    for response in gateway_responses([f"https://{n}.example.com" for n in range(count)], API_URL):
        values = response.request()["responseParameters"].values()
        assert all(value.startswith("'") and value.endswith("'") for value in values)


def test_a_mistyped_path_leads_a_browser_to_the_page_and_is_404_to_programs(place: Place) -> None:
    """A gateway response cannot depend on Accept. Browsers follow the Refresh header of the response; other clients
    ignore it."""
    place.connect()
    for kind, request in place.gateway.responses.items():
        refresh = request["responseParameters"].get("gatewayresponse.header.Refresh")
        unknown_path = kind in ("MISSING_AUTHENTICATION_TOKEN", "RESOURCE_NOT_FOUND")
        assert refresh == (f"'0; url={API_URL}?error=not_found'" if unknown_path else None)


def test_answers_cover_both_families_and_hide_unknown_paths(place: Place) -> None:
    """An undeclared path is a plain 404, with or without an Authorization header."""
    place.connect()
    made = place.gateway.responses
    assert {"DEFAULT_4XX", "DEFAULT_5XX", "UNAUTHORIZED", "THROTTLED"} <= set(made)
    for kind in ("MISSING_AUTHENTICATION_TOKEN", "INVALID_SIGNATURE"):
        assert made[kind]["statusCode"] == "404"
        assert "not_found" in made[kind]["responseTemplates"]["application/json"]
    assert "statusCode" not in made["DEFAULT_4XX"]
    last = len(place.gateway.calls) - 1 - place.gateway.calls[::-1].index("response")
    assert place.gateway.calls[last + 1] == "deployment"


@pytest.mark.security("S-65")
def test_stage_is_throttled_as_configured(place: Place) -> None:
    """The limits apply to every method of every path."""
    place.connect()
    assert place.gateway.patches["/*/*/throttling/rateLimit"] == "7"
    assert place.gateway.patches["/*/*/throttling/burstLimit"] == "9"


@pytest.mark.security("S-63")
def test_access_log_holds_declared_paths_and_no_query(place: Place) -> None:
    """Queries contain codes and states."""
    place.connect()
    assert place.gateway.patches["/accessLogSettings/destinationArn"] == (
        "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/apigateway/gatehouse-dev"
    )
    written = json.loads(ACCESS_LOG_FORMAT)
    assert "$context.resourcePath" in written.values()
    assert not {"$context.path", "$context.requestOverride.path.proxy"} & set(written.values())
    assert "querystring" not in ACCESS_LOG_FORMAT.lower()


def test_account_that_cannot_log_is_told_and_served(place: Place) -> None:
    """The missing role is a setting of the whole account, so `ops` does not create the role. The stage works without
    the log."""
    place.gateway.can_log = False
    place.connect()
    assert "no access log" in place.printed.getvalue()


def test_local_stage_has_no_access_log(place: Place) -> None:
    """The local AWS has no access logs."""
    place.connect(stage(place.folder, "local"))
    assert not any("accessLog" in path for path in place.gateway.patches)


def test_stage_that_is_not_deployed_names_the_mend(place: Place) -> None:
    """The cases are a missing file, missing parts and an invalid file."""
    place.deployed("dev")
    with pytest.raises(OpsError, match=r"lacks the REST API and the function user_records.*deploy"):
        load_deployed(stage(place.folder))
    stage(place.folder).deployed_file.write_text("[]")
    with pytest.raises(OpsError, match="does not have Chalice's format"):
        load_deployed(stage(place.folder))
    stage(place.folder).deployed_file.unlink()
    with pytest.raises(OpsError, match="ops deploy --stage dev"):
        load_deployed(stage(place.folder))
