"""Tests of POST /auth/direct/sign-in: the password, its throttle, and the resulting session."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chalicelib.gatehouse.settings import Settings
from tests.component.direct import (
    DEVICE_COOKIE,
    EMAIL,
    PASSWORD,
    SESSION_COOKIE,
    STRANGER,
    WRONG,
    Direct,
    outline,
)
from tests.component.world import CLIENT_SECRET, ENVIRONMENT, SECRET_ARN, World
from tests.doubles.cognito import times_out
from tests.doubles.pool_users import PoolUser

ROOT = Path(__file__).resolve().parents[2]


def test_a_good_password_gives_what_refresh_gives(direct: Direct) -> None:
    """The response has the same body and cookie, and the server writes the same record, as after a hosted sign-in. The
    session can be refreshed."""
    answer = direct.sign_in()
    assert answer.status == 200
    assert answer.json()["user"] == {
        "sub": direct.grace.sub,
        "username": direct.grace.sub,
        "email": EMAIL,
        "given_name": "Grace",
        "family_name": "Hopper",
        "groups": [],
        "provider": "COGNITO",
    }
    assert answer.json()["scope"] == "openid email profile api/read api/write"
    refreshed = direct.browser.post("/auth/refresh")
    assert refreshed.status == 200
    assert refreshed.json().keys() == answer.json().keys()
    assert direct.browser.post("/auth/logout").status == 200
    assert set(direct.browser.cookies) == {DEVICE_COOKIE}
    assert direct.browser.rejected == []


@pytest.mark.parametrize(("remember", "lasts"), [(False, None), (True, 14 * 86_400)])
def test_remember_me_makes_the_cookie_last(
    direct: Direct, remember: bool, lasts: int | None
) -> None:
    direct.sign_in(remember=remember)
    cookie = direct.browser.cookies[SESSION_COOKIE]
    now = int(direct.world.clock())
    expires = None if cookie.expires_at is None else round(cookie.expires_at - direct.world.clock())
    assert expires == lasts, now


@pytest.mark.security("S-57")
def test_the_record_is_healed(direct: Direct) -> None:
    """The person has no record, because no trigger has run. The sign-in writes the missing record."""
    direct.pool.trigger = lambda source, user, metadata: None
    direct.sign_in()
    record = direct.world.users()[direct.grace.sub]
    assert (record["Email"], record["status"], record["provider"]) == (
        EMAIL,
        "CONFIRMED",
        "COGNITO",
    )


@pytest.mark.security("S-39")
@pytest.mark.parametrize("mode", ["managed", "off"])
def test_without_the_setting_the_whole_family_is_not_there(direct: Direct, mode: str) -> None:
    """The routes for passwords exist only if the stage enables direct sign-in."""
    direct.restart(direct_sign_in=mode)
    for path in (
        "sign-in",
        "challenge",
        "sign-up",
        "confirm",
        "resend-code",
        "forgot-password",
        "reset-password",
    ):
        answer = direct.post(f"direct/{path}", email=EMAIL, password=PASSWORD, name="x", code="1")
        assert (answer.status, answer.json()["error"]) == (404, "not_found"), path
    for path in ("setup", "verify", "disable"):
        assert direct.post(f"mfa/{path}", password=PASSWORD, code="123456").status == 404
    assert direct.pool.calls == []


@pytest.mark.security("S-39")
def test_the_decision_is_written_down() -> None:
    """The decision record names the standards that advise against passwords, the default setting, and the people who
    cannot use passwords. It also says when to turn passwords off."""
    text = " ".join((ROOT / "docs" / "adr" / "0006-direct-sign-in.md").read_text().split())
    for said in (
        "RFC 9700, 2.4",
        "ASVS 5.0, 10.4.4",
        "`managed` is the default",
        "Change `embedded` to `managed`",
        "People who sign in through an identity provider cannot use the form",
    ):
        assert said in text
    assert Settings.from_env(ENVIRONMENT).direct_sign_in == "managed"


@pytest.mark.security("S-39")
def test_people_of_a_provider_cannot_use_it(direct: Direct) -> None:
    """Cognito may accept a password for a person of a provider, as the local AWS does. In this case, our server revokes
    the tokens."""
    direct.pool.federated_passwords = True
    direct.pool.add(PoolUser("ada@example.org", "", provider="Okta", username="okta_00u1ada"))
    answer = direct.sign_in("ada@example.org")
    assert (answer.status, answer.json()["error"]) == (401, "invalid_credentials")
    assert direct.browser.cookies == {}
    assert direct.world.cognito.is_revoked(direct.world.cognito.refresh_tokens()[-1])


def test_a_linked_person_keeps_the_password(direct: Direct) -> None:
    """A linked person is a native user and therefore has a native user name."""
    direct.pool.add(PoolUser("linked@example.org", PASSWORD, provider="Okta"))
    assert direct.sign_in("linked@example.org").status == 200


def states(direct: Direct) -> dict[str, Callable[[], Any]]:
    """For each reason to refuse a sign-in, return a function that signs in. Each function uses its own address."""

    def user(**fields: Any) -> str:
        email = f"user{len(direct.pool.users)}@example.org"
        direct.pool.add(PoolUser(email, PASSWORD, **fields))
        return email

    return {
        "unknown": lambda: direct.sign_in(STRANGER),
        "wrong password": lambda: direct.sign_in(user(), WRONG),
        "disabled": lambda: direct.sign_in(user(enabled=False)),
        "unconfirmed": lambda: direct.sign_in(user(status="UNCONFIRMED")),
        "reset required": lambda: direct.sign_in(user(status="RESET_REQUIRED")),
        "locked at Cognito": lambda: direct.sign_in(user(locked_until=direct.world.clock() + 60)),
        "federated": lambda: direct.sign_in(user(provider="Okta", username="okta_x")),
    }


@pytest.mark.security("S-40")
def test_every_refusal_looks_the_same(direct: Direct) -> None:
    """The test compares status, body, headers and cookies for every case of `states`."""
    outlines = {name: outline(refused()) for name, refused in states(direct).items()}
    (only,) = {repr(found) for found in outlines.values()}
    assert outlines["unknown"][0] == 401
    assert "invalid_credentials" in only


@pytest.mark.security("S-40")
def test_known_and_unknown_cost_cognito_and_the_table_the_same_calls(direct: Direct) -> None:
    """Equal calls take about equal time, so the test compares the calls. BENCHMARKS.md has the measured times."""
    work = []
    for email in (EMAIL, STRANGER):
        before = len(direct.world.dynamodb.calls), len(direct.pool.calls)
        direct.sign_in(email, WRONG)
        calls = (
            direct.world.dynamodb.calls[before[0] :],
            [name for name, _ in direct.pool.calls[before[1] :]],
        )
        work.append(calls)
    assert work[0] == work[1]


@pytest.mark.security("S-46")
@pytest.mark.parametrize(
    "password",
    [
        "pass\u0301 wörd \U0001f511 123",
        " leading and trailing ",
        'quo"te\\ \t\n12',
        "x" * 256,
        "\ufb01ligature 12345",
    ],
)
def test_the_password_is_passed_byte_for_byte(direct: Direct, password: str) -> None:
    direct.grace.password = password
    assert direct.sign_in(password=password).status == 200
    sent = direct.pool.calls[-1][1]["AuthParameters"]["PASSWORD"]
    assert sent.encode() == password.encode()


@pytest.mark.security("S-46")
def test_a_longer_password_never_reaches_cognito(
    direct: Direct, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = direct.sign_in(password="x" * 257)
    assert (answer.status, answer.json()["error"]) == (400, "invalid_request")
    assert direct.pool.calls == []
    assert "xxx" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": EMAIL},
        {"email": EMAIL, "password": ""},
        {"email": EMAIL, "password": 12},
        {"email": ["a"], "password": "x"},
        {"email": EMAIL, "password": PASSWORD, "remember": "yes"},
        {"email": "\ud800@example.org", "password": "x"},
        {"email": EMAIL, "password": "\udc00"},
    ],
)
def test_a_malformed_body_is_a_400(direct: Direct, body: dict[str, Any]) -> None:
    assert direct.post("direct/sign-in", **body).status == 400
    assert direct.pool.calls == []


@pytest.mark.security("S-47")
def test_a_new_session_revokes_the_one_before(direct: Direct) -> None:
    """The cookie changes, and the server revokes the old refresh token. This protects against session fixation."""
    direct.sign_in()
    before = direct.browser.cookies[SESSION_COOKIE].value
    (old,) = direct.world.cognito.refresh_tokens()
    direct.sign_in()
    assert direct.browser.cookies[SESSION_COOKIE].value != before
    assert direct.world.cognito.is_revoked(old)
    assert not direct.world.cognito.is_revoked(direct.world.cognito.refresh_tokens()[-1])
    assert direct.browser.post("/auth/refresh").status == 200


@pytest.mark.security("S-05")
@pytest.mark.parametrize(
    "scope",
    [
        "aws.cognito.signin.user.admin",
        "openid api/read aws.cognito.signin.user.admin",
        "openid api/write",
    ],
)
def test_a_token_with_other_scopes_is_refused_and_revoked(direct: Direct, scope: str) -> None:
    """If the pre-token-generation trigger is missing or wrong, the sign-in fails, and the server revokes all tokens."""
    direct.world.cognito.access_claims["scope"] = scope
    answer = direct.sign_in()
    assert (answer.status, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert "access_token" not in answer.json()
    assert direct.browser.cookies == {}
    assert direct.world.cognito.is_revoked(direct.world.cognito.refresh_tokens()[-1])


@pytest.mark.parametrize(
    "claim", [{"aud": "another"}, {"iss": "https://evil.example"}, {"token_use": "access"}]
)
def test_tokens_are_verified_as_in_the_hosted_flow(direct: Direct, claim: dict[str, str]) -> None:
    direct.world.cognito.id_claims.update(claim)
    assert direct.sign_in().status == 503
    assert direct.browser.cookies == {}
    assert direct.world.users() == {} or "lastSignInAt" in repr(direct.world.users())


def test_without_signing_keys_no_password_is_asked(direct: Direct) -> None:
    direct.world.cognito.fail("jwks", times_out)
    assert direct.sign_in().status == 503
    assert direct.pool.calls == []


@pytest.mark.security("S-59")
def test_a_rotated_client_secret_is_read_anew(direct: Direct) -> None:
    """A warm container has cached the old client secret, so Cognito refuses the hash. The second attempt uses the new
    secret."""
    assert direct.sign_in().status == 200
    direct.pool.clients[direct.world.settings.client_id] = "another-secret"
    direct.world.cognito.client_secret = "another-secret"
    direct.world.secrets.put(SECRET_ARN, {"client_secret": "another-secret"})
    direct.world.clock.advance(31)
    assert direct.sign_in().status == 200
    direct.world.secrets.put(SECRET_ARN, {"client_secret": CLIENT_SECRET})
    direct.world.clock.advance(301)
    assert direct.sign_in().status == 503


@pytest.mark.security("S-28")
def test_only_our_own_page_may_post(direct: Direct) -> None:
    for path in (
        "direct/sign-in",
        "direct/challenge",
        "direct/sign-up",
        "direct/confirm",
        "direct/resend-code",
        "direct/forgot-password",
        "direct/reset-password",
        "mfa/setup",
        "mfa/verify",
        "mfa/disable",
        "mfa/recovery-codes",
        "direct/recovery-code",
    ):
        answer = direct.browser.post(
            f"/auth/{path}", {}, headers=[("Origin", "https://evil.example")]
        )
        assert (answer.status, answer.json()["error"]) == (403, "csrf")


def test_the_hosted_door_stays_open_beside_it(direct: Direct, world: World) -> None:
    assert world.sign_in(direct.browser).status == 303
