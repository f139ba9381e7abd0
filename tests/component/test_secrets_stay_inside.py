"""Tests that no output contains a secret (S-61). The tests put a unique value into each place that can store a secret.
Then the tests search all output for these unique values."""

import logging
from collections.abc import Callable

import pytest

from tests.component.world import CLIENT_SECRET, SEALING_KEY, World
from tests.doubles.aws_errors import client_error
from tests.doubles.browser import Browser
from tests.doubles.cognito import answers, times_out


def broken(*_: object, **__: object) -> None:
    raise RuntimeError("canary-in-an-exception")


Story = Callable[[World, Browser, pytest.MonkeyPatch], None]


def whole_life(world: World, browser: Browser, _: pytest.MonkeyPatch) -> None:
    world.sign_in(browser)
    browser.post("/auth/refresh")
    browser.post("/auth/logout")
    browser.post("/auth/refresh")


def refused_tokens(world: World, browser: Browser, _: pytest.MonkeyPatch) -> None:
    world.cognito.id_claims["nonce"] = "canary-nonce"
    world.sign_in(browser)
    world.cognito.id_claims.clear()
    world.cognito.id_header["alg"] = "none"
    world.sign_in(browser)


def outages(world: World, browser: Browser, _: pytest.MonkeyPatch) -> None:
    for fault in (
        times_out,
        answers(500, {"error": "canary-body"}),
        answers(400, {"error": "canary-body", "error_description": "canary-body"}),
    ):
        world.cognito.fail("token", fault)
        world.sign_in(browser)
    world.sign_in(browser)
    world.cognito.fail("revoke", answers(500, {"error": "canary-body"}))
    world.cognito.fail("token", answers(500, {"error": "canary-body"}))
    browser.post("/auth/refresh")
    browser.post("/auth/logout")
    world.dynamodb.fault = client_error("Boom")
    world.sign_in(browser)
    world.secrets.fault = client_error("Boom")
    world.restart()
    world.sign_in(browser) if browser.get("/auth/login").status == 302 else None
    browser.post("/auth/refresh")


def bugs(world: World, browser: Browser, patch: pytest.MonkeyPatch) -> None:
    world.sign_in(browser)
    patch.setattr(world.cognito, "post_form", broken)
    browser.post("/auth/refresh")
    browser.post("/auth/logout")
    world.sign_in(browser)
    patch.setattr(world.dynamodb, "scan", broken)
    world.restart()
    browser.get("/auth/config")


def hostile_callback(world: World, browser: Browser, _: pytest.MonkeyPatch) -> None:
    browser.get("/auth/login?provider=Okta")
    browser.get(
        "/auth/callback?state=canary-state&code=canary-code&error=canary-error&error_description=canary-text"
    )
    browser.get("/auth/callback?state=canary-state&state=canary-2&code=canary-code")
    browser.get("/auth/login?provider=canary-provider&email=canary@example.org")
    browser.get("/auth/login?email=canary-that-is-no-address&login_hint=canary")
    browser.post("/auth/refresh", '{"password": "canary-password"', drop=["Origin"])
    browser.post("/auth/refresh", headers=[("Authorization", "Bearer canary-bearer")])


@pytest.mark.security("S-61")
@pytest.mark.parametrize(
    "story", [whole_life, refused_tokens, outages, bugs, hostile_callback], ids=lambda s: s.__name__
)
def test_no_secret_is_in_a_log_line_or_an_answer(
    world: World,
    browser: Browser,
    story: Story,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The test covers tokens, codes, states, verifiers, cookies, secrets and keys, in successes and failures."""
    caplog.set_level(logging.DEBUG)
    story(world, browser, monkeypatch)
    out, err = capsys.readouterr()
    log = out + err + caplog.text
    forms = [form for _, _, form in world.cognito.requests]
    codes = {
        form[name]
        for form in forms
        for name in ("code", "code_verifier", "refresh_token", "token")
        if name in form
    }
    tokens = {
        *world.cognito.access_tokens,
        *world.cognito.id_tokens,
        *world.cognito.refresh_tokens(),
    }
    secrets = {CLIENT_SECRET, SEALING_KEY}
    cookies = [text for answer in browser.answers for text in answer.set_cookies]
    sealed = {text.split("=", 1)[1].split(";")[0] for text in cookies}
    for secret in codes | tokens | secrets | sealed - {""}:
        assert secret not in log
    assert "canary" not in log
    bodies = "".join(answer.body for answer in browser.answers)
    headers = repr([answer.headers for answer in browser.answers])
    for secret in (
        codes | secrets | set(world.cognito.id_tokens) | set(world.cognito.refresh_tokens())
    ):
        assert secret not in bodies + headers
    assert "canary" not in bodies + headers


@pytest.mark.security("S-62")
def test_sign_in_refusal_and_sign_out_are_in_the_log(
    world: World, browser: Browser, log_lines: Callable[[], list[dict[str, object]]]
) -> None:
    """The log names the person, the sign-in method and, after a refusal, the reason."""
    world.sign_in(browser)
    browser.post("/auth/logout")
    browser.get("/auth/callback?state=x&code=y")
    events = {line["event"]: line for line in log_lines()}
    assert events["sign_in"]["user"] == events["sign_out"]["user"] == "Okta_00u1ada"
    assert events["sign_in_failed"]["code"] == "login_unknown"
    assert all(line["request_id"] != "-" for line in events.values())
