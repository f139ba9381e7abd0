"""Tests that run `python -m tests.live` against the local AWS. The tests find our own mistakes before the first run on
AWS."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cognitos.case import load_cases
from tests.cognitos.run import load_differences
from tests.cognitos.transcript import replay
from tests.e2e.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
POLICY = ROOT / "tests" / "live" / "policy.json"
USER = "gatehouse-live-tester"


@pytest.fixture
def tester(stack: Stack) -> Iterator[dict[str, str]]:
    """The access keys of a user who has exactly the rights of tests/live/policy.json."""
    iam = stack.aws("iam")
    iam.create_user(UserName=USER)
    document = POLICY.read_text(encoding="utf-8")
    iam.put_user_policy(UserName=USER, PolicyName="live", PolicyDocument=document)
    key = iam.create_access_key(UserName=USER)["AccessKey"]
    try:
        yield {
            "AWS_ENDPOINT_URL": str(stack.info["aws_endpoint_url"]),
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
            "REQUESTS_CA_BUNDLE": str(stack.verify),
        }
    finally:
        iam.delete_access_key(UserName=USER, AccessKeyId=key["AccessKeyId"])
        iam.delete_user_policy(UserName=USER, PolicyName="live")
        iam.delete_user(UserName=USER)


def live(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.live", "--stage", "local", *words],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_live_run_passes_cleans_up_and_tells(
    stack: Stack, tester: dict[str, str], tmp_path: Path
) -> None:
    """The tester has only the rights of the policy. Every test passes and deletes its data. The transcript contains no
    secret and can be replayed."""
    project, path = str(Path(str(stack.info["state_dir"])) / "app"), tmp_path / "transcript.json"
    done = live(tester, "--project", project, "--transcript", str(path))
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    assert f"python -m tests.cognitos.transcript {path}" in done.stdout

    cognito = stack.aws("cognito-idp")
    pools = cognito.list_user_pools(MaxResults=60)["UserPools"]
    assert [pool["Id"] for pool in pools] == [stack.info["user_pool_id"]]
    people = cognito.list_users(
        UserPoolId=stack.info["user_pool_id"], Filter='email ^= "gatehouse-live-"'
    )
    assert people["Users"] == []

    text = path.read_text(encoding="utf-8")
    for secret in (
        tester["AWS_SECRET_ACCESS_KEY"],
        tester["AWS_ACCESS_KEY_ID"],
        "eyJ",
        "correct-h",
    ):
        assert secret not in text
    document = json.loads(text)
    assert document["cases"].keys() == load_cases().keys()
    assert {"outcome": "passed"}.items() <= document["stage"]["test_doctor_finds_nothing"].items()
    differing = {each.case for each in replay(document) if not each.is_note}
    assert differing <= set(load_differences("local"))


def test_what_is_missing_is_said_before_anything_runs(stack: Stack, tmp_path: Path) -> None:
    """If the stage or the credentials are missing, the exit code is 2, and no test runs. For each missing thing, the
    output has one line."""
    project = str(Path(str(stack.info["state_dir"])) / "app")
    nobody = {"AWS_ENDPOINT_URL": str(stack.info["aws_endpoint_url"]), "HOME": str(tmp_path)}
    for words, reason in (
        (("--stage", "elsewhere", "--project", project), "elsewhere"),
        (("--project", project), "credentials"),
    ):
        done = live({**nobody, "AWS_EC2_METADATA_DISABLED": "true"}, *words)
        assert (done.returncode, done.stdout) == (2, ""), done.stdout + done.stderr
        assert reason in done.stderr.lower()
