"""Tests of a table of settings: the table declares each setting once, reads all settings together, and returns an
immutable result."""

import pytest

from chalicelib.gatehouse import setting_values as parse
from chalicelib.gatehouse.setting import STACK, Setting, SettingTable


class Looks(SettingTable):
    colour = Setting("COLOUR", parse.colour, "the colour")


class Example(SettingTable, parts={"looks": Looks}):
    looks: Looks
    mode = Setting("MODE", parse.one_of("a", "b"), "how", default="a")
    size = Setting("SIZE", parse.number(1, 9), "how much", default="3")
    table = Setting("TABLE", parse.text, "where", needed=("MODE", ("b",)), source=STACK)
    twice = Setting(
        "TWICE", parse.text, "the same again", default=lambda said: said.get("TABLE", "") * 2
    )


def test_what_is_set_is_read_and_the_rest_has_its_default() -> None:
    """A default may depend on other variables."""
    found, problems = Example.read({"MODE": "b", "TABLE": "t", "COLOUR": "#ABCDEF"})
    assert problems == []
    assert (found.mode, found.size, found.table, found.twice) == ("b", 3, "t", "tt")
    assert found.looks.colour == "#abcdef"


def test_problems_come_together_and_from_every_part() -> None:
    """The default replaces an invalid value, so that the code can still read and check the other settings."""
    found, problems = Example.read({"MODE": "b", "SIZE": "many", "COLOUR": "red"})
    assert problems == [
        "SIZE must be a number from 1 to 9",
        "TABLE is missing",
        "COLOUR must be a colour such as #0b6b62",
    ]
    assert (found.size, found.looks.colour) == (3, "")


def test_a_setting_is_needed_only_where_another_one_says_so() -> None:
    """A setting may be missing until the setting's source has written a value."""
    assert Example.read({})[1] == []
    assert Example.read({"MODE": "b"}, without=(STACK,))[1] == []


def test_the_class_tells_its_declarations_and_an_instance_its_values() -> None:
    assert [setting.variable for setting in Example.every_setting()] == [
        "MODE",
        "SIZE",
        "TABLE",
        "TWICE",
        "COLOUR",
    ]
    assert Example.size.shown == "3"
    assert Example(size=5).size == 5


def test_values_are_frozen_and_compared() -> None:
    """Caches use settings as keys. Settings must therefore be hashable and comparable."""
    one = Example(size=5)
    assert one == Example(size=5)
    assert hash(one) == hash(Example(size=5))
    assert one not in (Example(), Example(size=5, looks=Looks(colour="#000000")), 5)
    assert one._replace(size=6) == Example(size=6)
    with pytest.raises(AttributeError, match="frozen"):
        one.size = 6  # type: ignore[misc]
    with pytest.raises(TypeError, match="Example has no sise"):
        Example(sise=5)
