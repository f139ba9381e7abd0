"""Tests of `ops deploy` of a new stage. A test interrupts and repeats the command at each step. Then the test deploys a
changed route and destroys the stage."""

from __future__ import annotations

import json
import os
from io import StringIO
from typing import Any

import pytest
import requests

from ops import cli
from ops.adopt import apis_of
from ops.connect import load_deployed
from ops.destroy import destroy, inventory
from ops.doctor.check import diagnose
from ops.doctor.checks import CHECKS
from ops.doctor.deployment import Deployment
from ops.errors import OpsError
from ops.identity_stack import provision
from ops.plan import plan
from ops.report import Reporter
from tests.ops_e2e.place import CHALICE, Place
from tests.ops_e2e.visitor import refresh, sign_in
from tests.ops_e2e.wire import Cut

#: The calls at which the connection breaks, in the order of a first deployment. `after=True` means that AWS received
#: the call. Each run continues the deployment that the previous run began.
ALL_CUTS = (
    Cut("POST 2015-03-31/functions", nth=1, after=True),
    Cut("POST 2015-03-31/functions", nth=2),
    Cut("POST restapis", after=True),
    Cut("POST restapis/deployments", nth=1),
    Cut("POST 2015-03-31/functions/policy", nth=2, after=True),
    Cut("UpdateStack", after=True),
    Cut("PUT restapis/gatewayresponses", nth=3),
    Cut("POST restapis/deployments", nth=2),
    Cut("PATCH restapis/stages/api"),
)

#: Running the complete lists of calls takes a minute, so only `make soak` does this. Other runs use the cases that
#: leave the worst states: a stack without a record, an API without a record, and a second pass that was interrupted
#: halfway.
LONG = bool(os.environ.get("GATEHOUSE_SOAK"))
STACK_CUTS = (Cut("CreateStack"), Cut("CreateStack", after=True))[0 if LONG else 1 :]
CUTS = ALL_CUTS if LONG else (ALL_CUTS[2], ALL_CUTS[6])

#: The parts that a plain `chalice deploy` could break.
TOUCHED = (
    *("gateway-responses", "callback-urls", "triggers-attached", "trigger-permission"),
    *("api-authorizer", "api-permission", "api-throttles", "function-roles", "api-routes"),
    *("function-settings", "function-limits", "api"),
)


def identity(place: Place) -> dict[str, Any]:
    """Return the data that must never change: ids, addresses, people."""
    stage = place.stage
    cognito, pool = place.root("cognito-idp"), place.variable("USER_POOL_ID")
    return {
        "pool": pool,
        "client": place.variable("CLIENT_ID"),
        "secret": cognito.describe_user_pool_client(
            UserPoolId=pool, ClientId=place.variable("CLIENT_ID")
        )["UserPoolClient"]["ClientSecret"],
        "api": load_deployed(stage).rest_api_id,
        "people": [
            (user["Username"], user["UserStatus"])
            for user in cognito.list_users(UserPoolId=pool)["Users"]
        ],
        "keys": place.root("secretsmanager").get_secret_value(
            SecretId=place.variable("SEALING_KEYS_SECRET_ARN")
        )["SecretString"],
    }


def test_deployment_goes_on_wherever_it_was_cut(bare: Place) -> None:
    """After a failure at every step, the new stage is healthy, with one API and one pool."""
    for cut in STACK_CUTS:
        with bare.wire.broken(cut), pytest.raises(OpsError):
            bare.deploy()
        assert cut.happened
    bare.address()
    for cut in CUTS:
        with bare.wire.broken(cut), pytest.raises(OpsError):
            bare.deploy()
        assert cut.happened, cut
    _deploy_changed(bare)
    checks = CHECKS if LONG else [c for c in CHECKS if c.id in TOUCHED]
    assert diagnose(Deployment(bare.session, bare.stage), checks).findings == []
    _destroy(bare)


def _deploy_changed(place: Place) -> None:
    """Deploy a changed route. Ids, secrets, people and keys stay unchanged."""
    place.root("cognito-idp").admin_create_user(
        UserPoolId=place.variable("USER_POOL_ID"),
        Username="ann@example.com",
        MessageAction="SUPPRESS",
    )
    before = identity(place)
    route = place.project / "chalicelib" / "whoami.py"
    route.write_text(route.read_text().replace('"/whoami"', '"/whoami-else"'))
    place.add_okta()
    place.deploy()
    place.serve()
    assert identity(place) == before
    assert list(apis_of(place.session, place.stage)) == [before["api"]]
    there = {path for path, _, _ in Deployment(place.session, place.stage).methods}
    assert "/whoami-else" in there
    assert "/whoami" not in there
    assert requests.get(place.app_url + "whoami-else", timeout=30).status_code == 401
    planned = plan(place.session, place.stage, sleep=lambda _: None)
    assert any("no change" in line for line in planned.lines), planned.lines
    assert planned.replaced == []


def _destroy(place: Place) -> None:
    """Destroy the stage. The command first lists the data that will be lost. At the end, the data that must be kept
    still exists, and all other resources are deleted."""
    stage = place.stage
    lost = inventory(place.session, stage)
    assert any(place.variable("USER_POOL_ID") in line for line in lost)
    assert any("gatehouse-local-users" in line for line in lost)
    printed = StringIO()
    destroy(place.session, stage, Reporter(printed), keep_data=True, chalice=CHALICE)
    assert "gatehouse-local-users" in printed.getvalue()
    tables = place.root("dynamodb").list_tables()["TableNames"]
    assert {"gatehouse-local-users", "gatehouse-local-providers"} <= set(tables)
    assert inventory(place.session, stage) == lost
    destroy(place.session, stage, Reporter(StringIO()), chalice=CHALICE)
    assert place.root("dynamodb").list_tables()["TableNames"] == []
    assert place.root("cognito-idp").list_user_pools(MaxResults=10)["UserPools"] == []
    assert place.root("apigateway").get_rest_apis()["items"] == []
    assert place.root("lambda").list_functions()["Functions"] == []


def test_plan_names_what_would_change_and_changes_nothing(place: Place) -> None:
    """In the test, a new retention time would change four log groups. The command deletes the change set afterwards."""
    cloudformation = place.root("cloudformation")
    with place.setting("gatehouse", log_retention_days=60):
        planned = plan(place.session, place.stage, sleep=lambda _: None)
    text = "\n".join(planned.lines)
    assert "000000000000" in planned.lines[0]
    assert "modify ApiLogs (RetentionInDays)" in text
    assert "UserPool" not in text
    assert planned.replaced == []
    assert planned.change_set
    planned.change_set.discard(cloudformation)
    sets = cloudformation.list_change_sets(StackName=place.stage.identity_stack)
    assert sets["Summaries"] == []
    groups = place.root("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]
    assert {group["retentionInDays"] for group in groups} == {30}


def test_protected_stage_is_asked_for_after_its_plan(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command shows the plan, and changes nothing without a confirmation. With `--plan`, the command does not ask
    for a confirmation."""
    line = ["--project-dir", str(place.project), "deploy", "--stage", "local"]
    with place.setting("gatehouse", deletion_protection=True):
        place.wire.operations.clear()
        assert cli.main(line) == 1
        said = capsys.readouterr().err
        assert cli.main([*line, "--plan"]) == 0
    assert "modify UserPool (DeletionProtection)" in said
    assert "pass --yes to confirm" in said
    assert "modify UserPool" in capsys.readouterr().err
    assert not {"UpdateStack", "PUT restapis"} & set(place.wire.operations)


def test_what_was_shown_is_executed_and_nothing_else(place: Place) -> None:
    """`deploy` executes the change set of the plan. If another deployment changes the stack after the plan, `deploy`
    stops and changes nothing."""
    report = Reporter(StringIO())
    stack, cloudformation = place.stage.identity_stack, place.root("cloudformation")
    with place.setting("gatehouse", log_retention_days=14):
        stale = plan(place.session, place.stage)
        shown = plan(place.session, place.stage)
        place.wire.operations.clear()
        provision(place.session, place.stage, {}, report, approved=shown)
        assert "ExecuteChangeSet" in place.wire.operations
        assert "UpdateStack" not in place.wire.operations
        changed = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["LastUpdatedTime"]
        with pytest.raises(OpsError, match="was changed after the plan was shown"):
            provision(place.session, place.stage, {}, report, approved=stale)
        after = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["LastUpdatedTime"]
        assert after == changed
        assert stale.change_set
        stale.change_set.discard(cloudformation)
    groups = place.root("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]
    assert {group["retentionInDays"] for group in groups} == {14}
    left = cloudformation.list_change_sets(StackName=stack)["Summaries"]
    assert [each for each in left if each["ExecutionStatus"] == "AVAILABLE"] == []
    provision(place.session, place.stage, {}, report)


def test_plain_chalice_deploy_keeps_sessions_and_the_gateways_own_answers(
    place: Place,
) -> None:
    """After a teammate has run `chalice deploy`, doctor has no findings."""
    from ops.deploy import run_chalice

    session = sign_in(place)
    run_chalice(
        place.project,
        ["deploy", "--stage", "local"],
        "us-east-1",
        Reporter(StringIO()),
        CHALICE,
    )
    checks = [check for check in CHECKS if check.id in TOUCHED]
    assert len(checks) == len(TOUCHED)
    found = diagnose(Deployment(place.session, place.stage), checks)
    assert found.findings == []
    assert refresh(place, session).status_code == 200
    sign_in(place)


def test_api_of_a_checkout_without_the_deployed_file_is_found_again(place: Place) -> None:
    """Another clone of the project continues with the API that people use."""
    from ops.adopt import adopt_api

    path = place.stage.deployed_file
    before = path.read_text()
    path.unlink()
    try:
        adopt_api(place.session, place.stage, Reporter(StringIO()))
        adopted = json.loads(path.read_text())["resources"]
    finally:
        path.write_text(before)
    (api,) = [item for item in json.loads(before)["resources"] if item["name"] == "rest_api"]
    assert adopted[0]["rest_api_id"] == api["rest_api_id"]
    assert adopted[0]["rest_api_url"] == api["rest_api_url"]
