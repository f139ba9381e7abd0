"""Tests of provisioning: creating, updating, no change, remains of a failed attempt, and explained failures."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.gatehouse.edge.urls import AppUrl
from ops.connect import stack_parameters
from ops.errors import OpsError
from ops.identity_stack import (
    TEMPLATE,
    Outputs,
    delete,
    parameters_of,
    provider_list,
    provision,
)
from ops.stages import config_file
from tests.unit.ops.fakes import (
    FakeCloudFormation,
    FakeCognito,
    FakeSession,
    FakeSts,
    dev_block,
    project,
    reporter,
    stage,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a project with a stage `dev`."""
    return project(tmp_path, dev=dev_block())


def run(cloud: FakeCloudFormation, folder: Path, **parameters: str) -> tuple[Outputs, str]:
    """Provision without waiting. Return the outputs and the printed text."""
    report, stream = reporter()
    session = FakeSession(cloudformation=cloud, cognito_idp=FakeCognito(), sts=FakeSts())
    found = provision(session, stage(folder), parameters, report, sleep=lambda _: None)  # type: ignore[arg-type]  # a fake session
    return found, stream.getvalue()


def test_first_time_creates_and_writes_the_outputs(folder: Path) -> None:
    """`provision` writes the variables and roles into config.json."""
    cloud = FakeCloudFormation()
    outputs, printed = run(cloud, folder)
    assert cloud.parameters["DomainPrefix"] == "acme-dev"
    assert cloud.parameters["DeletionProtection"] == "ACTIVE"
    assert cloud.parameters["IdentityProviders"] == "COGNITO"
    assert outputs.environment == {
        "USER_POOL_ID": "eu-west-1_Pool",
        "ISSUER": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Pool",
        "COGNITO_URL": "https://acme-dev.auth.eu-west-1.amazoncognito.com",
    }
    dev = json.loads(config_file(folder).read_text())["stages"]["dev"]
    assert dev["environment_variables"]["USER_POOL_ID"] == "eu-west-1_Pool"
    assert dev["lambda_functions"] == {"api_handler": {"iam_role_arn": "arn:role"}}
    assert "CREATE_COMPLETE: UserPool" in printed


def test_second_time_changes_nothing(folder: Path) -> None:
    """AWS's error "No updates are to be performed" counts as success."""
    cloud = FakeCloudFormation()
    run(cloud, folder)
    cloud.calls.clear()
    outputs, printed = run(cloud, folder)
    assert cloud.calls == ["update"]
    assert "unchanged" in printed
    assert outputs.environment


def test_what_is_not_said_keeps_its_value(folder: Path) -> None:
    """A `provision` after the second pass keeps URLs, triggers and providers."""
    cloud = FakeCloudFormation()
    run(cloud, folder)
    run(
        cloud,
        folder,
        CallbackUrls="https://a.example/auth/callback",
        IdentityProviders="COGNITO,Okta",
    )
    run(cloud, folder)
    assert cloud.parameters["CallbackUrls"] == "https://a.example/auth/callback"
    assert cloud.parameters["IdentityProviders"] == "COGNITO,Okta"


def test_parameters_the_template_no_longer_has_are_not_mentioned(folder: Path) -> None:
    """CloudFormation refuses an update with a parameter that is not in the template."""
    cloud = FakeCloudFormation("UPDATE_COMPLETE", {"Retired": "1", "CallbackUrls": "https://a/"})
    run(cloud, folder)
    assert "Retired" not in cloud.parameters
    assert cloud.parameters["CallbackUrls"] == "https://a/"


def test_leftover_of_a_failed_creation_is_removed_first(folder: Path) -> None:
    """For a stack in the state `ROLLBACK_COMPLETE`, AWS allows only the deletion."""
    cloud = FakeCloudFormation("ROLLBACK_COMPLETE")
    run(cloud, folder)
    assert cloud.calls[:2] == ["delete", "create"]


def test_protection_from_deletion_comes_after_the_creation(folder: Path) -> None:
    """CloudFormation could not roll back a protected pool or table. After a failed first attempt the pool and the
    tables would stay, and would block the second attempt."""
    cloud = FakeCloudFormation()
    run(cloud, folder)
    assert cloud.calls == ["create", "update", "protect"]
    assert [given["DeletionProtection"] for given in cloud.given] == ["INACTIVE", "ACTIVE"]


def test_a_failed_creation_was_never_protected(folder: Path) -> None:
    """After a failed creation, the command does not protect the stack."""
    cloud = FakeCloudFormation()
    cloud.fails = ("Domain", "acme-dev is taken")
    with pytest.raises(OpsError, match="acme-dev is taken"):
        run(cloud, folder)
    assert cloud.calls == ["create"]
    assert cloud.given[0]["DeletionProtection"] == "INACTIVE"


def test_a_stage_without_protection_is_created_in_one_go(folder: Path) -> None:
    """For a stage without protection, the command needs only one step, because it need not turn protection on."""
    cloud = FakeCloudFormation()
    run(cloud, folder, DeletionProtection="INACTIVE")
    assert cloud.calls == ["create"]


def test_a_failed_deletion_can_be_tried_again(folder: Path) -> None:
    """The operator can run `ops destroy` again. Other commands stop with an error, because an operator must decide
    about such a stack."""
    cloud = FakeCloudFormation("DELETE_FAILED")
    session = FakeSession(cloudformation=cloud)
    delete(session, stage(folder), reporter()[0])  # type: ignore[arg-type]  # a fake session
    assert cloud.calls == ["delete"]
    with pytest.raises(OpsError, match="stuck in DELETE_FAILED"):
        run(FakeCloudFormation("DELETE_FAILED"), folder)


def test_an_operation_under_way_is_waited_for(folder: Path) -> None:
    """A teammate may be deploying at this moment."""
    cloud = FakeCloudFormation("UPDATE_COMPLETE")
    cloud.pending = ["UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]
    _, printed = run(cloud, folder)
    assert "waiting: UPDATE_IN_PROGRESS" in printed


def test_waiting_has_an_end(folder: Path) -> None:
    """After twenty minutes the command gives up, so that the person can decide."""
    cloud = FakeCloudFormation("UPDATE_IN_PROGRESS")
    with pytest.raises(OpsError, match="still busy after 20 minutes"):
        run(cloud, folder)


@pytest.mark.parametrize("status", [None, "UPDATE_COMPLETE"])
def test_failure_gives_the_reasons_and_not_their_consequences(
    folder: Path, status: str | None
) -> None:
    """After a failure, the command leaves config.json unchanged."""
    cloud = FakeCloudFormation(status)
    cloud.fails = ("Domain", "acme-dev is taken")
    before = config_file(folder).read_text()
    with pytest.raises(OpsError) as caught:
        run(cloud, folder)
    assert "Domain CREATE_FAILED: acme-dev is taken" in str(caught.value)
    assert "cancelled" not in str(caught.value)
    assert config_file(folder).read_text() == before


def test_stuck_stack_is_left_to_a_person(folder: Path) -> None:
    """The command stops with an error that names the stack's state."""
    with pytest.raises(OpsError, match="stuck in UPDATE_ROLLBACK_FAILED"):
        run(FakeCloudFormation("UPDATE_ROLLBACK_FAILED"), folder)


def test_reading_parameters_before_the_first_provision_names_the_mend(folder: Path) -> None:
    """The error replaces AWS's ValidationError."""
    with pytest.raises(OpsError, match="ops provision --stage dev"):
        parameters_of(FakeSession(cloudformation=FakeCloudFormation()), stage(folder))  # type: ignore[arg-type]  # a fake session


@pytest.mark.parametrize(
    ("direct", "names", "expected"),
    [
        ("managed", [], "COGNITO"),
        ("managed", ["COGNITO", "Okta"], "COGNITO,Okta"),
        ("embedded", ["Okta"], "COGNITO,Okta"),
        ("off", ["COGNITO", "Okta", ""], "Okta"),
        ("off", [], ""),
    ],
)
def test_native_people_are_let_in_unless_switched_off(
    direct: str, names: list[str], expected: str
) -> None:
    """With `DIRECT_SIGN_IN=off` the list contains only the providers."""
    assert provider_list(direct, names) == expected


def test_a_new_pool_knows_its_triggers_before_there_are_any(folder: Path) -> None:
    """`ops` predicts the names that Chalice chooses. The provision after `chalice deploy` therefore changes nothing in
    the pool."""
    cloud = FakeCloudFormation()
    run(cloud, folder)
    arn = "arn:aws:lambda:eu-west-1:111122223333:function:gatehouse-dev-"
    second = stack_parameters(
        AppUrl("https://a.example", "/", "/"),
        {name: arn + name for name in ("user_records", "token_claims")},
    )
    differing = {name for name, value in second.items() if cloud.parameters.get(name) != value}
    # The mapping of a queue needs an existing function, so only the second pass can set `LeavingFunctionArn`. The
    # mapping is not a property of the pool.
    assert differing == {"CallbackUrls", "LogoutUrls", "LeavingFunctionArn"}


def test_the_second_passs_parameters_are_not_the_pools() -> None:
    """The pool does not use the parameters that the second pass sets, either directly or in a condition. CloudFormation
    updates a resource only if a property changes."""
    template = TEMPLATE.read_text(encoding="utf-8")
    pool = template.partition("  UserPool:\n")[2].partition("  ApiScopes:\n")[0]
    used = set(re.findall(r"!Ref ([A-Za-z]+)|!If \[([A-Za-z]+)|!If\n +- ([A-Za-z]+)", pool))
    names = {name for groups in used for name in groups if name}
    assert "UserRecordsFunctionArn" in names
    assert "HasSes" in names
    assert not names & {"CallbackUrls", "LogoutUrls", "IdentityProviders", "HasIdentityProviders"}


def test_an_older_stack_keeps_its_triggers_until_the_second_pass(folder: Path) -> None:
    """Until the second pass, the stack has the functions of the previous release. These functions may refuse new
    events."""
    cloud = FakeCloudFormation("UPDATE_COMPLETE", {"UserRecordsFunctionArn": "arn:old"})
    run(cloud, folder)
    assert cloud.parameters["UserRecordsFunctionArn"] == "arn:old"
    assert "InboundFederationFunctionArn" not in cloud.parameters


def test_the_stack_is_tagged_and_so_is_what_it_makes(folder: Path) -> None:
    """The stack and its resources have the stage's own tags and Gatehouse's tags. A tag of the stage cannot replace a
    tag of Gatehouse."""
    cloud = FakeCloudFormation()
    report, _ = reporter()
    mine = {"cost-center": "12", "gatehouse:stage": "another"}
    there = replace(stage(folder), options={"tags": mine})
    session = FakeSession(cloudformation=cloud, cognito_idp=FakeCognito(), sts=FakeSts())
    provision(session, there, {}, report, sleep=lambda _: None)  # type: ignore[arg-type]  # a fake session
    assert {tag["Key"]: tag["Value"] for tag in cloud.tags} == {
        "cost-center": "12",
        "gatehouse:app": "gatehouse",
        "gatehouse:stage": "dev",
    }


def test_termination_protection_follows_the_stage(folder: Path) -> None:
    """For a protected stage, the command turns protection on once. The command turns protection off before a deletion,
    and for a stage that is no longer protected."""
    cloud = FakeCloudFormation()
    run(cloud, folder)
    run(cloud, folder)
    assert cloud.calls.count("protect") == 1
    assert cloud.protected
    run(cloud, folder, DeletionProtection="INACTIVE")
    assert not cloud.protected
    cloud.protected = True
    delete(FakeSession(cloudformation=cloud), stage(folder), reporter()[0])  # type: ignore[arg-type]  # a fake session
    assert cloud.calls[-2:] == ["unprotect", "delete"]


@pytest.mark.parametrize(
    "said",
    [
        "Invalid AttributeDataType input, consider using the provided AttributeDataType enum.",
        "Existing schema attributes cannot be modified or deleted.",
    ],
)
def test_a_pool_whose_schema_is_refused_is_updated_without_it(folder: Path, said: str) -> None:
    """A message explains that the update does not contain the schema. The second step of a creation can also print this
    message. Later updates omit the schema from the start."""
    cloud = FakeCloudFormation()
    cloud.refuses_schema = said
    outputs, printed = run(cloud, folder)
    assert outputs.environment["USER_POOL_ID"] == "eu-west-1_Pool"
    assert "Trying again without the schema" in printed
    assert cloud.calls == ["create", "update", "update", "protect"]
    cloud.calls.clear()
    run(cloud, folder, CallbackUrls="https://a.example/auth/callback")
    assert cloud.calls == ["update"]
    assert cloud.parameters["CallbackUrls"] == "https://a.example/auth/callback"


def test_other_refusals_of_the_pool_are_explained_and_not_gone_round(folder: Path) -> None:
    """If a create-only property cannot be changed, the message recommends a new stage."""
    cloud = FakeCloudFormation("UPDATE_COMPLETE")
    cloud.template = TEMPLATE.read_text(encoding="utf-8")
    cloud.refuses_schema = "Updates are not allowed for property - UsernameAttributes."
    with pytest.raises(OpsError, match="Cognito cannot change this property"):
        run(cloud, folder)
    assert cloud.calls == ["update"]


def test_a_pool_that_cannot_be_rolled_back_is_skipped_by_a_command(folder: Path) -> None:
    with pytest.raises(OpsError, match="--resources-to-skip UserPool"):
        run(FakeCloudFormation("UPDATE_ROLLBACK_FAILED"), folder)
