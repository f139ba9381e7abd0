"""Fixtures for every test: the clock, and nobody's environment or services."""

import pytest

from tests.doubles.clock import Clock


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()
