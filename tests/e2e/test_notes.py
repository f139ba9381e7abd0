"""The example front end on its own origin, in a real Chromium: what an allowed origin can, and others cannot."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.stack import Stack

NOTES = Path(__file__).resolve().parents[2] / "examples" / "notes"
ALICE = "alice@example.com"


class Handler(SimpleHTTPRequestHandler):
    """The example's files, with the running stack's address in the page."""

    api = ""

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/":
            return super().do_GET()
        page = (NOTES / "index.html").read_text("utf-8")
        assert 'content="http://localhost:8000/"' in page
        body = page.replace("http://localhost:8000/", self.api).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return None

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


@pytest.fixture(scope="module")
def notes(stack: Stack) -> Iterator[str]:
    """The example at the origin that the stack allows; gives its URL."""
    origin = str(stack.info["allowed_origin"])
    handler = type("Bound", (Handler,), {"api": stack.url})
    address = ("127.0.0.1", urlsplit(origin).port or 0)
    with ThreadingHTTPServer(address, partial(handler, directory=str(NOTES))) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"{origin}/"
        server.shutdown()
        thread.join()


def sign_in(page: Page, notes: str) -> None:
    page.goto(notes)
    page.get_by_role("button", name="Continue with Okta").click()
    page.get_by_text(ALICE, exact=True).click()
    expect(page.get_by_role("heading", name="Notes of Alice")).to_be_visible()


def test_a_person_signs_in_writes_a_note_and_signs_out(
    page: Page, context: BrowserContext, stack: Stack, notes: str
) -> None:
    """From the other origin and back to it; the protected route answers across origins; a reload keeps the session."""
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
    """Signed in there is signed in here; a sign-out here shows there at the next refresh."""
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
    """Notes are; tokens are not, and the cookie is out of reach."""
    sign_in(page, notes)
    stored = page.evaluate(
        "[JSON.stringify({...localStorage, ...sessionStorage}), document.cookie]"
    )
    assert "eyJ" not in stored[0]
    assert stored[1] == ""


@pytest.mark.security("S-30")
def test_api_gateways_own_refusals_can_be_read(page: Page, stack: Stack, notes: str) -> None:
    """401 without a usable token, made by API Gateway alone, reaches the script with its code."""
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
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_other_sites_and_unlisted_origins_get_nothing(
    browser: Browser, stack: Stack, notes: str, host: str
) -> None:
    """A signed-in person visits another site, or an origin of this site that is not listed: every call fails there."""
    # Not the fixture: there, the errors that CORS writes on the console would fail the test.
    page = browser.new_page(locale="en-GB")
    sign_in(page, notes)
    with ForeignPage(host) as url:
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
    """`remember=1` in the address bar, on an allowed origin, on the same site, on another: a session of this browser run."""
    address = f"{stack.url}auth/login?provider=Okta&remember=1"
    with ForeignPage("127.0.0.1" if where == "127.0.0.1" else "localhost") as url:
        page.goto({"typed": address, "allowed": notes}.get(where, url))
        if where != "typed":
            page.evaluate("address => setTimeout(() => location.assign(address))", address)
        page.get_by_text(ALICE, exact=True).click()
        expect(page.get_by_role("heading", name="Hello, Alice")).to_be_visible()
    [session] = [c for c in context.cookies() if c["name"] == "__Host-gatehouse"]
    assert session["expires"] == -1


class ForeignPage:
    """An empty page on an origin that is on no list."""

    def __init__(self, host: str) -> None:
        self._host = host

    def __enter__(self) -> str:
        class Empty(Handler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", "0")
                self.end_headers()

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Empty)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()
        return f"http://{self._host}:{self._server.server_port}/"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
