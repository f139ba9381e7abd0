"""Distributes the tests of `make test` among processes (pytest-xdist): `pytest -n 3 tests`.

A share is a set of tests that one process runs: a file, or all files that use one stack. Within a share, the tests have
the same order as in a normal run. Long shares run first, so that short shares can fill the time at the end.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

#: One pattern for each long share, in the order in which the shares run. The pattern matches the node ids of the
#: share's tests. Every other file is a separate share and runs later.
LONG = (
    # This test counts all objects of its process. The test therefore runs before other tests can leave objects in this
    # process.
    r"tests/soak/test_memory\.py",
    # The tests of each line below share one stack. The first line could use the stack of the second line, but then the
    # whole run would take longer. test_what_was_logged.py ignores the logs of the first line's stack.
    r"tests/e2e/test_(live_walk|prefix|security_headers)\.py",
    r"tests/e2e/(?!tenants/)",
    r"tests/ops_e2e/test_(deploy|doctor|lambda_runtime|rotate_keys)\.py",
    r"tests/e2e/tenants/",
    r"tests/frontend/test_layout\.py",
    r"tests/local_aws/",
    # The tests below need no stack, but take long.
    r"tests/ops_e2e/test_deploy_role\.py",
    r"tests/ops_e2e/test_exact_package\.py",
    r"tests/faults/test_faults\.py",
    r"tests/frontend/test_direct\.py",
    r"tests/frontend/test_page\.py",
    r"tests/frontend/test_turns\.py",
    r"tests/frontend/test_discover\.py",
    r"tests/frontend/test_challenges\.py",
    r"tests/ops_e2e/test_package\.py",
    r"tests/component/test_token_forgeries\.py",
    r"tests/soak/test_catalogue\.py",
    r"tests/component/test_header_injections\.py",
    r"tests/frontend/",
)
_PATTERNS = [re.compile(pattern) for pattern in LONG]


def share_of(nodeid: str) -> tuple[int, str]:
    """Return the position and the name of a test's share."""
    for place, pattern in enumerate(_PATTERNS):
        if pattern.match(nodeid):
            return place, pattern.pattern
    return len(LONG), nodeid.split("::")[0]


def in_order(items: list[pytest.Item]) -> list[pytest.Item]:
    """Sort tests by share. Within a share the order does not change."""
    return sorted(items, key=lambda item: share_of(item.nodeid)[0])


class Shares(LoadScopeScheduling):
    """Gives whole shares to the processes, in the order in which pytest collected the tests."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        config.option.loadscopereorder = (
            # With True, xdist would start with the share that has the most tests.
            False
        )
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return share_of(nodeid)[1]
