"""Tests of `ops doctor` on a deployed stage: no findings on a healthy stage, and a finding for each planted fault."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ops import cli
from ops.doctor.check import Check, diagnose
from ops.doctor.checks import CHECKS
from ops.doctor.deployment import Deployment
from tests.ops_e2e.app_faults import APP_FAULTS
from tests.ops_e2e.identity_faults import IDENTITY_FAULTS, Fault
from tests.ops_e2e.place import PROJECT, Place

BY_ID = {check.id: check for check in CHECKS}
FAULTS = {**IDENTITY_FAULTS, **APP_FAULTS}
SEEDED = [
    pytest.param(check, seed, id=f"{check}: {what}")
    for check, seeds in FAULTS.items()
    for what, seed in seeds
]
#: Other files test these checks, with test doubles. tests/unit/ops/test_doctor.py simulates the faults that the local
#: AWS cannot have. test_doctor_own_parts.py simulates the faults of parts that this project lacks.
ELSEWHERE = {
    *("own-functions", "own-sources", "own-queues", "own-waits"),
    *("clock-skew", "table-backups", "table-expiry", "table-encryption"),
    *("access-log", "custom-domain", "sign-in-domain", "sign-in-style"),
    *("pool-issuer", "threat-protection"),
}


def run(place: Place, check: Check) -> list[str]:
    """Run one check. Return the texts of the findings."""
    return [
        finding.says
        for finding in diagnose(Deployment(place.session, place.stage), [check]).findings
    ]


@pytest.mark.parametrize(("check", "seed"), SEEDED)
def test_seeded_fault_is_found(place: Place, check: str, seed: Fault) -> None:
    """The check that is meant for a planted fault reports this fault."""
    with seed(place):
        said = run(place, BY_ID[check])
    assert said, f"{check} found nothing"
    assert not any("AWS did not answer" in line for line in said), said


def test_every_check_has_a_seeded_fault() -> None:
    """Each check has a fault in this folder, or a fault in a test with a test double. Test doubles simulate features
    that the local AWS lacks."""
    assert set(FAULTS) | ELSEWHERE == set(BY_ID)
    assert not set(FAULTS) & ELSEWHERE


def test_command_prints_json_and_its_exit_code_says_it(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """For programs, the command prints the same findings as JSON. If the command has findings, the exit code is 1."""
    line = ["--project-dir", str(place.project), "doctor", "--stage", "local"]
    with place.setting("environment_variables", AUTO_SIGN_IN="Ghost"):
        assert cli.main([*line, "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert not answer["healthy"]
    assert {"auto-sign-in", "function-settings"} == {each["id"] for each in answer["findings"]}
    assert all(each["says"] and each["mend"] for each in answer["findings"])


def test_healthy_stage_has_no_finding(place: Place) -> None:
    """This test runs last, after the repair of all planted faults.

    Every check runs, except the checks that the local AWS does not support.
    """
    diagnosis = diagnose(Deployment(place.session, place.stage), CHECKS)
    assert diagnosis.findings == []
    assert set(diagnosis.not_checked) == {check.id for check in CHECKS if check.not_locally}
    assert len(diagnosis.checked) >= 50
    # A Python that AWS will soon deprecate causes a note instead of a finding.
    assert {note.id for note in diagnosis.notes} <= {"runtime-age"}


def test_every_check_is_documented() -> None:
    """docs/operations.md lists exactly these ids, each with symptom and remedy."""
    page = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = page.partition("## What doctor finds")[2].partition("\n## ")[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    assert {row[1].strip(" `") for row in rows} == set(BY_ID)
    assert all(len(row[2].strip()) > 10 and len(row[3].strip()) > 10 for row in rows)


def test_checks_have_one_sentence_of_their_own() -> None:
    """Each check has a docstring."""
    for check in CHECKS:
        assert check.find.__doc__, check.id
    assert len(BY_ID) == len(CHECKS)
    assert Path(PROJECT / "ops" / "doctor").is_dir()
