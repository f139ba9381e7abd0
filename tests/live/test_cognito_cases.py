"""Runs the cases of tests/cognitos on AWS itself, in a pool that the run creates and deletes.

A failure means that AWS differs from AWS's documentation, from the test double of Cognito, and from the local AWS. Such
a failure is no fault of the app.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from ops import aws
from tests.cognitos.case import LACKS, load_cases
from tests.cognitos.on_aws import AwsCognito
from tests.cognitos.run import load_differences, verdict
from tests.live.live_cognito import live_cognito
from tests.live.live_stage import LiveStage
from tests.live.record import StageRecord

CASES = load_cases()


def ask(address: str) -> str:
    """Let the tester type the code that was sent to `address`."""
    return input(f"\n  Code in the mail to {address}: ").strip()


@pytest.fixture(scope="module")
def cognito(live: LiveStage) -> Iterator[AwsCognito]:
    """Yield the pool. On the local AWS, the local address replaces the domain."""
    client = aws.client(live.session, "cognito-idp")
    local_url = client.meta.endpoint_url if live.stage.is_local else ""
    mailbox = os.environ.get("GATEHOUSE_LIVE_MAIL", "")
    with live_cognito(
        client, live.stage.region, local_url=local_url, mailbox=mailbox, read_code=ask
    ) as found:
        yield found


@pytest.mark.parametrize("name", list(CASES))
def test_aws_does_what_its_pages_say(
    cognito: AwsCognito, live: LiveStage, record: StageRecord, name: str
) -> None:
    """The test runs each case that needs neither waiting, mails, triggers nor a provider. The record lists the other
    cases as omitted."""
    case = CASES[name]
    if missing := case.needs & cognito.lacks:
        record.transcript.left_out(case, "; ".join(LACKS[each] for each in sorted(missing)))
        return
    seen = record.transcript.run(case, cognito)
    listed = load_differences("local") if live.stage.is_local else {}
    if wrong := verdict(case, seen, listed):
        pytest.fail(wrong, pytrace=False)
