"""Tests that the module changes single values of a JSON file and keeps every other character."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.json_text import drop, put

WRITTEN = """{
    "version": "2.0",  "odd"  : [1,2,
      3],
    "stages": {
        "dev": {"tags": ["a", "b"]},
        "prod": {
            "x": {}
        }
    }
}
"""

PATHS = st.lists(st.sampled_from(["a", "b", "ü"]), min_size=1, max_size=3)
VALUES = st.recursive(
    st.integers() | st.text(max_size=3) | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["a", "b", "ü"]), inner, max_size=3)
    ),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(st.sampled_from(["a", "b", "ü"]), VALUES, max_size=3)
INDENTS = st.sampled_from([None, 1, 2, 4, "\t"])


def test_a_new_value_gets_a_line_of_its_own() -> None:
    """The new line has the indentation of the neighbouring lines, in the file's own style."""
    changed = put(WRITTEN, ("stages", "prod", "region"), "eu")
    assert changed == WRITTEN.replace('"x": {}', '"x": {},\n            "region": "eu"')


def test_an_object_on_one_line_stays_on_one_line() -> None:
    """An empty object grows to several lines."""
    changed = put(WRITTEN, ("stages", "dev", "region"), "eu")
    assert changed == WRITTEN.replace('["a", "b"]}', '["a", "b"], "region": "eu"}')
    changed = put(WRITTEN, ("stages", "prod", "x", "y", "z"), 1)
    assert (
        '"x": {\n                "y": {\n                    "z": 1\n                }\n            }'
        in changed
    )


def test_a_value_is_replaced_where_it_stands() -> None:
    """If the new value equals the old value, the text stays, even if the new value has another spelling."""
    assert put(WRITTEN, ("version",), "3") == WRITTEN.replace("2.0", "3")
    assert put(WRITTEN, ("odd",), [1, 2, 3]) == WRITTEN


def test_a_value_is_taken_away_with_its_comma() -> None:
    """The value may be the first, the last, or the only value."""
    assert drop(WRITTEN, ("stages", "prod", "x")).count("{}") == 1
    assert '"dev"' not in drop(WRITTEN, ("stages", "dev"))
    assert json.loads(drop(WRITTEN, ("stages",))) == {"version": "2.0", "odd": [1, 2, 3]}
    assert drop(WRITTEN, ("none", "of", "it")) == WRITTEN


@given(DOCUMENTS, PATHS, VALUES, INDENTS)
def test_what_is_put_is_there_and_nothing_else_changes(
    document: dict[str, Any], path: list[str], value: Any, indent: Any
) -> None:
    """The test uses random documents, layouts and places."""
    text = json.dumps(document, indent=indent)
    here = document
    for name in path[:-1]:
        here = here.setdefault(name, {})
        if not isinstance(here, dict):
            with pytest.raises(ValueError, match="an object is required"):
                put(text, path, value)
            return
    here[path[-1]] = value
    changed = put(text, path, value)
    assert json.loads(changed) == document
    assert put(changed, path, value) == changed


@given(DOCUMENTS, PATHS, INDENTS)
def test_what_is_dropped_is_gone_and_nothing_else(
    document: dict[str, Any], path: list[str], indent: Any
) -> None:
    """The test uses random documents and layouts."""
    text = json.dumps(document, indent=indent)
    here: Any = document
    for name in path[:-1]:
        here = here.get(name) if isinstance(here, dict) else None
    if isinstance(here, dict):
        here.pop(path[-1], None)
    assert json.loads(drop(text, path)) == document


@pytest.mark.parametrize("text", ["", "[]", "{", "null"])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    """The module raises an error, and the text stays unchanged."""
    with pytest.raises(ValueError, match=r".+"):
        put(text, ("a",), 1)
