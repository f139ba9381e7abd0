"""Repeats a failed test once if the test drives a browser or a stack.

Such a test waits for several processes, and a busy machine may stop one of them for seconds. The summary of the run shows
each repeated test with its first failure, because most of these failures are real faults that appear rarely: look for the
fault. All other tests are never repeated. A second failure fails the run.
"""

from typing import Any

import pytest
from _pytest.runner import runtestprotocol

#: The folders of the tests that are repeated.
FOLDERS = ("tests/e2e/", "tests/frontend/", "tests/local_aws/", "tests/ops_e2e/", "tests/wheel/")
#: The maximum number of tests that each process repeats. If more tests fail, something is broken, and the run should
#: end soon.
MOST = 2
_OUTCOME = "repeated"
_count = pytest.StashKey[int]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a test of FOLDERS, and repeat a failed test. pytest does not make the fixtures of a whole run or module again, so
    a stack that did not start is not repeated."""
    if not item.nodeid.startswith(FOLDERS):
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, nextitem=nextitem, log=False)
    count = item.config.stash.get(_count, 0)
    failed = [report for report in reports if report.failed]
    if failed and count < MOST:
        item.config.stash[_count] = count + 1
        for report in failed:
            report.outcome = _OUTCOME  # type: ignore[assignment]
            item.ihook.pytest_runtest_logreport(report=report)
        # A test's fixtures are made for one run only.
        item._initrequest()  # type: ignore[attr-defined]
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_report_teststatus(report: Any) -> tuple[str, str, str] | None:
    """Show a repeated test as `R`."""
    return (_OUTCOME, "R", "REPEATED") if report.outcome == _OUTCOME else None


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Show the first failure of each repeated test."""
    found = terminalreporter.stats.get(_OUTCOME, [])
    if found:
        terminalreporter.section("failed once, then repeated: look for the fault")
    for report in found:
        terminalreporter.write_line(f"{report.nodeid} ({report.when})", yellow=True)
        terminalreporter.write_line(report.longreprtext)
