"""Tests of the first sign-in of a linked person. Cognito refuses this first sign-in, so our server starts a second
one."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.component.world import World
from tests.doubles.browser import Browser
from tests.doubles.cognito import Person

FIRST = "Already found an entry for username Okta_00uAda"


def come_back(world: World, browser: Browser, location: str, description: str) -> Any:
    """Come back from Cognito after it has refused a sign-in. `location` is the authorize URL of this sign-in."""
    query = world.cognito.read_authorize_url(location)
    error = {"error": "invalid_request", "error_description": description}
    target = f"/auth/callback?{urlencode({**error, 'state': query['state']})}"
    return browser.get(target, site="cross-site")


@pytest.mark.parametrize("description", [FIRST, FIRST.upper(), FIRST.replace(" ", "+")])
def test_the_first_sign_in_after_linking_is_tried_again(
    world: World, browser: Browser, description: str
) -> None:
    """The second sign-in has a new transaction with the person's choices. Afterwards the person is signed in, and is at
    the requested target."""
    start = browser.get("/auth/login?provider=Okta&return_to=/api/orders&remember=1").location
    again = come_back(world, browser, start, description)
    assert again.status == 303
    first, second = (world.cognito.read_authorize_url(url) for url in (start, again.location))
    assert second["identity_provider"] == "Okta"
    assert not {first[n] for n in ("state", "nonce", "code_challenge")} & set(second.values())
    assert len(browser.cookies) == 1
    done = browser.get(world.cognito.authorize(again.location, Person()), site="cross-site")
    assert done.location == "/api/orders"
    assert browser.cookies["__Host-gatehouse"].expires_at is not None


def test_it_is_tried_again_once(
    world: World, browser: Browser, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """If Cognito refuses the second sign-in as well, the browser shows the page. The server starts no third sign-in."""
    start = browser.get("/auth/login?provider=Okta").location
    again = come_back(world, browser, start, FIRST).location
    ended = come_back(world, browser, again, FIRST)
    assert ended.location == "/api/?error=login_failed"
    assert browser.cookies == {}
    events = [line["event"] for line in log_lines()]
    assert (events.count("sign_in_retried"), events.count("sign_in_failed")) == (1, 1)


@pytest.mark.security("S-13")
@pytest.mark.parametrize("description", ["", "Already found", "user already exists", "x" * 3000])
def test_other_errors_are_not_tried_again(world: World, browser: Browser, description: str) -> None:
    start = browser.get("/auth/login?provider=Okta").location
    ended = come_back(world, browser, start, description)
    assert ended.location == "/api/?error=login_failed"


@pytest.mark.security("S-10")
def test_another_browser_cannot_start_a_second_try(world: World, browser: Browser) -> None:
    """A browser without the transaction's cookie cannot start the second sign-in."""
    start = browser.get("/auth/login?provider=Okta").location
    other = come_back(world, world.browser(), start, FIRST)
    assert other.location == "/api/?error=login_unknown"
