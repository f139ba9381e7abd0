"""Tests of a program that signs a person in on the real stack. The tests run examples/program with Chromium, and attack
the stack with the program's client."""

import queue
import re
import threading
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from playwright.sync_api import Page, expect

from examples.program.program import Program, ProgramError
from tests.e2e.stack import Stack, Visitor

VERIFIER = "v" * 43
#: The challenge of the verifier: RFC 7636 4.2.
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def offered(stack: Stack) -> dict[str, Any]:
    """The settings for programs in the API's configuration."""
    found = Visitor(stack).get("/auth/config").json()["programs"]
    assert found["client_id"] != stack.info["client_id"]
    return dict(found)


@pytest.fixture
def program(stack: Stack) -> tuple[Program, "queue.Queue[str]"]:
    """The example program, and the URL that the program opened in the browser."""
    urls: queue.Queue[str] = queue.Queue()
    return (
        Program(stack.url, ca_file=stack.info["ca_file"], open_browser=urls.put, wait_seconds=60),
        urls,
    )


def sign_in(program: Program, urls: "queue.Queue[str]", page: Page) -> None:
    """Sign in as Alice while the program waits."""
    failures: list[ProgramError] = []

    def wait() -> None:
        try:
            program.sign_in("Okta")
        except ProgramError as error:
            failures.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    page.goto(urls.get(timeout=30))
    page.get_by_role("button", name=re.compile("^Alice")).click()
    expect(page.get_by_text("You are signed in. You can close this window.")).to_be_visible()
    thread.join()
    assert failures == []


def code_of(stack: Stack, asked: dict[str, str]) -> str:
    """Sign in at Okta step by step. Return the code in the URL of the redirect."""
    http = requests.Session()
    start = http.get(
        f"{stack.info['cognito_url']}/oauth2/authorize?{urlencode(asked)}",
        allow_redirects=False,
        timeout=30,
    )
    assert start.status_code == 302, start.text
    sub = {"sub": stack.sub("alice@example.com")}
    chosen = http.post(start.headers["Location"], data=sub, allow_redirects=False, timeout=30)
    back = http.get(chosen.headers["Location"], allow_redirects=False, timeout=60)
    location = back.headers["Location"]
    assert location.startswith(f"{asked['redirect_uri']}?"), location
    return parse_qs(urlsplit(location).query)["code"][0]


def asking(offered: dict[str, Any], **changes: str) -> dict[str, str]:
    """Return an authorization request like the one that the program makes."""
    return {
        "response_type": "code",
        "client_id": offered["client_id"],
        "redirect_uri": offered["redirect_uris"][0],
        "identity_provider": "Okta",
        "scope": offered["scope"],
        "state": "s" * 43,
        "nonce": "n" * 43,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }


def exchange(offered: dict[str, Any], code: str, **changes: str) -> requests.Response:
    """Redeem a code as the program does."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": offered["client_id"],
        "redirect_uri": offered["redirect_uris"][0],
        "code_verifier": VERIFIER,
        **changes,
    }
    return requests.post(offered["token_endpoint"], data=form, timeout=30)


def test_a_program_signs_in_calls_renews_and_signs_out(
    program: tuple[Program, "queue.Queue[str]"], page: Page, stack: Stack
) -> None:
    """The program signs Alice in with a browser and Okta. `/me` returns Alice's record. After the sign-out, the program
    cannot renew its tokens."""
    session, urls = program
    sign_in(session, urls, page)
    me = session.call("GET", "me")
    assert (me["Email"], me["given_name"], me["provider"]) == ("alice@example.com", "Alice", "Okta")
    before = session._refresh_token
    session.refresh()
    assert session._refresh_token != before
    assert session.call("GET", "whoami")["username"] == me["userName"]
    last = session._refresh_token
    session.sign_out()
    session._refresh_token = last
    with pytest.raises(ProgramError, match="400 invalid_grant"):
        session.refresh()


@pytest.mark.security("S-05")
@pytest.mark.security("S-49")
def test_its_token_is_one_of_ours_while_the_stage_says_so(
    stack: Stack, visitor: Visitor, offered: dict[str, Any]
) -> None:
    """API Gateway accepts tokens of any client of the pool. Our handlers refuse tokens of clients that the stage does
    not name."""
    tokens = exchange(offered, code_of(stack, asking(offered))).json()
    answer = visitor.get("/whoami", tokens["access_token"])
    assert sorted(answer.json()["scopes"]) == sorted(offered["scope"].split())
    assert visitor.get("/whoami", tokens["id_token"]).status_code == 401
    with stack.with_setting("PROGRAM_CLIENT_ID", ""):
        assert visitor.get("/whoami", tokens["access_token"]).status_code == 401
        assert "programs" not in visitor.get("/auth/config").json()
    # A program may request more scopes, but does not get more scopes.
    wanted = asking(offered, scope="openid aws.cognito.signin.user.admin")
    http = requests.get(
        f"{stack.info['cognito_url']}/oauth2/authorize?{urlencode(wanted)}",
        allow_redirects=False,
        timeout=30,
    )
    assert "code=" not in http.headers.get("Location", ""), http.headers


@pytest.mark.security("S-64")
@pytest.mark.parametrize(
    "redirect_uri",
    [
        *("http://127.0.0.1:1/callback", "http://localhost:PORT/callback", "HTTPS://evil.example/"),
        *(
            "http://127.0.0.1:PORT/",
            "http://127.0.0.1:PORT/callback/x",
            "http://[::1]:PORT/callback",
        ),
        "http://127.0.0.1:PORT@evil.example/callback",
    ],
)
def test_no_code_goes_to_another_address(
    stack: Stack, offered: dict[str, Any], redirect_uri: str
) -> None:
    """The stage has a list of redirect addresses. If an address is not exactly in the list, Cognito does not redirect
    the browser."""
    port = str(urlsplit(offered["redirect_uris"][0]).port)
    asked = asking(offered, redirect_uri=redirect_uri.replace("PORT", port))
    answer = requests.get(
        f"{stack.info['cognito_url']}/oauth2/authorize?{urlencode(asked)}",
        allow_redirects=False,
        timeout=30,
    )
    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.security("S-02")
@pytest.mark.security("S-12")
def test_a_code_is_worth_nothing_without_its_verifier_its_client_and_its_address(
    stack: Stack, visitor: Visitor, offered: dict[str, Any]
) -> None:
    """Another program on the machine may read the code. If the verifier, the client or the address is wrong, Cognito
    refuses the code. Each code works once."""
    own = str(stack.info["client_id"])
    callback = f"{stack.url}auth/callback"
    code = code_of(stack, asking(offered))
    for changes in (
        {"code_verifier": ""},
        {"code_verifier": "w" * 43},
        {"client_id": own},
        {"client_id": own, "redirect_uri": callback},
        {"redirect_uri": callback},
    ):
        answer = exchange(offered, code, **changes)
        assert (answer.status_code, "access_token" in answer.text) == (400, False), changes
    assert exchange(offered, code).status_code == 200
    assert exchange(offered, code).status_code == 400
    # A program cannot use a code that Cognito issued to the app's own client.
    back = parse_qs(urlsplit(visitor.callback_url(stack.sub("alice@example.com"))).query)
    for changes in ({}, {"redirect_uri": callback}):
        answer = exchange(offered, back["code"][0], **changes)
        assert (answer.status_code, "access_token" in answer.text) == (400, False)


@pytest.mark.security("S-67")
def test_nobody_makes_an_account_or_tries_a_password_with_its_id(
    stack: Stack, offered: dict[str, Any]
) -> None:
    """Anybody who has the id of a client without a secret can call Cognito's public API. The API nevertheless refuses
    sign-ups and passwords for this client."""
    cognito = stack.aws("cognito-idp")
    client_id = offered["client_id"]
    with pytest.raises(cognito.exceptions.UserLambdaValidationException):
        cognito.sign_up(
            ClientId=client_id,
            Username="squatter@example.com",
            Password="a long enough password",
            UserAttributes=[{"Name": "email", "Value": "squatter@example.com"}],
        )
    demo = stack.info["demo_users"][0]
    with pytest.raises(cognito.exceptions.InvalidParameterException):
        cognito.initiate_auth(
            ClientId=client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": demo["email"], "PASSWORD": demo["password"]},
        )
