"""Tests that a deactivation at Okta signs the person out. The signal passes through API Gateway, the queue and the
queue's function, each with its own role."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.e2e.mails import expect_soon
from tests.e2e.stack import Stack, Visitor

PROJECT = Path(__file__).resolve().parents[2]
BRUNO = "bruno@example.com"


def leaving(stack: Stack, *options: str) -> dict[str, Any]:
    """Run `ops provider leaving Okta`. Return the values that the command prints for Okta's console."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "ops", "provider", "leaving", "Okta", *options, "--json"),
            *("--stage", "local", "--state-dir", str(stack.info["state_dir"])),
        ],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def hook(stack: Stack) -> dict[str, Any]:
    """The values for the event hook in Okta's console. `ops up` has set up the event hook."""
    told: dict[str, Any] = leaving(stack, "--event-hook")["event_hook"]
    return told


def tell(stack: Stack, hook: dict[str, Any], kind: str, secret: str = "") -> requests.Response:
    """Post an event about Bruno, as Okta's servers do."""
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    event = {
        "uuid": f"{kind} {now}",
        "published": now.replace("+00:00", "Z"),
        "eventType": kind,
        "outcome": {"result": "SUCCESS"},
        "actor": {"id": "00uAdmin", "type": "User"},
        "target": [{"type": "User", "id": stack.sub(BRUNO)}],
    }
    return requests.post(
        hook["url"],
        json={"data": {"events": [event]}},
        headers={hook["authentication_field"]: secret or hook["authentication_secret"]},
        verify=stack.verify,
        timeout=30,
    )


def is_enabled(stack: Stack) -> bool:
    found = stack.aws("cognito-idp").admin_get_user(
        UserPoolId=stack.info["user_pool_id"], Username=stack.user_name(BRUNO)
    )
    return bool(found["Enabled"])


@pytest.mark.security("S-81")
def test_whoever_is_deactivated_is_out_within_a_minute(stack: Stack, hook: dict[str, Any]) -> None:
    """The session began with "keep me signed in". An event with a wrong secret changes nothing. After the person is
    reactivated, the sign-in works again."""
    visitor = Visitor(stack)
    back = visitor.callback_url(stack.sub(BRUNO), query="provider=Okta&remember=1")
    assert visitor.request("GET", back).status_code == 303
    visitor.refresh()
    kind = "user.lifecycle.deactivate"
    assert tell(stack, hook, kind, "guessed").status_code == 401

    began = time.monotonic()
    answer = tell(stack, hook, kind)
    assert (answer.status_code, answer.text) == (204, "")
    assert time.monotonic() - began < 3  # Okta waits three seconds for the response
    expect_soon(lambda: not is_enabled(stack))
    refused = visitor.post("/auth/refresh")
    assert (refused.status_code, refused.json()["error"]) == (401, "session_expired")
    assert visitor.cookies.get("__Host-gatehouse") is None
    item = stack.user_item(stack.user_name(BRUNO))
    assert item is not None
    assert item["validAfter"]
    assert time.monotonic() - began < 60

    assert tell(stack, hook, "user.lifecycle.reactivate").status_code == 204
    expect_soon(lambda: is_enabled(stack))
    assert Visitor(stack).sign_in(BRUNO)["user"]["email"] == BRUNO


def test_okta_verifies_the_endpoint(stack: Stack, hook: dict[str, Any]) -> None:
    """The response repeats Okta's challenge."""
    headers = {"X-Okta-Verification-Challenge": "challenge-1"}
    answer = requests.get(hook["url"], headers=headers, verify=stack.verify, timeout=30)
    assert answer.json() == {"verification": "challenge-1"}


def press(page: Page, button: str, way: str = "event hook") -> None:
    """Press one of Bruno's buttons in Okta's console. Check that the app accepted the request that Okta then sent."""
    page.get_by_label(way).first.check()
    page.get_by_label(BRUNO).get_by_role("button", name=button).click()
    expect(page.get_by_role("listitem").first).to_contain_text(": 204")


def choose_bruno(page: Page) -> None:
    """Continue with Okta, and sign in as Bruno."""
    page.get_by_role("link", name="Continue with Okta").click()
    page.get_by_role("button", name="Bruno Nakamura").click()


def expect_ended_at_focus(stack: Stack, page: Page) -> None:
    """Give the focus to the page. Check that the page reports the end of the session, and that the browser has no
    session cookie."""
    name = "__Host-gatehouse"
    assert name in {cookie.get("name") for cookie in page.context.cookies(stack.url)}
    page.clock.fast_forward(11_000)  # the page checks the session at most once in ten seconds
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.get_by_text("Your session was ended.")).to_be_visible()
    assert name not in {cookie.get("name") for cookie in page.context.cookies(stack.url)}


@pytest.fixture
def console(stack: Stack, browser: Browser) -> Iterator[Page]:
    """Okta's console in an administrator's browser. After the test, Bruno may sign in again."""
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(f"{stack.info['okta_url']}/admin")
    yield page
    if page.get_by_label(BRUNO).get_by_role("button", name="Reactivate").is_visible():
        press(page, "Reactivate")
    expect_soon(lambda: is_enabled(stack))
    context.close()


@pytest.fixture
def signed_in(stack: Stack, page: Page) -> Page:
    """Bruno's page. He signed in through Okta with "keep me signed in"."""
    page.clock.install()
    page.goto(stack.url)
    page.get_by_label("Keep me signed in on this device").check()
    choose_bruno(page)
    expect(page.get_by_role("heading", name="Hello, Bruno")).to_be_visible()
    return page


@pytest.mark.security("S-81")
def test_the_page_says_that_somebody_was_deactivated_and_the_next_sign_in_is_refused_clearly(
    stack: Stack, signed_in: Page, console: Page
) -> None:
    """The event hook reports the deactivation, and Okta refuses the next sign-in. If the app hears nothing of the
    reactivation, our page says that the account is disabled."""
    began = time.monotonic()
    press(console, "Deactivate")
    expect_soon(lambda: not is_enabled(stack))
    expect_ended_at_focus(stack, signed_in)
    assert time.monotonic() - began < 60
    choose_bruno(signed_in)
    expect(signed_in.get_by_text("Unable to sign in.")).to_be_visible()

    # Okta does not send this reactivation to the app.
    console.get_by_label("Universal Logout").check()
    console.get_by_label(BRUNO).get_by_role("button", name="Reactivate").click()
    expect(console.get_by_label(BRUNO).get_by_role("button", name="Deactivate")).to_be_visible()
    signed_in.goto(stack.url)
    choose_bruno(signed_in)
    expect(signed_in.get_by_role("heading", name="Your account is disabled here")).to_be_visible()
    signed_in.get_by_role("button", name="Back to sign-in").click()
    # The page does not redirect in a loop.
    expect(signed_in.get_by_role("heading", name="Sign in")).to_be_visible()

    press(console, "Deactivate")
    press(console, "Reactivate")
    expect_soon(lambda: is_enabled(stack))
    choose_bruno(signed_in)
    expect(signed_in.get_by_role("heading", name="Hello, Bruno")).to_be_visible()


@pytest.mark.security("S-81")
def test_the_same_by_universal_logout(stack: Stack, signed_in: Page, console: Page) -> None:
    """Universal Logout ends the sessions and does nothing else. A reactivated person can therefore sign in again
    without any other step."""
    ended = stack.user_item(stack.user_name(BRUNO)) or {}
    press(console, "Deactivate", "Universal Logout")
    expect_soon(
        lambda: (
            (stack.user_item(stack.user_name(BRUNO)) or {}).get("validAfter")
            != ended.get("validAfter")
        )
    )
    expect_ended_at_focus(stack, signed_in)
    choose_bruno(signed_in)
    expect(signed_in.get_by_text("Unable to sign in.")).to_be_visible()
    press(console, "Reactivate")
    signed_in.goto(stack.url)
    choose_bruno(signed_in)
    expect(signed_in.get_by_role("heading", name="Hello, Bruno")).to_be_visible()
