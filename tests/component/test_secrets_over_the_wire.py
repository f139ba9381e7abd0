"""Tests that no secret is in the log with every library at DEBUG (S-61). botocore, urllib3 and requests make real calls to
doubles on loopback.

At DEBUG, botocore logs whole requests and responses with passwords, secrets and tokens. `quiet_libraries` prevents these log
lines.
"""

import logging
from collections.abc import Iterator

import pytest

from app import gate
from chalicelib.gatehouse.services import Services
from tests.component.direct import EMAIL, PASSWORD, WRONG, Direct
from tests.component.world import CLIENT_SECRET, MFA_CLIENT_SECRET, SEALING_KEY, World
from tests.doubles import aws_http, cognito_http
from tests.doubles.cognito import Person, answers
from tests.doubles.user_pool_core import refusal

NEW_EMAIL = "canary@example.org"
NEW_PASSWORD = "canary another horse"
LATER_PASSWORD = "canary a third horse"
AWS_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "CANARYACCESSKEY00001",
    "AWS_SECRET_ACCESS_KEY": "canary-aws-secret-access-key-0123456789",
    "AWS_SESSION_TOKEN": "canary-aws-session-token-" + "t" * 40,
}


@pytest.fixture
def wired(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Direct]:
    """A container that creates its own clients. The container reaches all services through sockets."""
    direct = Direct(world)
    for name, value in AWS_CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    clients = {
        "dynamodb": world.dynamodb,
        "secretsmanager": world.secrets,
        "cognito-idp": world.pool,
        "lambda": world.functions,
    }
    with aws_http.served(clients) as aws, cognito_http.served(world.cognito, Person()) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws)
        settings = world.settings._replace(
            cognito_url=url, jwks_url=f"{url}/pool/.well-known/jwks.json"
        )
        made = Services(settings, clock=world.clock)
        gate.services = made
        yield direct
        made._http.close()
        for name in ("_dynamodb", "_cognito_idp"):
            getattr(made, name).close()
        made.accounts._mail._client.close()  # type: ignore[attr-defined]  # BoundedClient passes `close` on
        made._secrets._store._client.close()


def live(direct: Direct) -> None:
    """Sign in hosted and direct, with successes and failures."""
    world, browser = direct.world, direct.browser
    world.sign_in(browser)
    browser.post("/auth/refresh")
    browser.post("/auth/logout")
    world.cognito.fail("token", answers(400, {"error": "canary-error-of-cognito"}))
    world.sign_in(browser)
    names = {"given_name": "Canary", "family_name": "Canary"}
    direct.post("direct/sign-up", email=NEW_EMAIL)
    code = direct.pool.last_code("sign-up")
    direct.post("direct/confirm", email=NEW_EMAIL, code=code, password=NEW_PASSWORD, **names)
    direct.post("direct/forgot-password", email=NEW_EMAIL)
    reset = direct.pool.last_code("reset")
    direct.post("direct/reset-password", email=NEW_EMAIL, code=reset, password=LATER_PASSWORD)
    assert direct.sign_in(NEW_EMAIL, LATER_PASSWORD).status == 200
    assert direct.sign_in(password=WRONG).status == 401
    message = f"canary {PASSWORD}"
    direct.pool.fail(
        "admin_initiate_auth", refusal("InternalErrorException", "AdminInitiateAuth", message)
    )
    assert direct.sign_in().status == 503
    assert direct.sign_in().status == 200
    secret = direct.post("mfa/setup", password=PASSWORD).json()["secret"]
    direct.post("mfa/verify", code=direct.totp(secret))
    world.clock.advance(30)
    assert "challenge" in direct.sign_in().json()
    assert direct.challenge("SOFTWARE_TOKEN_MFA", code="000000").status == 401
    assert direct.challenge("SOFTWARE_TOKEN_MFA", code=direct.totp()).status == 200
    assert browser.post("/auth/logout").status == 200


def secrets_of(direct: Direct) -> set[str]:
    """Return all secret values that the functions above send or receive."""
    cognito, pool = direct.world.cognito, direct.pool
    forms = [form for _, _, form in cognito.requests]
    return {
        *(
            f[n]
            for f in forms
            for n in ("code", "code_verifier", "refresh_token", "token")
            if n in f
        ),
        *(code for _, _, code in pool.sent),
        *(arguments["Session"] for _, arguments in pool.calls if "Session" in arguments),
        *(grant.refresh_token for grant in pool.grants.values()),
        *pool.grants,
        *cognito.access_tokens,
        *cognito.id_tokens,
        *cognito.refresh_tokens(),
        *(c.split("=", 1)[1].split(";")[0] for a in direct.browser.answers for c in a.set_cookies),
        *AWS_CREDENTIALS.values(),
        *(PASSWORD, WRONG, NEW_PASSWORD, LATER_PASSWORD, EMAIL, NEW_EMAIL),
        *(CLIENT_SECRET, MFA_CLIENT_SECRET, SEALING_KEY),
        direct.grace.totp_secret or "",
    } - {""}


@pytest.mark.security("S-61")
@pytest.mark.security("S-46")
def test_no_secret_is_in_the_log_with_every_library_at_debug(
    wired: Direct, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The root logger is at DEBUG, as after the setting `AWS_LAMBDA_LOG_LEVEL`."""
    caplog.set_level(logging.DEBUG)
    live(wired)
    out, err = capsys.readouterr()
    log = out + err + caplog.text
    found = [secret[:12] for secret in secrets_of(wired) if secret in log]
    assert found == []
    assert "canary" not in log.casefold()


@pytest.mark.security("S-61")
def test_without_the_pin_the_same_story_would_tell_everything(
    wired: Direct, caplog: pytest.LogCaptureFixture
) -> None:
    """Without `quiet_libraries`, the log contains passwords, codes and the client's secret, and the test above would
    fail."""
    for name in ("botocore", "urllib3"):
        caplog.set_level(logging.DEBUG, logger=name)
    caplog.set_level(logging.DEBUG)
    live(wired)
    assert PASSWORD in caplog.text
    assert CLIENT_SECRET in caplog.text


@pytest.mark.security("S-61")
@pytest.mark.parametrize("name", ["botocore.endpoint", "urllib3.connectionpool", "boto3.session"])
def test_libraries_stay_quiet_whatever_the_root_logger_says(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """At level WARNING, libraries do not log requests and responses."""
    caplog.set_level(logging.DEBUG)
    assert logging.getLogger(name).getEffectiveLevel() == logging.WARNING
