"""Fixtures: a new local AWS with one deployed stage, which the tests of doctor and rotation share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ops_e2e.place import Place


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Yield a team's typical stage: provisioned, deployed, with Okta, connected."""
    place = Place.start(tmp_path_factory.mktemp("deployed"))
    try:
        with place.environment():
            place.address()
            place.deploy()
            place.add_okta()
        place.serve()
        yield place
    finally:
        place.stop()


@pytest.fixture
def place(deployed: Place) -> Iterator[Place]:
    """Yield the deployed stage. During the test, this process can reach only the local AWS of the stage."""
    with deployed.environment():
        yield deployed


@pytest.fixture
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Yield an empty local AWS. The clients do not repeat a failed call."""
    place = Place.start(tmp_path_factory.mktemp("bare"))
    try:
        with place.environment(tries=1):
            yield place
    finally:
        place.stop()
