"""Sign-up, confirm, resend, forgot, reset: an address's answers do not tell whether it is known (S-40)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib.flows.credentials import MIN_PASSWORD_LENGTH
from tests.component.direct import (
    EMAIL,
    PASSWORD,
    SESSION_COOKIE,
    STRANGER,
    WRONG,
    Direct,
    outline,
)
from tests.doubles.aws_errors import connect_timeout
from tests.doubles.browser import Answer
from tests.doubles.pool_users import PoolUser
from tests.doubles.user_pool_core import refusal

NEW = "new@example.org"
NAMES = {"given_name": "Katherine", "family_name": "Johnson"}
NEW_PASSWORD = "another horse 34"


def sign_up(direct: Direct, email: str = NEW, **changes: Any) -> Answer:
    return direct.post(
        "direct/sign-up", **{"email": email, "password": PASSWORD, **NAMES, **changes}
    )


def test_sign_up_confirm_and_sign_in(direct: Direct) -> None:
    """The whole way; the record is PENDING until the code, then CONFIRMED, with the names."""
    started = sign_up(direct)
    assert (started.status, started.json()) == (200, {})
    (record,) = direct.world.users().values()
    assert record["status"] == "PENDING"
    assert direct.sign_in(NEW).status == 401
    confirmed = direct.post("direct/confirm", email=NEW, code=direct.pool.last_code("sign-up"))
    assert (confirmed.status, confirmed.json()) == (200, {})
    assert direct.sign_in(NEW).json()["user"]["given_name"] == "Katherine"
    record = next(r for r in direct.world.users().values() if r.get("lastSignInAt"))
    assert (record["status"], record["Email"]) == ("CONFIRMED", NEW)


def test_the_code_comes_again_and_the_older_one_is_dead(direct: Direct) -> None:
    sign_up(direct)
    first = direct.pool.last_code("sign-up")
    assert direct.post("direct/resend-code", email=NEW).json() == {}
    second = direct.pool.last_code("sign-up")
    if first != second:
        assert direct.post("direct/confirm", email=NEW, code=first).status == 400
    assert direct.post("direct/confirm", email=NEW, code=second).status == 200


def test_a_forgotten_password_is_replaced(direct: Direct) -> None:
    """After which the pause that wrong guesses opened is over."""
    for _ in range(6):
        last = direct.sign_in(password=WRONG)
    assert last.status == 429
    assert direct.post("direct/forgot-password", email=EMAIL).json() == {}
    code = direct.pool.last_code("reset")
    wrong = direct.post("direct/reset-password", email=EMAIL, code="000000", password=NEW_PASSWORD)
    assert (wrong.status, wrong.json()["error"]) == (400, "invalid_code")
    done = direct.post("direct/reset-password", email=EMAIL, code=code, password=NEW_PASSWORD)
    assert (done.status, done.json()) == (200, {})
    assert direct.sign_in(password=NEW_PASSWORD).status == 200


def reset_password(direct: Direct) -> Answer:
    """Set a new password by mail, from a browser that is not signed in."""
    elsewhere = direct.world.browser()
    direct.post("direct/forgot-password", elsewhere, email=EMAIL)
    code = direct.pool.last_code("reset")
    return direct.post(
        "direct/reset-password", elsewhere, email=EMAIL, code=code, password=NEW_PASSWORD
    )


@pytest.mark.security("S-36")
def test_a_new_password_ends_the_sessions_of_the_old_one(direct: Direct) -> None:
    """Those of this person, and nobody else's."""
    direct.sign_in()
    bystander = direct.world.browser()
    direct.world.sign_in(bystander)
    assert reset_password(direct).status == 200
    ended = direct.browser.post("/auth/refresh")
    assert (ended.status, ended.json()["error"]) == (401, "session_expired")
    assert SESSION_COOKIE not in direct.browser.cookies
    assert bystander.post("/auth/refresh").status == 200


@pytest.mark.parametrize("code", ["InternalErrorException", "UserNotFoundException"])
def test_a_new_password_stands_where_sessions_cannot_be_ended(
    direct: Direct, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The person has it and must be told so; the operator hears of the rest."""
    direct.pool.fail("admin_user_global_sign_out", refusal(code, "AdminUserGlobalSignOut"))
    assert reset_password(direct).status == 200
    assert "sessions_not_ended" in capsys.readouterr().out
    assert direct.sign_in(password=NEW_PASSWORD).status == 200


def people(direct: Direct) -> dict[str, str]:
    """Addresses of every state; the first is unknown."""
    states: dict[str, dict[str, Any]] = {
        "confirmed": {},
        "unconfirmed": {"status": "UNCONFIRMED"},
        "created": {"status": "FORCE_CHANGE_PASSWORD"},
        "disabled": {"enabled": False},
        "federated": {"provider": "Okta", "username": "okta_x"},
    }
    found = {"unknown": STRANGER, "unknown again": "nobody2@example.org"}
    for name, fields in states.items():
        found[name] = f"{name}@example.org"
        direct.pool.add(PoolUser(found[name], PASSWORD, **fields))
    return found


Request = Callable[[Direct, str], Answer]
REQUESTS: dict[str, Request] = {
    "sign-up": sign_up,
    "weak sign-up": lambda d, email: sign_up(d, email, password="short"),
    "resend-code": lambda d, email: d.post("direct/resend-code", email=email),
    "forgot-password": lambda d, email: d.post("direct/forgot-password", email=email),
    "confirm": lambda d, email: d.post("direct/confirm", email=email, code="000000"),
    "reset-password": lambda d, email: d.post(
        "direct/reset-password", email=email, code="000000", password=NEW_PASSWORD
    ),
    "weak reset": lambda d, email: d.post(
        "direct/reset-password", email=email, code="000000", password="short"
    ),
}


@pytest.mark.security("S-40")
@pytest.mark.parametrize("name", REQUESTS)
def test_every_address_gets_the_same_answer(direct: Direct, name: str) -> None:
    """Unknown, confirmed, unconfirmed, created, disabled, federated: status, body, headers, cookies."""
    found = {
        state: outline(REQUESTS[name](direct, email)) for state, email in people(direct).items()
    }
    assert len({repr(shape) for shape in found.values()}) == 1, found


FAULTS = [
    ("sign-up", "sign_up", "SignUp", "LimitExceededException"),
    ("sign-up", "sign_up", "SignUp", "NotAuthorizedException"),
    ("resend-code", "resend_confirmation_code", "ResendConfirmationCode", "LimitExceededException"),
    ("resend-code", "resend_confirmation_code", "ResendConfirmationCode", "UserNotFoundException"),
    ("forgot-password", "forgot_password", "ForgotPassword", "LimitExceededException"),
    ("forgot-password", "forgot_password", "ForgotPassword", "CodeDeliveryFailureException"),
    ("confirm", "confirm_sign_up", "ConfirmSignUp", "LimitExceededException"),
    ("confirm", "confirm_sign_up", "ConfirmSignUp", "TooManyFailedAttemptsException"),
    ("confirm", "confirm_sign_up", "ConfirmSignUp", "AliasExistsException"),
    ("reset-password", "confirm_forgot_password", "ConfirmForgotPassword", "LimitExceededException"),
    ("reset-password", "confirm_forgot_password", "ConfirmForgotPassword", "UserNotConfirmedException"),
    ("reset-password", "confirm_forgot_password", "ConfirmForgotPassword", "ExpiredCodeException"),
]  # fmt: skip


@pytest.mark.security("S-40")
@pytest.mark.parametrize(("request_name", "call", "operation", "code"), FAULTS)
def test_what_cognito_says_of_known_addresses_only_stays_inside(
    direct: Direct, request_name: str, call: str, operation: str, code: str
) -> None:
    """Limits, failed deliveries and states occur for existing people; the answer is the stranger's."""
    stranger = outline(REQUESTS[request_name](direct, STRANGER))
    direct.pool.fail(call, refusal(code, operation))
    assert outline(REQUESTS[request_name](direct, EMAIL)) == stranger


@pytest.mark.security("S-40")
def test_a_mail_that_cannot_be_sent_is_an_operators_matter(
    direct: Direct, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """A failed delivery happens to new addresses only: the answer must not say so, the log must."""
    direct.pool.undeliverable = "CodeDeliveryFailureException"
    assert outline(sign_up(direct, NEW)) == outline(sign_up(direct, EMAIL))
    errors = [
        line
        for line in log_lines()
        if line["event"] == "account_refused" and line["level"] == "error"
    ]
    assert [line["detail"] for line in errors] == ["CodeDeliveryFailureException"]


@pytest.mark.security("S-40")
def test_a_refused_domain_is_refused_whoever_it_is(direct: Direct) -> None:
    """Clear, and before Cognito: our rule must not tell an existing address from a new one."""
    direct.restart(sign_up_refused_domains=frozenset({"example.org"}))
    answers = [sign_up(direct, email) for email in (EMAIL, STRANGER)]
    assert [(a.status, a.json()["error"]) for a in answers] == [(403, "sign_up_refused")] * 2
    assert direct.pool.called("sign_up") == 0


def test_the_triggers_own_refusal_is_told(direct: Direct) -> None:
    """Rules that only the trigger knows (another release, another stage's setting) come back as the same answer."""
    message = "PreSignUp failed with error GATEHOUSE_REFUSED: This address may not sign up here.."
    direct.pool.fail("sign_up", refusal("UserLambdaValidationException", "SignUp", message))
    answer = sign_up(direct)
    assert (answer.status, answer.json()["error"]) == (403, "sign_up_refused")


@pytest.mark.security("S-46")
@pytest.mark.parametrize(
    "password", ["short", "x" * 11, "x" * 257, " outer space 12", "outer space 12\t"]
)
def test_a_password_against_the_rules_never_reaches_cognito(direct: Direct, password: str) -> None:
    answer = sign_up(direct, password=password)
    assert (answer.status, answer.json()["error"]) == (400, "invalid_password")
    assert answer.json()["requirements"] == {
        "min_length": 12,
        "max_length": 256,
        "outer_spaces": False,
    }
    assert direct.pool.calls == []


def test_our_rules_are_the_pools() -> None:
    """The template's policy and ours are one number."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda loader, suffix, node: None)
    template = Path(__file__).resolve().parents[2] / "ops" / "templates" / "identity.yaml"
    pool = yaml.load(template.read_text(), Loader)["Resources"]["UserPool"]["Properties"]
    policy = pool["Policies"]["PasswordPolicy"]
    assert policy["MinimumLength"] == MIN_PASSWORD_LENGTH
    assert not any(
        policy[f"Require{kind}"] for kind in ("Lowercase", "Uppercase", "Numbers", "Symbols")
    )


@pytest.mark.security("S-41")
@pytest.mark.parametrize("path", ["resend-code", "forgot-password"])
@pytest.mark.parametrize("email", [EMAIL, STRANGER])
def test_mails_are_throttled(direct: Direct, path: str, email: str) -> None:
    """Nobody's mailbox is filled; known and unknown alike."""
    statuses = [direct.post(f"direct/{path}", email=email).status for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    assert len(direct.pool.sent) <= 5
    assert len(direct.pool.calls) == 5


@pytest.mark.security("S-41")
@pytest.mark.parametrize("name", ["confirm", "reset-password"])
@pytest.mark.parametrize("email", [EMAIL, STRANGER])
def test_wrong_mailed_codes_are_throttled(direct: Direct, name: str, email: str) -> None:
    statuses = [REQUESTS[name](direct, email).status for _ in range(6)]
    assert statuses == [400] * 5 + [429]
    assert len(direct.pool.calls) == 5


@pytest.mark.parametrize("name", REQUESTS)
def test_outages_are_503_for_everybody(direct: Direct, name: str) -> None:
    calls = {
        "sign-up": "sign_up",
        "resend-code": "resend_confirmation_code",
        "forgot-password": "forgot_password",
        "confirm": "confirm_sign_up",
        "reset-password": "confirm_forgot_password",
    }
    if name not in calls:
        return
    for email in (EMAIL, STRANGER):
        direct.pool.fail(calls[name], connect_timeout())
        assert REQUESTS[name](direct, email).status == 503


@pytest.mark.parametrize(
    "changes",
    [
        {"given_name": ""},
        {"family_name": "  "},
        {"given_name": "a\nb"},
        {"family_name": 7},
        {"given_name": "x" * 101},
        {"email": "x" * 120 + "@example.org"},
    ],
)
def test_a_malformed_sign_up_is_a_400(direct: Direct, changes: dict[str, Any]) -> None:
    assert sign_up(direct, **changes).status == 400
    assert direct.pool.calls == []


@pytest.mark.security("S-42")
def test_cognito_hears_the_callers_address(direct: Direct) -> None:
    for name in REQUESTS:
        REQUESTS[name](direct, EMAIL)
    sent = [arguments["UserContextData"] for _, arguments in direct.pool.calls]
    assert sent == [{"IpAddress": "192.0.2.7"}] * 5


@pytest.mark.security("S-51")
def test_a_sign_up_sets_nothing_but_the_three_attributes(direct: Direct) -> None:
    sign_up(direct, **{"custom:groups": "admins", "attributes": {"custom:groups": "admins"}})
    names = {entry["Name"] for entry in direct.pool.calls[0][1]["UserAttributes"]}
    assert names == {"email", "given_name", "family_name"}
