"""Tests of the redirect after a sign-out. The redirect leads only to the requested address, and works only once."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.component.world import World
from tests.doubles.browser import Answer, Browser, Cookie

OTHER = "https://notes.example.com"


def leave(browser: Browser, wish: object, origin: str | None = None) -> Answer:
    """Sign out, and follow Cognito's redirect as a browser does. Return the last response."""
    headers = [] if origin is None else [("Origin", origin), ("Sec-Fetch-Site", "same-site")]
    answer = browser.post("/auth/logout", {"return_to": wish}, headers=headers)
    assert answer.status == 200
    (back,) = parse_qs(urlsplit(answer.json()["logout_url"]).query)["logout_uri"]
    assert back == f"{browser.root}?signed_out=1"
    return browser.get(back, site="cross-site")


@pytest.mark.security("S-38")
@pytest.mark.parametrize("target", [f"{OTHER}/bye|x", "/api/reports"])
def test_a_sign_out_comes_back_to_where_it_was_wanted(
    world: World, signed_in: Browser, target: str
) -> None:
    """Cognito's `logout_uri` is always the same. For this reason, a cookie stores the requested address. The cookie
    works once."""
    world.restart(allowed_origins=frozenset({OTHER}))
    answer = leave(signed_in, target, OTHER)
    assert (answer.status, answer.location) == (303, target.replace("|", "%7C"))
    assert signed_in.cookies == {}
    assert signed_in.get("/?signed_out=1", site="cross-site").status == 200


@pytest.mark.security("S-29")
def test_head_does_not_spend_the_way_on(signed_in: Browser) -> None:
    signed_in.post("/auth/logout", {"return_to": "/api/reports"})
    assert signed_in.send("HEAD", "/?signed_out=1", site="cross-site").status == 200
    assert signed_in.get("/?signed_out=1", site="cross-site").location == "/api/reports"


@pytest.mark.security("S-07")
@pytest.mark.parametrize(
    "wish",
    [None, 7, ["/api/x"], "", "/api/", "https://evil.example/", "//evil.example", "/api/../x"],
)
def test_a_sign_out_leads_nowhere_else(signed_in: Browser, wish: object) -> None:
    answer = leave(signed_in, wish)
    assert (answer.status, signed_in.cookies) == (200, {})


@pytest.mark.security("S-38")
@pytest.mark.security("S-07")
def test_a_way_on_is_sealed_short_lived_and_checked_again(world: World, signed_in: Browser) -> None:
    """If the target is forged, too old, or on an origin that is no longer allowed, the redirect leads to our page."""
    world.restart(allowed_origins=frozenset({OTHER}))
    signed_in.post("/auth/logout", {"return_to": f"{OTHER}/bye"})
    (name, cookie), *rest = signed_in.cookies.items()
    assert (name, rest) == ("__Host-gatehouse-after", [])
    assert OTHER not in cookie.value
    page = "/?signed_out=1"
    for value in ("junk", cookie.value[:-2], f"{OTHER}/bye"):
        other = world.browser()
        other.cookies[name] = Cookie(value, "Lax", None)
        assert other.get(page, site="cross-site").status == 200
    world.restart(allowed_origins=frozenset())
    kept = world.browser()
    kept.cookies[name] = Cookie(cookie.value, "Lax", None)
    assert kept.get(page, site="cross-site").location == "/api/"
    world.restart(allowed_origins=frozenset({OTHER}))
    world.clock.advance(121)
    late = world.browser()
    late.cookies[name] = Cookie(cookie.value, "Lax", None)
    assert late.get(page, site="cross-site").status == 200
