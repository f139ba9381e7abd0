"""Tests that use every line of tests/data/open_redirects.txt as `return_to` in a complete sign-in."""

from urllib.parse import urlencode

import pytest

from tests.component.world import World
from tests.data_lines import attack_lines
from tests.doubles.browser import Browser


@pytest.mark.security("S-07")
@pytest.mark.parametrize("line", attack_lines("open_redirects.txt"))
def test_after_the_sign_in_nobody_is_led_away(world: World, browser: Browser, line: str) -> None:
    """The person is signed in, and the redirect leads to the root of the app."""
    query = urlencode({"provider": "Okta", "return_to": line}, errors="surrogatepass")
    answer = world.sign_in(browser, query=query)
    assert (answer.status, answer.location) == (303, "/api/")
    assert "__Host-gatehouse" in browser.cookies
