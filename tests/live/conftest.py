"""Tests against a real stage, for whoever has one: GATEHOUSE_LIVE_STAGE names it (docs/operations.md).

Without the variable nothing here is collected: these tests are left out, not skipped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.stages import load_stage

STAGE = os.environ.get("GATEHOUSE_LIVE_STAGE", "")
OKTA = os.environ.get("GATEHOUSE_LIVE_OKTA", "")
#: The checkout that the stage was deployed from, if it is another one than this.
PROJECT = Path(os.environ.get("GATEHOUSE_LIVE_PROJECT") or Path(__file__).resolve().parents[2])

collect_ignore: list[str] = []
if not STAGE:
    collect_ignore += ["test_stage.py", "test_direct_sign_in.py", "test_okta_sign_in.py"]
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

    @pytest.fixture(scope="session")
    def live() -> LiveStage:
        """The stage, found through .chalice/config.json and the caller's own credentials."""
        return LiveStage.load(PROJECT, STAGE)

    @pytest.fixture
    def person(live: LiveStage) -> Iterator[Person]:
        """A native account with a password, deleted afterwards with its record."""
        with live.person() as made:
            yield made
