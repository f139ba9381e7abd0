"""A new local AWS with one stage deployed into it, shared by the tests of doctor and rotation."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ops_e2e.place import Place


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A team's typical stage: provisioned, deployed, with Okta, connected."""
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
    """The deployed stage; while it is in use, this process can reach only its AWS."""
    with deployed.environment():
        yield deployed


@pytest.fixture
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """An empty local AWS; a call that fails is not repeated."""
    place = Place.start(tmp_path_factory.mktemp("bare"))
    try:
        with place.environment(tries=1):
            yield place
    finally:
        place.stop()
