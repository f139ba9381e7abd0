"""Tests that docs/security.md matches the tests."""

import re

import pytest

from tests import security_matrix

PAGE = security_matrix.PAGE.read_text(encoding="utf-8")
IDS = set(security_matrix.requirements())


def test_the_matrix_in_the_page_is_todays() -> None:
    """After you give a test in a new file a security mark, run `python -m tests.security_matrix --write`."""
    assert security_matrix.with_matrix(PAGE) == PAGE


def test_every_requirement_has_text_source_and_a_test() -> None:
    """The rule applies to S-01 and all later requirements."""
    assert {f"S-{number:02}" for number in range(1, 83)} <= IDS
    for identifier, entry in security_matrix.requirements().items():
        assert all(entry[name] for name in ("title", "text", "source", "group")), identifier
    assert set(security_matrix.marked_files()) == IDS


def test_a_mark_with_several_ids_counts_for_each(request: pytest.FixtureRequest) -> None:
    """The matrix and the catalogue of defences count such a mark for each of its ids."""
    named = {f"S-{number}" for number in (28, 30)}
    request.node.add_marker(pytest.mark.security(*named))
    assert security_matrix.ids_of(request.node) == named


def test_the_threat_model_names_ids_that_exist() -> None:
    """The page names only existing requirements, and the page's links work."""
    assert {f"S-{n}" for n in re.findall(r"\(#s-(\d\d)\)", PAGE)} <= IDS
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", PAGE):
        assert (security_matrix.PAGE.parent / target).exists(), target


@pytest.mark.parametrize("part", ["Assets", "Trust", "Attackers", "What is left"])
def test_the_threat_model_has_its_parts(part: str) -> None:
    """The parts are assets, trust boundaries, attackers and remaining risks."""
    assert re.search(rf"^## .*{part}", PAGE, re.MULTILINE)
