"""Fixtures for every test: the clock, and an empty environment and container."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from ops.local.authority import Certificate, prepare
from tests.browser import chromium_path, launch_arguments
from tests.doubles.clock import Clock
from tests.shares import Shares, in_order
from tests.trust import chromium_environment

# Hypothesis has no time limit in these tests, because machines can be slow. Hypothesis tries the same examples in each
# run and leaves no files.
settings.register_profile("gatehouse", deadline=None, derandomize=True, database=None)
settings.load_profile("gatehouse")


if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Install missing programs and packages once, before the test processes start. Otherwise each process would install
    them."""
    from tests.prepared import prepare_once

    prepare_once()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Shares:
    """Run all tests of one stack in one process, as tests/shares.py says."""
    return Shares(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With several processes, start the longest groups of tests first (tests/shares.py). With a single process, keep
    the normal order."""
    if hasattr(config, "workerinput"):
        items[:] = in_order(items)


@pytest.fixture
def clock() -> Clock:
    """Return a clock that only a test can move."""
    return Clock()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Return a certificate for localhost from this run's own authority, which the browsers trust."""
    return prepare(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def browser(
    certificate: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[Browser]":
    """Yield the system's Chromium. Chromium starts once for the whole run, because Playwright can run only once per
    process."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(),
            args=launch_arguments(),
            env=chromium_environment(tmp_path_factory.mktemp("chromium"), certificate.ca_file),
        )
        yield browser
        browser.close()
