"""Tests that the catalogue of `make soak` matches the code, and that switching off works. The tests run two of the
entries."""

import json
from pathlib import Path

import pytest

from tests.soak import defences
from tests.soak.catalogue import DEFENCES, NOT_SWITCHED
from tests.soak.defence import Defence, Stale, check, defence, reading, value

REQUIREMENTS = Path(__file__).resolve().parents[1] / "data" / "security_requirements.json"


def by_name(name: str) -> Defence:
    return next(entry for entry in DEFENCES if entry.name == name)


@pytest.mark.parametrize("entry", DEFENCES, ids=lambda entry: entry.name)
def test_every_entry_fits_the_code(entry: Defence) -> None:
    """If a developer renames the code of a defence, this test fails at once, and not only in `make soak`."""
    check(entry)
    assert entry.without
    assert entry.switches
    for name in entry.tests:
        assert (defences.ROOT / name).is_file()


def test_every_requirement_has_an_entry_or_a_reason() -> None:
    """Names are unique, ids exist, and each requirement without an entry has a reason."""
    ids = set(json.loads(REQUIREMENTS.read_text(encoding="utf-8")))
    switched = {identifier for entry in DEFENCES for identifier in entry.ids}
    assert switched | set(NOT_SWITCHED) == ids
    assert not switched & set(NOT_SWITCHED)
    assert len({entry.name for entry in DEFENCES}) == len(DEFENCES) >= 30


def test_an_entry_that_no_longer_fits_is_named() -> None:
    """If an entry's target or an entry's text no longer exists in the code, the error names the entry."""
    gone = defence(
        "gone", "S-01", "…", ("chalicelib.gatehouse.guard.csrf:no_such_check", value(None))
    )
    with pytest.raises(Stale, match=r"gone: chalicelib\.gatehouse\.guard\.csrf:no_such_check"):
        check(gone)
    changed = defence(
        "changed", "S-01", "…", ("chalicelib.gatehouse.log:log_event", reading(("nope", "")))
    )
    with pytest.raises(Stale, match=r"changed: .*`nope` occurs 0 times"):
        check(changed)


def test_a_defence_that_is_off_fails_its_tests() -> None:
    """The tests run in a separate process and fail. Ordinary use (test_ordinary_day.py) still works in that process."""
    outcome = defences.run(by_name("one-seal-one-purpose"))
    assert outcome.problem == ""
    assert any("test_a_purpose_opens_only_its_own" in name for name in outcome.failed)


def test_a_defence_that_nobody_misses_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """test_ordinary_day.py alone does not notice a missing header, so the command reports the entry."""
    monkeypatch.setattr(defences, "_files", lambda entry: ())
    outcome = defences.run(by_name("hsts"))
    assert (outcome.failed, outcome.passed) == ((), 1)
    assert outcome.problem.startswith("NOT NOTICED")
