"""Somebody whom Okta deactivates is out, through API Gateway, the queue and its function, each with its own rights."""

import json
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.mails import expect_soon
from tests.e2e.stack import Stack, Visitor

PROJECT = Path(__file__).resolve().parents[2]
BRUNO = "bruno@example.com"


def leaving(stack: Stack, *options: str) -> dict[str, Any]:
    """Type `ops provider leaving Okta` and return what it says for Okta's console."""
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
    """What Okta's console is told of the event hook, which `up` has set up."""
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
    """With "keep me signed in"; a wrong secret does nothing; reactivated, the sign-in works again."""
    visitor = Visitor(stack)
    back = visitor.callback_url(stack.sub(BRUNO), query="provider=Okta&remember=1")
    assert visitor.request("GET", back).status_code == 303
    visitor.refresh()
    kind = "user.lifecycle.deactivate"
    assert tell(stack, hook, kind, "guessed").status_code == 401

    began = time.monotonic()
    answer = tell(stack, hook, kind)
    assert (answer.status_code, answer.text) == (204, "")
    assert time.monotonic() - began < 3  # as long as Okta waits
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
    """Its challenge comes back."""
    headers = {"X-Okta-Verification-Challenge": "challenge-1"}
    answer = requests.get(hook["url"], headers=headers, verify=stack.verify, timeout=30)
    assert answer.json() == {"verification": "challenge-1"}
