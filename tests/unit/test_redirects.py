"""Tests of return_to: the valid targets after a sign-in."""

import re
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.gatehouse.edge.redirects import parse_return_to
from tests.data_lines import attack_lines

LINES = attack_lines("open_redirects.txt")


def test_the_corpus_is_large() -> None:
    """If a change of the file's format makes the corpus empty, this test fails."""
    assert len(set(LINES)) >= 200


@pytest.mark.security("S-07")
@pytest.mark.parametrize("value", LINES)
def test_attacks_fall_back_to_the_root(value: str) -> None:
    """The test tries every line of the corpus with the base path /api/."""
    assert parse_return_to(value, "/api/") == "/api/"


@pytest.mark.security("S-07")
@pytest.mark.parametrize(
    "value", [line for line in LINES if not re.match(r"/(?![\\/\s\t])", line) or "evil" in line]
)
def test_attacks_stay_at_home_on_a_custom_domain(value: str) -> None:
    """The base path `/` allows all paths. No path leads a browser to another origin."""
    found = parse_return_to(value, "/")
    assert found.startswith("/")
    assert not re.match(r"/[\s]*[/\\]", found)
    assert (
        urlsplit(urljoin("https://app.example.org/auth/callback", found)).netloc
        == "app.example.org"
    )


@pytest.mark.security("S-07")
@pytest.mark.parametrize("value", ["?x=1", "?", "#x", "#", "?code=a&state=b"])
def test_a_value_without_a_path_does_not_lead_back_to_the_callback(value: str) -> None:
    """A browser would resolve a value without a path against the address /auth/callback."""
    assert parse_return_to(value, "/") == "/"


@pytest.mark.parametrize(
    "value",
    [
        "/api/",
        "/api",
        "/api/reports",
        "/api/reports/2026?year=1&x=%20y#top",
        "/api/?q=//x",
        "/api/#/route/a",
        "/api/a%20b",
        "/api/%C3%A9",
        "/api/a..b/...",
        "/api/x?u=https://elsewhere.example",
        "/api/a@b",
        "/api/a:b",
    ],
)
def test_paths_of_the_app_are_kept_as_they_are(value: str) -> None:
    """Deep links with query and fragment work."""
    assert parse_return_to(value, "/api/") == value


@pytest.mark.parametrize("value", [None, "", "/api/" + "x" * 2044, "/api/?" + "|" * 700])
def test_nothing_and_too_much_fall_back(value: str | None) -> None:
    """In one case the value is missing. In the other case the value has more than 2,048 characters."""
    assert parse_return_to(value, "/api/") == "/api/"


def test_the_longest_value_is_2048() -> None:
    value = "/api/" + "x" * 2043
    assert parse_return_to(value, "/api/") == value


@pytest.mark.parametrize("raw", "|{}^`")
@pytest.mark.parametrize("place", ["/api/a{}b", "/api/?a{}b", "/api/#a{}b", "/api/a?b{}#c{}d"])
def test_what_a_browser_leaves_raw_is_kept_encoded(place: str, raw: str) -> None:
    """The result has an encoded path, query and fragment. Decoding the result gives the original value."""
    value = place.replace("{}", raw)
    found = parse_return_to(value, "/api/")
    assert found == place.replace("{}", f"%{ord(raw):02X}")
    assert unquote(found) == value
    assert parse_return_to(found, "/api/") == found, "the callback checks the value again"


def test_a_backslash_is_a_character_behind_the_path_and_nothing_in_it() -> None:
    """A backslash in the query or the fragment is encoded. Browsers read a backslash in a path as a slash, so the
    function refuses such a path."""
    assert parse_return_to("/api/x?q=a\\b#c\\d", "/api/") == "/api/x?q=a%5Cb#c%5Cd"
    assert parse_return_to("/api/x\\y?q=1", "/api/") == "/api/"


def test_what_falls_back_may_fall_back_to_another_place() -> None:
    """The fallback may be a target that the stage has configured and already checked."""
    assert parse_return_to("//evil.example", "/api/", frozenset(), "/api/start") == "/api/start"
    assert parse_return_to("/api/", "/api/", frozenset(), "/api/start") == "/api/"


_URLISH = st.text(alphabet="/\\.%25c2fFeE0aA9dh:t?#@ \t\n\rapi-é|{}^`", max_size=40)


@pytest.mark.security("S-07")
@given(st.one_of(_URLISH, _URLISH.map(lambda rest: "/api/" + rest), st.text(max_size=30)))
def test_no_text_at_all_leaves_the_app(value: str) -> None:
    """The result is always a path below the base, and resolves to our origin. The result contains no character that
    could start another header."""
    for base in ("/", "/api/"):
        found = parse_return_to(value, base)
        assert found == base or unquote(found) == unquote(value)
        assert found.startswith(base) or found.split("?")[0].split("#")[0] + "/" == base
        assert "\\" not in found
        assert not found.startswith("//")
        assert all(0x20 < ord(char) < 0x7F for char in found)
        joined = urlsplit(urljoin("https://app.example.org/x", found))
        assert joined.netloc == "app.example.org"


@pytest.mark.security("S-07")
@pytest.mark.parametrize("value", LINES)
def test_an_allowed_origin_opens_no_other(value: str) -> None:
    """No line of the corpus leads to an origin that the setting does not allow."""
    found = parse_return_to(value, "/api/", frozenset({"https://notes.example.com"}))
    assert found == "/api/" or found.startswith("https://notes.example.com/")


@pytest.mark.security("S-07")
@given(st.text(alphabet=st.sampled_from("https:/\\notes.example.com@evil?#%2f5c"), max_size=60))
def test_whatever_follows_an_allowed_origin_stays_on_it(rest: str) -> None:
    """A browser resolves the result to the allowed origin or to the app."""
    origin = "https://notes.example.com"
    for value in (origin + rest, origin + "/" + rest):
        found = parse_return_to(value, "/api/", frozenset({origin}))
        landed = urlsplit(urljoin("https://auth.example.com/api/auth/callback", found))
        assert (landed.scheme, landed.netloc) in (
            ("https", "notes.example.com"),
            ("https", "auth.example.com"),
        )
        assert landed.netloc == "notes.example.com" or found == "/api/"
