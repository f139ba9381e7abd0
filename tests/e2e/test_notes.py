"""Tests of the example front end on its own origin, in a real Chromium. An allowed origin can use the session; other
origins cannot."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.stack import Stack

ALICE = "alice@example.com"


def sign_in(page: Page, notes: str) -> None:
    page.goto(notes)
    page.get_by_role("button", name="Continue with Okta").click()
    page.get_by_text(ALICE, exact=True).click()
    expect(page.get_by_role("heading", name="Notes of Alice")).to_be_visible()


def test_a_person_signs_in_writes_a_note_and_signs_out(
    page: Page, context: BrowserContext, stack: Stack, notes: str
) -> None:
    """The sign-in starts and ends at the other origin. The front end calls a protected route across origins, and a
    reload keeps the session."""
    sign_in(page, notes)
    assert page.url == notes
    page.get_by_label("New note").fill("Feed the cat")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("listitem")).to_have_text("Feed the cat")

    page.reload()
    expect(page.get_by_role("heading", name="Notes of Alice")).to_be_visible()
    expect(page.get_by_role("listitem")).to_have_text("Feed the cat")

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    assert page.url.startswith(stack.url)
    assert [c for c in context.cookies() if c["name"] == "__Host-gatehouse"] == []
    page.goto(notes)
    expect(page.get_by_role("button", name="Continue with Okta")).to_be_visible()
    expect(page.get_by_role("listitem")).to_have_count(0)


def test_both_origins_share_one_session(context: BrowserContext, stack: Stack, notes: str) -> None:
    """After a sign-in on one origin, the other origin is signed in as well. After a sign-out on our page, the other
    origin's next refresh signs the other origin out."""
    there, here = context.new_page(), context.new_page()
    sign_in(there, notes)
    here.goto(stack.url)
    expect(here.get_by_role("heading", name="Hello, Alice")).to_be_visible()
    here.get_by_role("button", name="Sign out").click()
    expect(here.get_by_text("You are signed out.")).to_be_visible()
    there.reload()
    expect(there.get_by_role("button", name="Continue with Okta")).to_be_visible()


@pytest.mark.security("S-32")
def test_nothing_of_the_session_is_stored_at_the_other_origin(
    page: Page, context: BrowserContext, notes: str
) -> None:
    """The storage contains the notes, but no token. Scripts cannot read the cookie."""
    sign_in(page, notes)
    stored = page.evaluate(
        "[JSON.stringify({...localStorage, ...sessionStorage}), document.cookie]"
    )
    assert "eyJ" not in stored[0]
    assert stored[1] == ""


@pytest.mark.security("S-30")
def test_api_gateways_own_refusals_can_be_read(page: Page, stack: Stack, notes: str) -> None:
    """Without a usable token, API Gateway itself responds with 401 and does not call the app. The script can
    nevertheless read the error code of the response."""
    page.goto(notes)
    answer = page.evaluate(
        """async (url) => {
          const answer = await fetch(url, {headers: {Authorization: 'Bearer nonsense'}});
          return [answer.status, (await answer.json()).error];
        }""",
        f"{stack.url}me",
    )
    assert answer == [401, "unauthorized"]


@pytest.mark.security("S-28")
@pytest.mark.security("S-30")
@pytest.mark.parametrize("place", ["http://127.0.0.1", "http://localhost", "https://localhost"])
def test_other_sites_and_unlisted_origins_get_nothing(
    browser: Browser, stack: Stack, notes: str, place: str
) -> None:
    """A signed-in person visits another site, or an unlisted origin of the app's own site. Every call from the visited
    page fails."""
    # The test makes its own page, because the `page` fixture would report the CORS errors in the console as a failure.
    page = browser.new_page(locale="en-GB")
    sign_in(page, notes)
    with ForeignPage(place, stack) as url:
        page.goto(url)
        results = page.evaluate(
            """async (root) => {
              const attempt = (path, init) =>
                fetch(root + path, init).then((answer) => answer.status, () => 'blocked');
              const own = {'X-Gatehouse': '1', 'Content-Type': 'application/json'};
              return Promise.all([
                attempt('auth/refresh', {method: 'POST', credentials: 'include', headers: own, body: '{}'}),
                attempt('auth/logout', {method: 'POST', credentials: 'include', headers: own, body: '{}'}),
                attempt('auth/refresh', {method: 'POST', credentials: 'include'}),
                attempt('me', {headers: {Authorization: 'Bearer x'}}),
                attempt('auth/config', {}),
              ]);
            }""",
            stack.url,
        )
    assert results == ["blocked"] * 5
    page.goto(notes)
    expect(page.get_by_role("heading", name="Notes of Alice")).to_be_visible()
    page.context.close()


@pytest.mark.security("S-29")
@pytest.mark.parametrize("where", ["typed", "allowed", "localhost", "127.0.0.1"])
def test_only_our_own_page_makes_a_session_outlive_the_browser(
    page: Page, context: BrowserContext, stack: Stack, notes: str, where: str
) -> None:
    """`remember=1` has no effect if the person types the address, or if a page of an allowed origin, of the same site
    or of another site opens the address. The session ends with the browser."""
    address = f"{stack.url}auth/login?provider=Okta&remember=1"
    place = "https://127.0.0.1" if where == "127.0.0.1" else "https://localhost"
    with ForeignPage(place, stack) as url:
        page.goto({"typed": address, "allowed": notes}.get(where, url))
        if where != "typed":
            page.evaluate("address => setTimeout(() => location.assign(address))", address)
        page.get_by_text(ALICE, exact=True).click()
        expect(page.get_by_role("heading", name="Hello, Alice")).to_be_visible()
    [session] = [c for c in context.cookies() if c["name"] == "__Host-gatehouse"]
    assert session["expires"] == -1


class ForeignPage:
    """A server with an empty page on an unlisted origin."""

    def __init__(self, place: str, stack: Stack) -> None:
        self._place = place
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Empty)
        self._server.daemon_threads = True
        if place.startswith("https:"):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(stack.info["certificate_file"])
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    def __enter__(self) -> str:
        self._thread.start()
        return f"{self._place}:{self._server.server_port}/"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Empty(BaseHTTPRequestHandler):
    """A handler that sends an empty response for every path."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Discard the log line."""
