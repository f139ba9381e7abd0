"""Fixtures for tests against a real stage, if you have one. `python -m tests.live` sets the variables for the tests
(see README.md in this folder).

Without `GATEHOUSE_LIVE_STAGE`, pytest collects no test of this folder, and therefore reports no skipped tests.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.stages import load_stage

STAGE = os.environ.get("GATEHOUSE_LIVE_STAGE", "")
OKTA = os.environ.get("GATEHOUSE_LIVE_OKTA", "")
#: The checkout from which the stage was deployed. The default is this checkout.
PROJECT = Path(os.environ.get("GATEHOUSE_LIVE_PROJECT") or Path(__file__).resolve().parents[2])

collect_ignore: list[str] = []
if not STAGE:
    collect_ignore += [path.name for path in Path(__file__).parent.glob("test_*.py")]
elif not OKTA:
    collect_ignore += ["test_okta_sign_in.py"]
if STAGE and load_stage(PROJECT, STAGE).direct_sign_in != "embedded":
    collect_ignore += ["test_direct_sign_in.py"]


def pytest_report_header() -> list[str]:
    """Return a line that names the omitted tests and the reason."""
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
        """Record all following requests under this test's name."""
        _record.test = nodeid.rpartition("::")[2]

    def pytest_runtest_logreport(report: pytest.TestReport) -> None:
        """Record the result of a stage's test. The cases record their own results."""
        if "test_cognito_cases" not in report.nodeid and (report.when == "call" or report.failed):
            reason = report.longreprtext.splitlines()[-1:] if report.failed else []
            _record.note(report.nodeid.rpartition("::")[2], outcome=report.outcome, reason=reason)

    def pytest_sessionfinish() -> None:
        """Write the transcript after every run, whether the tests passed or failed."""
        _record.transcript.write(Path(os.environ.get("GATEHOUSE_LIVE_TRANSCRIPT") or DEFAULT))

    @pytest.fixture(scope="session")
    def record() -> StageRecord:
        """Return the record of the run."""
        return _record

    @pytest.fixture(scope="session")
    def live() -> LiveStage:
        """Return the stage in .chalice/config.json, with the caller's own credentials."""
        return LiveStage.load(PROJECT, STAGE, _record.listen)

    @pytest.fixture
    def person(live: LiveStage) -> Iterator[Person]:
        """Yield a native account with a password. Afterwards delete the account and the account's record."""
        with live.person() as made:
            yield made
