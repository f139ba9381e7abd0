"""Tests that `ops` adds a team's own rights only to the role of the API function."""

import json
from pathlib import Path
from typing import Any

import pytest

from ops.errors import OpsError
from ops.identity_stack import TEMPLATE, body_of
from ops.template import read_template, write_template
from tests.unit.ops.fakes import dev_block, project, stage

OWN = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "dynamodb:Query",
            "Resource": "arn:aws:dynamodb:*:*:table/x\\",
        }
    ],
}


def write(folder: Path, text: str, name: str = "policy-dev.json") -> Path:
    (folder / ".chalice" / name).write_text(text)
    return folder


def resources(body: str) -> dict[str, Any]:
    found: dict[str, Any] = read_template(body)["Resources"]
    return found


def ours() -> dict[str, Any]:
    return resources(write_template(read_template(TEMPLATE.read_text())))


def test_the_policy_file_becomes_a_policy_of_the_api_function(tmp_path: Path) -> None:
    """`ops` copies the team's policy unchanged, and adds the copy to the role next to our policy. Every other role and
    resource stays the same."""
    folder = write(project(tmp_path, dev=dev_block()), json.dumps(OWN))
    plain = ours()
    made = resources(body_of(stage(folder)))
    theirs, *others = made["ApiRole"]["Properties"].pop("Policies")
    assert theirs == {"PolicyName": "app", "PolicyDocument": OWN}
    assert others == plain["ApiRole"]["Properties"].pop("Policies")
    assert made == plain


def test_without_a_policy_file_the_template_is_gatehouses(tmp_path: Path) -> None:
    assert resources(body_of(stage(project(tmp_path, dev=dev_block())))) == ours()


def test_a_policy_that_is_too_large_is_told_how_large_it_may_be(tmp_path: Path) -> None:
    """Without this check, CloudFormation would report an error that names neither the file nor the remaining space."""
    folder = write(project(tmp_path, dev=dev_block()), json.dumps({"Statement": ["x" * 50_000]}))
    with pytest.raises(
        OpsError,
        match=r"policy-dev\.json .* too large: .* your part 50,\d+.*Your part may have \d+,\d+",
    ):
        body_of(stage(folder))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a policy"),
        ("{}", "is not a policy"),
    ],
)
def test_a_policy_that_cannot_be_used_is_named(tmp_path: Path, text: str, said: str) -> None:
    """The error comes before any call to AWS."""
    folder = write(project(tmp_path, dev=dev_block()), text)
    with pytest.raises(OpsError, match=rf"policy-dev\.json {said}"):
        body_of(stage(folder))
