"""Tests against a real stage, if you have one: `python -m tests.live` sets the variables (see README.md in this
folder).

Without GATEHOUSE_LIVE_STAGE nothing here is collected: these tests are left out, not skipped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.stages import load_stage

STAGE = os.environ.get("GATEHOUSE_LIVE_STAGE", "")
OKTA = os.environ.get("GATEHOUSE_LIVE_OKTA", "")
#: The checkout from which the stage was deployed, if this is not the one.
PROJECT = Path(os.environ.get("GATEHOUSE_LIVE_PROJECT") or Path(__file__).resolve().parents[2])

collect_ignore: list[str] = []
if not STAGE:
    collect_ignore += [path.name for path in Path(__file__).parent.glob("test_*.py")]
elif not OKTA:
    collect_ignore += ["test_okta_sign_in.py"]
if STAGE and load_stage(PROJECT, STAGE).direct_sign_in != "embedded":
    collect_ignore += ["test_direct_sign_in.py"]


def pytest_report_header() -> list[str]:
    """Say what is left out, and why."""
    if not STAGE:
        return []
    return [
        f"live: stage {STAGE} of {PROJECT}",
        *([] if OKTA else ["live: no sign-in through Okta (GATEHOUSE_LIVE_OKTA is not set)"]),
        *(
            ["live: no sign-in by our own form (DIRECT_SIGN_IN of the stage is not embedded)"]
            if "test_direct_sign_in.py" in collect_ignore
            else []
        ),
    ]


if STAGE:
    from tests.live.live_stage import LiveStage, Person
    from tests.live.record import DEFAULT, StageRecord, start

    _stage = load_stage(PROJECT, STAGE)
    _record = StageRecord(start(_stage.region, STAGE, _stage.direct_sign_in))

    def pytest_runtest_logstart(nodeid: str) -> None:
        """Record everything under this test's name from now on."""
        _record.test = nodeid.rpartition("::")[2]

    def pytest_runtest_logreport(report: pytest.TestReport) -> None:
        """Record the result of a stage's test; cases record theirs themselves."""
        if "test_cognito_cases" not in report.nodeid and (report.when == "call" or report.failed):
            reason = report.longreprtext.splitlines()[-1:] if report.failed else []
            _record.note(report.nodeid.rpartition("::")[2], outcome=report.outcome, reason=reason)

    def pytest_sessionfinish() -> None:
        """Write the transcript, whatever the result."""
        _record.transcript.write(Path(os.environ.get("GATEHOUSE_LIVE_TRANSCRIPT") or DEFAULT))

    @pytest.fixture(scope="session")
    def record() -> StageRecord:
        """The record of the run."""
        return _record

    @pytest.fixture(scope="session")
    def live() -> LiveStage:
        """The stage, found through .chalice/config.json and the caller's own credentials."""
        return LiveStage.load(PROJECT, STAGE, _record.listen)

    @pytest.fixture
    def person(live: LiveStage) -> Iterator[Person]:
        """A native account with a password, deleted afterwards with its record."""
        with live.person() as made:
            yield made
