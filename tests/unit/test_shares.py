"""Tests of the distribution of tests among processes, and of the tests' ports."""

import re
from pathlib import Path

import pytest

from tests.ports import free_ports
from tests.shares import LONG, share_of

TESTS = Path(__file__).resolve().parents[1]
FILES = [path.relative_to(TESTS.parent).as_posix() for path in sorted(TESTS.rglob("test_*.py"))]


@pytest.mark.parametrize("pattern", LONG)
def test_a_line_names_tests_that_there_are(pattern: str) -> None:
    """If a developer moved a test file without changing the file's line in the list, the tests would start late, or run
    in two processes."""
    assert [name for name in FILES if re.match(pattern, name)]


def test_what_uses_one_stack_is_one_share() -> None:
    """Four shares have a stack: the end-to-end tests, the tenants' tests, the tests of a deployed stage, and the tests
    of the local AWS."""
    shares: dict[str, set[str]] = {}
    for name in FILES:
        folder = "/".join(name.split("/")[:-1])
        shares.setdefault(folder, set()).add(share_of(f"{name}::test_it")[1])
    assert (len(shares["tests/e2e"]), len(shares["tests/e2e/tenants"])) == (2, 1)
    assert not shares["tests/e2e"] & shares["tests/e2e/tenants"]
    assert len(shares["tests/local_aws"]) == 1
    uses = re.compile(r"def test_\w+\([^)]*\b(place: Place|start: Start)\b")
    ours = [name for name in FILES if name.startswith("tests/ops_e2e/")]
    using = [name for name in ours if uses.search((TESTS.parent / name).read_text())]
    assert len(using) >= 4
    assert len({share_of(name)[1] for name in using}) == 1


def test_no_port_is_given_twice() -> None:
    """The system assigns ports of a certain range to other servers. No port of the tests is in this range."""
    first, second = free_ports(3), free_ports(3)
    assert len({*first, *second}) == 6
    assert max(first + second) < 32_768
