"""Tests of the names of browsers in the list of sessions."""

import json
from pathlib import Path

import pytest

from chalicelib.gatehouse.session.device_names import _BROWSERS, _SYSTEMS, name_device

CORPUS = json.loads((Path(__file__).parents[1] / "data" / "user_agents.json").read_text())


@pytest.mark.parametrize(("header", "name"), CORPUS["browsers"].items())
def test_a_browser_is_called_as_people_call_it(header: str, name: str) -> None:
    """Nearly every browser's User-Agent also contains "Safari", so the word "Safari" alone must not decide."""
    assert name_device(header) == name


@pytest.mark.security("S-86")
@pytest.mark.parametrize("header", CORPUS["hostile"])
def test_nothing_of_the_header_is_kept(header: str) -> None:
    """For any header, the result has only names from our own lists."""
    known = {name for _, name in (*_BROWSERS, *_SYSTEMS)} | {""}
    assert set(name_device(header).split(", ")) <= known
    assert len(name_device(header * 1000)) < 40
