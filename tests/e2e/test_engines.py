"""Tests in Firefox and WebKitGTK, which has Safari's engine: hosted and direct sign-in, a reload, the sign-out. The
other files in this folder test Chromium.

Longer tests (second factor, two tabs, another origin) are in engines_soak.py, which `make soak` runs.
"""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.e2e.stack import Stack, Visitor
from tests.engines.webdriver import Page

ALICE = "alice@example.com"
SESSION = "__Host-gatehouse"


class OtherProject(BaseHTTPRequestHandler):
    """Another project on this machine, served over plain HTTP. The project's responses set a Secure cookie."""

    def do_GET(self) -> None:
        body = b"<!doctype html><title>other</title><p>Another project"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Set-Cookie", "secure-one=1; Secure; Path=/")
        self.send_header("Set-Cookie", "plain-one=1; Path=/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Discard the log line."""


@pytest.fixture
def other_project() -> Iterator[str]:
    """The other project's URL. Its host is localhost, as for the app."""
    with ThreadingHTTPServer(("127.0.0.1", 0), OtherProject) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()
        thread.join()


def signed_in(tab: Page, name: str) -> str:
    """Check that the page greets the person, also after a reload. Return the session's cookie."""
    tab.see_heading(f"Hello, {name}")
    tab.reload()
    tab.see_heading(f"Hello, {name}")
    tab.see("Member since")
    # WebKit hides a Strict cookie if the document was reached from another site. A reload does not change this behaviour.
    tab.open(tab.url)
    tab.see_heading(f"Hello, {name}")
    cookie = tab.cookies()[SESSION]
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Strict")
    return str(cookie["value"])


def sign_out(tab: Page, stack: Stack, cookie: str) -> None:
    """Sign out. Check that the old cookie no longer works."""
    tab.press("Sign out")
    tab.see("You are signed out.")
    assert tab.url.startswith(stack.url)
    assert SESSION not in tab.cookies()
    assert Visitor(stack, cookies={SESSION: cookie}).post("/auth/refresh").status_code == 401


def test_okta_reload_and_sign_out(tab: Page, stack: Stack) -> None:
    """The person goes from the page to Okta and back. For the browser, Okta is another site."""
    tab.press("Continue with Okta")
    tab.see("Okta, local stand-in")
    tab.press("Alice")
    cookie = signed_in(tab, "Alice")
    tab.see("Alice Moreau")
    assert tab.url == stack.url
    sign_out(tab, stack, cookie)


def test_password_reload_and_sign_out(tab: Page, stack: Stack) -> None:
    """The test enters a wrong password first."""
    demo = stack.info["demo_users"][0]
    tab.press("Continue with email")
    tab.fill("Email", demo["email"])
    tab.fill("Password", "not this one")
    tab.submit()
    tab.see("We could not sign you in")
    tab.fill("Password", demo["password"])
    tab.submit()
    cookie = signed_in(tab, "Demo")
    sign_out(tab, stack, cookie)


def test_the_app_spoils_no_other_project_on_localhost(tab: Page, other_project: str) -> None:
    """The local proxy removes HSTS. Otherwise, plain HTTP would fail for a year on other ports of localhost."""
    tab.see("Continue with Okta")
    tab.open(other_project)
    tab.see("Another project")
    assert tab.url == other_project


def test_plain_http_keeps_no_secure_cookie_in_webkit(tab: Page, other_project: str) -> None:
    """The app's cookies are Secure, and Safari's engine drops Secure cookies over plain HTTP. The stack therefore uses
    HTTPS by default, and `up --http` prints a warning."""
    tab.open(other_project)
    tab.see("Another project")
    kept = {"Firefox": {"secure-one", "plain-one"}, "WebKit": {"plain-one"}}
    assert {name for name in tab.cookies() if name.endswith("-one")} == kept[tab.driver.name]
