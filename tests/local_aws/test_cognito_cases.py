"""Runs the cases of tests/cognitos on the local AWS. Each result must be the same as on AWS. Otherwise,
differences.json must list the difference with the reason."""

from __future__ import annotations

import pytest

from tests.cognitos.case import load_cases
from tests.cognitos.on_local import LACKS, LocalCognitos
from tests.cognitos.run import load_differences, observe, verdict
from tests.local_aws.cloud import Cloud

CASES = load_cases()
LISTED = load_differences("local")
RUN = [case for case in CASES.values() if not case.needs & LACKS]


@pytest.fixture(scope="session")
def cognitos(cloud: Cloud) -> LocalCognitos:
    """Return the pools that the cases share."""
    return LocalCognitos(cloud)


@pytest.mark.parametrize("name", [case.name for case in RUN])
def test_the_local_aws_does_what_aws_does(cognitos: LocalCognitos, name: str) -> None:
    """Each case uses a pool with a stage's settings."""
    case = CASES[name]
    if wrong := verdict(case, observe(case, cognitos.for_case(case)), LISTED):
        pytest.fail(wrong, pytrace=False)


def test_only_cases_that_run_here_are_listed() -> None:
    """Each listed difference belongs to a case that runs. If a case does not run, no test can check its difference."""
    assert set(LISTED) <= {case.name for case in RUN}
