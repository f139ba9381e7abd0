"""Fixtures that register the tenants. Only the tests in this folder use these fixtures, because the tenants have
domains, so that the page first asks for the email address."""

from collections.abc import Iterator

import pytest

from tests.e2e.stack import Stack
from tests.e2e.tenants.tenancy import Tenancy, two_tenants


@pytest.fixture(scope="package")
def tenancy(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenancy]:
    (project,) = tmp_path_factory.getbasetemp().glob("stack[0-9]/app")
    with two_tenants(stack, project, tmp_path_factory.mktemp("tenants")) as found:
        yield found
