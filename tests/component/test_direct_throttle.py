"""Tests of the throttle that runs before the password check. The tests cover the counters for accounts and sources, and
the length of pauses (S-41 … S-44)."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.component.direct import EMAIL, PASSWORD, STRANGER, WRONG, Direct
from tests.doubles.aws_errors import connect_timeout
from tests.doubles.user_pool_core import refusal


@pytest.mark.security("S-41")
@pytest.mark.security("S-44")
@pytest.mark.parametrize("email", [EMAIL, STRANGER])
def test_guesses_are_throttled_before_cognito(direct: Direct, email: str) -> None:
    """After five guesses, the server refuses even the right password, with `Retry-After`. The refusal is the same
    whether or not the address has an account."""
    for _ in range(5):
        assert direct.sign_in(email, WRONG).status == 401
    asked = direct.pool.called("admin_initiate_auth")
    refused = direct.sign_in(email, PASSWORD)
    assert (refused.status, refused.json()["error"]) == (429, "too_many_attempts")
    assert refused.headers["retry-after"] == str(refused.json()["retry_after"]) == "15"
    assert direct.pool.called("admin_initiate_auth") == asked
    direct.world.clock.advance(15)
    assert direct.sign_in(email, WRONG).status == 401
    assert direct.sign_in(email, WRONG).json()["retry_after"] == 30


@pytest.mark.security("S-44")
def test_a_throttled_account_is_free_again_and_okta_never_stops(direct: Direct) -> None:
    """The lockout is temporary. Even after an hour of guesses, the pause is at most fifteen minutes."""
    for _ in range(40):
        direct.sign_in(EMAIL, WRONG)
        direct.world.clock.advance(90)
    other = direct.world.browser()
    assert direct.world.sign_in(other).status == 303
    assert other.post("/auth/refresh").status == 200
    direct.world.clock.advance(15 * 60)
    direct.grace.locked_until = 0
    assert direct.sign_in().status == 200


def test_a_good_password_forgets_the_wrong_ones(direct: Direct) -> None:
    for _ in range(3):
        for _ in range(4):
            direct.sign_in(EMAIL, WRONG)
        assert direct.sign_in().status == 200


@pytest.mark.security("S-42")
def test_the_source_is_api_gateways_word(direct: Direct) -> None:
    """A forwarded header has no effect on the throttle. It also has no effect on the source address that our server
    sends to Cognito."""
    for number in range(50):
        direct.browser.send(
            "POST",
            "/auth/direct/sign-in",
            [
                ("X-Gatehouse", "1"),
                ("Origin", direct.browser.origin),
                ("Content-Type", "application/json"),
                ("X-Forwarded-For", f"198.51.100.{number}"),
            ],
            body=f'{{"email": "guess{number}@example.org", "password": "{WRONG}"}}',
        )
    assert direct.sign_in(STRANGER).status == 429
    calls = [arguments for name, arguments in direct.pool.calls if name == "admin_initiate_auth"]
    assert {arguments["ContextData"]["IpAddress"] for arguments in calls} == {"192.0.2.7"}
    elsewhere = direct.world.browser()
    elsewhere.source_ip = "203.0.113.9"
    assert direct.sign_in(browser=elsewhere).status == 200
    assert direct.pool.calls[-1][1]["ContextData"]["IpAddress"] == "203.0.113.9"


@pytest.mark.security("S-43")
def test_the_account_is_one_however_it_is_typed(direct: Direct) -> None:
    """Different spellings use the same counter: upper and lower case, surrounding spaces, other forms of the domain.
    The table contains no address."""
    for typed in (
        EMAIL,
        EMAIL.upper(),
        f" {EMAIL} ",
        "Grace@Example.org",
        "grace@\uff45xample\u3002org",
    ):
        assert direct.sign_in(typed, WRONG).status == 401
    assert direct.sign_in("GRACE@EXAMPLE.ORG").status == 429
    rows = repr(direct.world.dynamodb.items(direct.world.settings.throttle_table)).casefold()
    assert "grace" not in rows
    assert "192.0.2.7" not in rows


@pytest.mark.security("S-43")
@pytest.mark.parametrize(
    "name", ["sub", "okta_00u1", "a@b@c", "@example.org", "grace@", "gr ace@example.org"]
)
def test_only_an_address_signs_in(direct: Direct, name: str) -> None:
    """A user may have several names. If people could sign in with each of them, each name would have its own counter of
    attempts."""
    answer = direct.sign_in(direct.grace.sub if name == "sub" else name)
    assert (answer.status, answer.json()["error"]) == (400, "invalid_request")
    assert direct.pool.calls == []


OUTAGES = [
    refusal("TooManyRequestsException", "AdminInitiateAuth"),
    refusal("InternalErrorException", "AdminInitiateAuth"),
    refusal("ResourceNotFoundException", "AdminInitiateAuth"),
    connect_timeout(),
]


@pytest.mark.security("S-41")
@pytest.mark.parametrize("fault", OUTAGES, ids=lambda fault: type(fault).__name__)
def test_an_outage_is_a_503_and_costs_no_attempt(direct: Direct, fault: Exception) -> None:
    for _ in range(7):
        direct.pool.fail("admin_initiate_auth", fault)
        answer = direct.sign_in()
        assert (answer.status, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert direct.sign_in().status == 200


@pytest.mark.security("S-41")
def test_a_trigger_that_fails_costs_the_attempt(direct: Direct) -> None:
    """Before the trigger fails, Cognito has already checked the password. If this attempt did not count, guesses would
    be unlimited as long as the trigger fails."""
    for _ in range(5):
        direct.pool.fail(
            "admin_initiate_auth", refusal("UserLambdaValidationException", "AdminInitiateAuth")
        )
        assert direct.sign_in().status == 503
    assert direct.sign_in().status == 429


@pytest.mark.security("S-41")
def test_without_the_throttle_table_nobody_may_guess(direct: Direct) -> None:
    direct.world.dynamodb.fault = connect_timeout()
    assert direct.sign_in().status == 503
    assert direct.pool.calls == []


@pytest.mark.security("S-62")
def test_failures_and_throttles_are_counted(
    direct: Direct, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """The log has metrics for the alarms, and the reason without the address."""
    for _ in range(6):
        direct.sign_in(EMAIL, WRONG)
    lines = log_lines()
    assert sum(line.get("FailedSignIns", 0) for line in lines) == 5
    assert sum(line.get("ThrottledAttempts", 0) for line in lines) == 1
    assert {line["detail"] for line in lines if line["event"] == "sign_in_failed"} == {
        "NotAuthorizedException"
    }
    assert "grace" not in repr(lines)
