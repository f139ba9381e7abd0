"""Tests that no password, code, key, Session or token of direct sign-in appears in a log line (S-61). No response
repeats a secret either."""

import logging
from collections.abc import Callable

import pytest

from tests.component.direct import EMAIL, PASSWORD, WRONG, Direct
from tests.component.world import CLIENT_SECRET, MFA_CLIENT_SECRET
from tests.doubles.aws_errors import connect_timeout
from tests.doubles.user_pool_core import refusal

NEW_PASSWORD = "canary another horse"
LATER_PASSWORD = "canary a third horse"
NAMES = {"given_name": "Canary", "family_name": "Canary"}
Story = Callable[[Direct, pytest.MonkeyPatch], None]


def good_days(direct: Direct, _: pytest.MonkeyPatch) -> None:
    direct.post("direct/sign-up", email="canary@example.org")
    code = direct.pool.last_code("sign-up")
    direct.post(
        "direct/confirm", email="canary@example.org", code=code, password=NEW_PASSWORD, **NAMES
    )
    direct.post("direct/forgot-password", email="canary@example.org")
    direct.post(
        "direct/reset-password",
        email="canary@example.org",
        code=direct.pool.last_code("reset"),
        password=LATER_PASSWORD,
    )
    direct.sign_in("canary@example.org", LATER_PASSWORD)
    direct.sign_in()
    secret = direct.post("mfa/setup", password=PASSWORD).json()["secret"]
    direct.post("mfa/verify", code=direct.totp(secret))
    direct.world.clock.advance(30)
    direct.sign_in()
    direct.challenge("SOFTWARE_TOKEN_MFA", code=direct.totp())


def bad_days(direct: Direct, _: pytest.MonkeyPatch) -> None:
    for code in (
        "InternalErrorException",
        "UserLambdaValidationException",
        "InvalidParameterException",
    ):
        direct.pool.fail(
            "admin_initiate_auth", refusal(code, "AdminInitiateAuth", f"canary {PASSWORD}")
        )
        direct.sign_in()
    direct.pool.fail("admin_initiate_auth", connect_timeout())
    direct.sign_in()
    direct.sign_in(password=WRONG)
    direct.with_totp()
    direct.sign_in()
    direct.challenge("SOFTWARE_TOKEN_MFA", code="000000")
    direct.world.cognito.access_claims["scope"] = "openid"
    direct.challenge("SOFTWARE_TOKEN_MFA", code=direct.totp())


def bugs(direct: Direct, patch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"canary {PASSWORD}")

    patch.setattr(direct.world.dynamodb, "get_item", broken)
    assert direct.sign_in().status == 500
    direct.post("direct/forgot-password", email="canary@example.org")
    direct.post("direct/sign-up", email="canary@example.org")
    direct.post(
        "direct/confirm", email="canary@example.org", code="123456", password=NEW_PASSWORD, **NAMES
    )


@pytest.mark.security("S-46")
@pytest.mark.security("S-61")
@pytest.mark.parametrize("story", [good_days, bad_days, bugs], ids=lambda story: story.__name__)
def test_no_secret_is_in_a_log_line_or_an_answer(
    direct: Direct,
    story: Story,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The test covers successes and failures, including messages of Cognito and of libraries."""
    caplog.set_level(logging.DEBUG)
    story(direct, monkeypatch)
    out, err = capsys.readouterr()
    log = out + err + caplog.text
    codes = {code for _, _, code in direct.pool.sent}
    sessions = {a["Session"] for _, a in direct.pool.calls if "Session" in a}
    refresh = {
        *direct.world.cognito.refresh_tokens(),
        *(g.refresh_token for g in direct.pool.grants.values()),
    }
    tokens = {
        *direct.world.cognito.access_tokens,
        *direct.world.cognito.id_tokens,
        *direct.pool.grants,
    }
    secrets = {
        PASSWORD,
        WRONG,
        NEW_PASSWORD,
        CLIENT_SECRET,
        MFA_CLIENT_SECRET,
        direct.grace.totp_secret or PASSWORD,
    }
    for secret in codes | sessions | refresh | tokens | secrets | {EMAIL}:
        assert secret not in log
    assert "canary" not in log.casefold()
    answers = "".join(
        a.body + repr(a.headers) + repr(a.set_cookies) for a in direct.browser.answers
    )
    kept = (
        codes | sessions | refresh | set(direct.world.cognito.id_tokens) | set(direct.pool.grants)
    )
    for secret in kept | secrets - {direct.grace.totp_secret}:
        assert secret not in answers
