"""A pytest plugin that switches off one defence before any import. The plugin runs the tests of the defence's ids, and
writes a report in JSON.

The plugin needs `-p tests.soak.switched_off` and two environment variables. `GATEHOUSE_SWITCHED_OFF` is the name of an
entry. An empty name means the control run, which runs every test with every defence on. `GATEHOUSE_SWITCHED_OFF_REPORT`
is the file to write.
"""

import json
import os
from pathlib import Path

import pytest

from tests.security_matrix import ids_of
from tests.soak.catalogue import DEFENCES
from tests.soak.defence import switch_off

_NAME = os.environ["GATEHOUSE_SWITCHED_OFF"]
_REPORT = Path(os.environ["GATEHOUSE_SWITCHED_OFF_REPORT"])
#: This test must always pass, because the app must still work without the defence.
ORDINARY_DAY = "tests/soak/test_ordinary_day.py"

_entry = next((entry for entry in DEFENCES if entry.name == _NAME), None)
_failed: list[str] = []
_passed: list[str] = []
_broken: list[str] = []
_files: dict[str, set[str]] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Switch off the defence as early as pytest allows: before conftest files import the code."""
    if _NAME and _entry is None:
        raise pytest.UsageError(f"the catalogue has no {_NAME}")
    if _entry is not None:
        switch_off(_entry)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Select the tests of the entry's ids, or all tests of the files that the entry names. Also select
    test_ordinary_day.py."""
    for item in items:
        for identifier in ids_of(item):
            _files.setdefault(identifier, set()).add(item.nodeid.partition("::")[0])
    if _entry is None:
        return
    kept, left = [], []
    for item in items:
        wanted = bool(_entry.tests) or bool(ids_of(item) & set(_entry.ids))
        (kept if wanted or item.nodeid.startswith(ORDINARY_DAY) else left).append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = kept


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Record the modules that cannot be imported. Without a record, the missing tests of such a module would look like
    success."""
    if report.failed:
        _broken.append(report.nodeid)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count each test once."""
    if report.failed and report.nodeid not in _failed:
        _failed.append(report.nodeid)
    elif report.passed and report.when == "call":
        _passed.append(report.nodeid)


def pytest_sessionfinish() -> None:
    """Write the report."""
    files = {identifier: sorted(names) for identifier, names in _files.items()}
    seen = {"failed": _failed, "passed": len(_passed), "broken": _broken, "files": files}
    _REPORT.write_text(json.dumps(seen), encoding="utf-8")
