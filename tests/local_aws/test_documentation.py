"""Tests that docs/local-aws.md mentions every fix, test and difference."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ops.local.mends.emulator import VERSION
from tests import mends
from tests.cognitos.case import load_cases
from tests.cognitos.on_local import LACKS

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
PAGE = (PROJECT / "docs" / "local-aws.md").read_text(encoding="utf-8")
NOT_MENDS = set(mends.FRAME)


def test_every_mend_is_listed() -> None:
    """The page lists each fix by the name of its module."""
    modules = {path.stem for path in (PROJECT / "ops" / "local" / "mends").glob("*.py")}
    assert [name for name in sorted(modules - NOT_MENDS) if f"`{name}`" not in PAGE] == []


def test_every_named_test_exists() -> None:
    """Each behaviour on the page has a test."""
    tests = "\n".join(path.read_text(encoding="utf-8") for path in HERE.glob("test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert [name for name in sorted(named) if f"def {name}(" not in tests] == []


def test_what_stands_beside_a_mend_runs_here() -> None:
    """Each name in a fix's row is the name of a test in this folder, or of a case of tests/cognitos that runs on the
    local AWS."""
    files = "\n".join(path.read_text(encoding="utf-8") for path in HERE.glob("test_*.py"))
    cases = {case.name for case in load_cases().values() if not case.needs & LACKS}
    named = {name for mend in mends.mends() for name in mends.tests_of()[mend]}
    assert [name for name in sorted(named - cases) if f"def {name}(" not in files] == []


def test_every_mend_cites_aws() -> None:
    """Each module's docstring names a page of AWS's documentation."""
    for path in (PROJECT / "ops" / "local" / "mends").glob("*.py"):
        if path.stem not in NOT_MENDS:
            assert "https://docs.aws.amazon.com/" in path.read_text(encoding="utf-8"), path.stem


def test_what_is_unproved_has_its_evidence() -> None:
    """Each row says confirmed, refuted or unknown. The row has a link, or says that no evidence exists."""
    unproved = PAGE[PAGE.index("## Unproved") :]
    rows = [
        line.strip("| ").split(" | ") for line in unproved.splitlines() if line.startswith("| ")
    ]
    rows = [row for row in rows if row[0] != "assumption of the code"]
    assert len(rows) > 30
    for presumed, verdict, evidence, *_ in rows:
        assert verdict in ("confirmed", "refuted", "unknown"), presumed
        silent = verdict == "unknown" and re.search("not documented|not tested|no page", evidence)
        assert "](http" in presumed + evidence or silent, presumed


def test_every_mend_was_seen_with_the_version_that_runs() -> None:
    """A new MiniStack may no longer need a fix. After an update, run `python -m tests.mends --write`."""
    assert {name: seen for name, seen in mends.seen_with().items() if seen != VERSION} == {}
    assert f"ministack=={VERSION}" in (PROJECT / "ops/local/requirements.in").read_text()
    assert f") {VERSION}, an AWS emulator" in PAGE


def test_every_mend_that_is_applied_has_tests_to_look_again_with() -> None:
    """The page names these tests beside the fix."""
    assert [name for name in mends.mends() if not mends.tests_of()[name]] == []


@pytest.mark.parametrize(
    ("failing", "code", "said"),
    [
        (
            {"login_page", "user_lookup"},
            0,
            "login_page               needed\nuser_lookup              needed",
        ),
        ({"login_page"}, 1, "user_lookup              no longer needed"),
        ({"login_page", "user_lookup", ""}, 1, "The tests fail even with every fix"),
    ],
)
def test_a_mend_that_is_no_longer_needed_is_named(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    failing: set[str],
    code: int,
    said: str,
) -> None:
    """A fix is needed if the tests fail without the fix and pass with the fix."""
    monkeypatch.setattr(mends, "is_needed", lambda name, tests: name in failing)
    assert mends.main(["login_page", "user_lookup"]) == code
    assert said in capsys.readouterr().out
