"""Tests of the variables of a stage: the kinds of variables, the size of the variables, and the initial values of a new
stage."""

import json
from pathlib import Path

import pytest

from chalicelib.gatehouse.setting import STACK
from ops import pool_addresses
from ops.errors import OpsError
from ops.identity_stack import OUTPUT_VARIABLES
from ops.stage_block import starting_block
from ops.stage_variables import TABLE
from ops.stages import load_stage
from tests.unit.ops.fakes import dev_block, project


def test_the_outputs_of_the_stack_are_the_settings_that_provision_writes() -> None:
    """A setting that no code writes, or an output that no code reads, is a mistake in one of the tables."""
    written = {setting.variable for setting in TABLE if setting.source == STACK}
    assert written == {*OUTPUT_VARIABLES.values(), *pool_addresses.VARIABLES}


def test_each_setting_says_what_it_is_for() -> None:
    """No two settings have the same variable."""
    assert all(setting.says for setting in TABLE)
    assert len({setting.variable for setting in TABLE}) == len(TABLE)


def load(tmp_path: Path, variables: dict[str, str], **changes: object) -> None:
    block = dev_block(environment_variables={"STAGE": "dev", **variables}, **changes)
    load_stage(project(tmp_path, dev=block), "dev")


def of_bytes(size: int) -> dict[str, str]:
    """Return a stage's variables with this total size by Lambda's rules. The variables include outputs of the stack."""
    outputs = {setting.variable: "o" for setting in TABLE if setting.source == STACK}
    outputs["COGNITO_URL"] = "https://a.example"
    outputs["ISSUER"] = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Pool"
    outputs["JWKS_URL"] = "https://a.example/keys"
    outputs["USER_POOL_ID"] = "eu-west-1_Pool"
    outputs["USER_POOL_ARN"] = "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_Pool"
    variables = {"STAGE": "dev", **outputs, "ORDERS": ""}
    spare = size - len(json.dumps(variables, separators=(",", ":")))
    return {**variables, "ORDERS": "x" * spare}


def test_variables_that_lambda_would_refuse_are_refused_first(tmp_path: Path) -> None:
    """4,096 bytes of JSON are allowed. If the variables have one more byte, the error names the largest variable."""
    load(tmp_path, of_bytes(4096))
    (tmp_path / "more").mkdir()
    with pytest.raises(OpsError) as caught:
        load(tmp_path / "more", of_bytes(4097))
    said = str(caught.value)
    assert "variables of every function take 4097 bytes, but Lambda allows only 4096" in said
    assert "shorten the largest, ORDERS (" in said


def test_bytes_count_and_not_letters(tmp_path: Path) -> None:
    """An umlaut counts as two bytes."""
    variables = of_bytes(4096)
    variables["ORDERS"] = variables["ORDERS"][:-1] + "ü"
    with pytest.raises(OpsError, match="take 4097 bytes"):
        load(tmp_path, variables)


def test_outputs_that_are_still_to_come_have_their_place(tmp_path: Path) -> None:
    """The check reserves space for the outputs of a new stack. Without this space, the variables could exceed the limit
    after the creation of the stack."""
    with pytest.raises(OpsError, match="but Lambda allows only 4096"):
        load(tmp_path, {"ORDERS": "x" * 3000})


def test_variables_of_one_function_count_for_that_one(tmp_path: Path) -> None:
    """Chalice adds a function's variables to the stage's variables."""
    functions = {"report": {"environment_variables": {"REPORT": "x" * 2000}}}
    with pytest.raises(OpsError, match=r"variables of report take \d+ bytes") as caught:
        load(tmp_path, of_bytes(3000), lambda_functions=functions)
    assert "every function" not in str(caught.value)


def test_variables_of_one_function_are_looked_at_as_well(tmp_path: Path) -> None:
    functions = {"user_records": {"environment_variables": {"APP_TITEL": "Acme", "DEBUG": 1}}}
    with pytest.raises(OpsError) as caught:
        load(tmp_path, {}, lambda_functions=functions)
    assert "did you mean APP_TITLE? (in user_records)" in str(caught.value)
    assert "DEBUG must be text in quotes, not 1 (in user_records)" in str(caught.value)


@pytest.mark.parametrize("name", ["1ST", "A.B", "A", "TABLE NAME"])
def test_a_name_that_lambda_refuses_is_refused_first(tmp_path: Path, name: str) -> None:
    with pytest.raises(OpsError, match="must be letters, digits and underscores"):
        load(tmp_path, {name: "x"})


def test_a_new_stage_lacks_only_what_a_team_must_choose(tmp_path: Path) -> None:
    """`init` writes the new stage. `init` cannot guess the domain prefix."""
    block = starting_block("dev")
    assert block["environment_variables"] == {
        "STAGE": "dev",
        "DIRECT_SIGN_IN": "managed",
        "AUTO_SIGN_IN": "",
    }
    block["gatehouse"]["region"] = "eu-west-1"
    with pytest.raises(OpsError) as caught:
        load_stage(project(tmp_path, dev=block), "dev")
    assert str(caught.value).count("\n") == 1
    assert "domain_prefix is missing" in str(caught.value)
