"""Tests of the page through API Gateway: the browser's cache, and the browser's console."""

import re

import pytest
from playwright.sync_api import Page, expect

from chalicelib.gatehouse.edge.security_headers import SECURITY_HEADERS
from tests.e2e.stack import Stack, Visitor


@pytest.mark.security("S-53")
def test_page_and_assets_are_answered_with_304_to_who_has_them(stack: Stack) -> None:
    """The 304 response has all headers of the full response, but no body."""
    visitor = Visitor(stack, past_proxy=True)
    page = visitor.get("/")
    script = re.search(r'src="(/assets/[^"]+/app\.js)"', page.text)
    assert script
    for path, caching in (
        ("/", "private, no-cache"),
        (script[1], "public, max-age=31536000, immutable"),
    ):
        whole = visitor.get(path)
        again = visitor.request("GET", path, headers={"If-None-Match": whole.headers["ETag"]})
        assert (whole.status_code, again.status_code, again.content) == (200, 304, b"")
        assert again.headers["ETag"] == whole.headers["ETag"]
        assert again.headers["Cache-Control"] == caching
        for name, value in SECURITY_HEADERS.items():
            assert name == "Cache-Control" or again.headers[name] == value


@pytest.mark.security("S-53")
@pytest.mark.parametrize(
    "path", ["/", "/auth/config", "/auth/login?provider=Okta", "/auth/callback", "/me", "/nowhere"]
)
def test_hsts_leaves_api_gateway_and_stays_behind_the_local_proxy(stack: Stack, path: str) -> None:
    """API Gateway sends HSTS as on AWS. The local proxy removes HSTS, because HSTS would break every other
    http://localhost page of this machine in the browser."""
    name = "Strict-Transport-Security"
    there = Visitor(stack, past_proxy=True).get(path)
    here = Visitor(stack).get(path)
    assert there.status_code == here.status_code
    assert there.headers[name] == SECURITY_HEADERS[name]
    assert name not in here.headers


def test_a_visit_leaves_the_console_clean_and_reloads_cheaply(page: Page, stack: Stack) -> None:
    """A visit without a session causes no error in the console. A reload requests the page and no other file, and gets
    a 304 response."""
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.goto(stack.url)
    expect(page.get_by_role("link", name="Continue with Okta")).to_be_visible()
    statuses: dict[str, int] = {}
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    client.on(
        "Network.responseReceivedExtraInfo",
        lambda event: (
            statuses.update({event["headersText"].partition("\r")[0]: event["statusCode"]})
            if "headersText" in event
            else statuses.update({event["requestId"]: event["statusCode"]})
        ),
    )
    page.reload()
    expect(page.get_by_role("link", name="Continue with Okta")).to_be_visible()
    assert 304 in statuses.values()
    assert said == []
