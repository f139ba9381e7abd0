"""A team's own rights reach the API function's role, and no other."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.errors import OpsError
from ops.identity_stack import TEMPLATE, body_of
from tests.unit.ops.fakes import dev_block, project, stage
from tests.unit.ops.test_identity_template import _Loader

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
    found: dict[str, Any] = yaml.load(body, Loader=_Loader)["Resources"]
    return found


def test_the_policy_file_becomes_a_policy_of_the_api_function(tmp_path: Path) -> None:
    """Word by word, beside ours; every other role and resource stays as it is."""
    folder = write(project(tmp_path, dev=dev_block()), json.dumps(OWN))
    plain = resources(TEMPLATE.read_text())
    made = resources(body_of(stage(folder)))
    theirs, *ours = made["ApiRole"]["Properties"].pop("Policies")
    assert theirs == {"PolicyName": "app", "PolicyDocument": OWN}
    assert ours == plain["ApiRole"]["Properties"].pop("Policies")
    assert made == plain


def test_a_long_policy_takes_the_place_of_comments(tmp_path: Path) -> None:
    """CloudFormation counts them; the resources are the same."""
    large = {**OWN, "Statement": OWN["Statement"] * 60}
    folder = write(project(tmp_path, dev=dev_block()), json.dumps(large))
    body = body_of(stage(folder))
    assert len(body.encode()) < 51_200
    made, plain = resources(body), resources(TEMPLATE.read_text())
    assert made["ApiRole"]["Properties"]["Policies"][0]["PolicyDocument"] == large
    assert made.keys() == plain.keys()
    assert "\n  #" not in body


def test_without_a_policy_file_the_template_is_gatehouses(tmp_path: Path) -> None:
    """Byte for byte."""
    assert body_of(stage(project(tmp_path, dev=dev_block()))) == TEMPLATE.read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a policy"),
        ("{}", "is not a policy"),
        (json.dumps({"Statement": ["x" * 50_000]}), "is too large"),
    ],
)
def test_a_policy_that_cannot_be_used_is_named(tmp_path: Path, text: str, said: str) -> None:
    """Before anything is sent to AWS."""
    folder = write(project(tmp_path, dev=dev_block()), text)
    with pytest.raises(OpsError, match=rf"policy-dev\.json {said}"):
        body_of(stage(folder))
