"""Tests of `ops user …` on the deployed stack: the first administrator, a second invitation, a lost phone, blocked
people."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyotp
import pytest
import requests

from tests.e2e.mails import mailed_password
from tests.e2e.stack import Stack, Visitor

PROJECT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery"


def user(stack: Stack, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `ops user …` for the stage `local`. The command finds the running stack by the stack's state folder."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "ops", "user", *words, "--stage", "local"),
            *("--state-dir", str(stack.info["state_dir"])),
        ],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def done(stack: Stack, *words: str) -> str:
    answer = user(stack, *words)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def shown(stack: Stack, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done(stack, "show", name, "--json"))
    return found


def sign_in(visitor: Visitor, email: str, password: str = PASSWORD) -> requests.Response:
    return visitor.post("/auth/direct/sign-in", {"email": email, "password": password})


def accept(stack: Stack, email: str) -> dict[str, Any]:
    """Accept the last invitation. Return the response of the first refresh."""
    visitor = Visitor(stack)
    asked = sign_in(visitor, email, mailed_password(stack, email))
    assert asked.json() == {"challenge": {"name": "NEW_PASSWORD_REQUIRED"}}, asked.text
    body = {"name": "NEW_PASSWORD_REQUIRED", "password": PASSWORD}
    answer = visitor.post("/auth/direct/challenge", body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.security("S-70")
def test_the_first_administrator_comes_and_goes(stack: Stack) -> None:
    """One command, one mail and one new password are enough: the person can call GET /users. After the person is
    removed from the group, the next token no longer contains the group."""
    email = "first-admin@example.com"
    names = ("--given-name", "Ada", "--family-name", "King")
    invited = json.loads(done(stack, "invite", email, *names, "--group", "admins", "--json"))
    waiting = stack.user_item(invited["user_name"])
    assert waiting is not None
    assert (waiting["status"], waiting["Email"]) == ("PENDING", email)
    assert "invite" in " ".join(shown(stack, email)["next"])

    answer = accept(stack, email)
    assert (answer["user"]["given_name"], answer["user"]["groups"]) == ("Ada", ["admins"])
    listed = Visitor(stack).get("/users", answer["access_token"])
    assert listed.status_code == 200, listed.text
    found = shown(stack, email)
    assert (found["status"], found["differences"]) == ("CONFIRMED", [])
    assert found["groups"]["in_tokens"] == ["admins"]
    members = json.loads(done(stack, "list", "--group", "admins", "--json"))
    assert invited["user_name"] in [member["user_name"] for member in members]

    done(stack, "group", "remove", email, "admins")
    later = sign_in(Visitor(stack), email).json()
    refused = Visitor(stack).get("/users", later["access_token"])
    assert (refused.status_code, refused.json()["error"]) == (403, "forbidden")


def test_a_second_invitation_voids_the_first(stack: Stack) -> None:
    """After a second invitation, the password in the new mail works, and the password in the first mail does not."""
    email = "expired@example.com"
    done(stack, "invite", email)
    old = mailed_password(stack, email)
    done(stack, "invite", email, "--given-name", "Ivy")
    assert mailed_password(stack, email) != old
    refused = sign_in(Visitor(stack), email, old)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_credentials")
    assert accept(stack, email)["user"]["given_name"] == "Ivy"
    again = user(stack, "invite", email)
    assert (again.returncode, "has an account" in again.stderr) == (1, True)


@pytest.mark.security("S-67")
def test_a_lost_phone_is_helped(stack: Stack) -> None:
    """After `ops user reset-mfa`, sign-ins no longer ask for the authenticator app, and the lost phone's session has
    ended. The person can set up another app."""
    email = "lost-phone@example.com"
    stack.create_person(email, PASSWORD)
    phone = Visitor(stack)
    sign_in(phone, email)

    def set_up(visitor: Visitor) -> None:
        key = visitor.post("/auth/mfa/setup", {"password": PASSWORD})
        assert key.status_code == 200, key.text
        code = pyotp.TOTP(key.json()["secret"]).now()
        verified = visitor.post("/auth/mfa/verify", {"code": code})
        assert verified.status_code == 200, verified.text

    set_up(phone)
    assert shown(stack, email)["second_factors"] == ["SOFTWARE_TOKEN_MFA"]
    asked = sign_in(Visitor(stack), email).json()
    assert asked == {"challenge": {"name": "SOFTWARE_TOKEN_MFA"}}

    unsure = user(stack, "reset-mfa", email)
    assert (unsure.returncode, "--yes" in unsure.stderr) == (1, True)
    done(stack, "reset-mfa", email, "--yes")
    assert shown(stack, email)["second_factors"] == []
    assert phone.post("/auth/refresh").status_code == 401
    anew = Visitor(stack)
    assert "access_token" in sign_in(anew, email).json()
    set_up(anew)


@pytest.mark.security("S-70")
def test_somebody_is_kept_out_and_let_in_again(stack: Stack) -> None:
    """When the person is blocked, password and session stop working at once. Later the password works again, but the
    old session stays ended."""
    email = "kept-out@example.com"
    stack.create_person(email, PASSWORD)
    visitor = Visitor(stack)
    sign_in(visitor, email)
    done(stack, "disable", email, "--yes")
    refused = sign_in(Visitor(stack), email)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_credentials")
    cookies = dict(visitor.cookies)
    assert visitor.post("/auth/refresh").status_code == 401
    found = shown(stack, email)
    assert (found["enabled"], bool(found["record"]["validAfter"])) == (False, True)
    disabled = json.loads(done(stack, "list", "--status", "disabled", "--json"))
    assert [person["email"] for person in disabled] == [email]

    done(stack, "enable", email)
    visitor.cookies = cookies
    assert visitor.post("/auth/refresh").status_code == 401
    assert "access_token" in sign_in(Visitor(stack), email).json()


def test_people_of_okta_are_helped_at_okta(stack: Stack) -> None:
    """For people of a provider, the messages name the settings that the provider manages. Nevertheless,
    `ops user sign-out` signs such a person out."""
    visitor = Visitor(stack)
    email = "alice@example.com"
    visitor.sign_in(email)
    name = stack.user_name(email)
    for action in ("reset-mfa", "invite"):
        whom = email if action == "invite" else name
        answer = user(stack, action, whom)
        assert answer.returncode == 1
        assert "Okta" in answer.stderr or "provider" in answer.stderr
    done(stack, "sign-out", name, "--yes")
    assert visitor.post("/auth/refresh").status_code == 401
