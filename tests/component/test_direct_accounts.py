"""Tests of the routes for sign-up, confirmation, resend, forgotten password and reset. Each route gives the same
response, whether or not the address has an account (S-40)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from app import gate
from chalicelib.gatehouse.flows.credentials import MIN_PASSWORD_LENGTH
from tests.component.direct import (
    EMAIL,
    PASSWORD,
    SESSION_COOKIE,
    STRANGER,
    WRONG,
    Direct,
    outline,
)
from tests.doubles.aws_errors import client_error, connect_timeout
from tests.doubles.browser import Answer, Browser, LambdaContext
from tests.doubles.pool_users import PoolUser
from tests.doubles.user_pool_core import refusal

NEW = "new@example.org"
NAMES = {"given_name": "Katherine", "family_name": "Johnson"}
NEW_PASSWORD = "another horse 34"


def sign_up(direct: Direct, email: str = NEW, browser: Browser | None = None) -> Answer:
    return direct.post("direct/sign-up", browser, email=email)


def confirm(
    direct: Direct, email: str = NEW, browser: Browser | None = None, **changes: Any
) -> Answer:
    """Enter a code together with a password and names. The default is the code that was mailed last."""
    body = {"code": "000000", "password": PASSWORD, **NAMES, **changes}
    return direct.post("direct/confirm", browser, email=email, **body)


def test_sign_up_confirm_and_sign_in(direct: Direct) -> None:
    """Before the person enters the code, the record is PENDING. Afterwards it is CONFIRMED, and contains the names and
    the proof of the mailbox."""
    started = sign_up(direct)
    assert (started.status, started.json()) == (200, {})
    (record,) = direct.world.users().values()
    assert (record["status"], record["madeBy"]) == ("PENDING", "gatehouse")
    assert direct.sign_in(NEW).status == 401
    confirmed = confirm(direct, code=direct.pool.last_code("sign-up"))
    assert (confirmed.status, confirmed.json()) == (200, {})
    assert direct.sign_in(NEW).json()["user"]["given_name"] == "Katherine"
    (record,) = direct.world.users().values()
    assert (record["status"], record["Email"]) == ("CONFIRMED", NEW)
    assert (record["given_name"], record["family_name"]) == ("Katherine", "Johnson")
    assert record["provedAt"]
    assert "expiresAt" not in record


def test_the_code_comes_again_and_the_older_one_is_dead(direct: Direct) -> None:
    sign_up(direct)
    first = direct.pool.last_code("sign-up")
    assert direct.post("direct/resend-code", email=NEW).json() == {}
    second = direct.pool.last_code("sign-up")
    if first != second:
        assert confirm(direct, code=first).status == 400
    assert confirm(direct, code=second).status == 200


def test_a_forgotten_password_is_replaced(direct: Direct) -> None:
    """A pause after wrong guesses ends when the person sets a new password."""
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
    """Set a new password with a mailed code, in a browser without a session."""
    elsewhere = direct.world.browser()
    direct.post("direct/forgot-password", elsewhere, email=EMAIL)
    code = direct.pool.last_code("reset")
    return direct.post(
        "direct/reset-password", elsewhere, email=EMAIL, code=code, password=NEW_PASSWORD
    )


@pytest.mark.security("S-36")
def test_a_new_password_ends_the_sessions_of_the_old_one(direct: Direct) -> None:
    """All sessions of the person end. Sessions of other people continue."""
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
    """The new password is set, and the response reports success. The log says that the server could not end the
    sessions."""
    direct.pool.fail("admin_user_global_sign_out", refusal(code, "AdminUserGlobalSignOut"))
    assert reset_password(direct).status == 200
    assert "sessions_not_ended" in capsys.readouterr().out
    assert direct.sign_in(password=NEW_PASSWORD).status == 200


def people(direct: Direct) -> dict[str, str]:
    """Create a person in every state. Return the addresses of these people, together with two addresses without an
    account."""
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
    "resend-code": lambda d, email: d.post("direct/resend-code", email=email),
    "forgot-password": lambda d, email: d.post("direct/forgot-password", email=email),
    "confirm": confirm,
    "weak confirm": lambda d, email: confirm(d, email, password="short"),
    "reset-password": lambda d, email: d.post(
        "direct/reset-password", email=email, code="000000", password=NEW_PASSWORD
    ),
    "weak reset": lambda d, email: d.post(
        "direct/reset-password", email=email, code="000000", password="short"
    ),
}
MAILS = ("sign-up", "resend-code", "forgot-password")


@pytest.mark.security("S-40")
@pytest.mark.parametrize("name", REQUESTS)
def test_every_address_gets_the_same_answer(direct: Direct, name: str) -> None:
    """The test compares status, body, headers and cookies for all addresses of `people`."""
    found = {
        state: outline(REQUESTS[name](direct, email)) for state, email in people(direct).items()
    }
    assert len({repr(shape) for shape in found.values()}) == 1, found


CODES = [
    ("confirm", "confirm_forgot_password", "ConfirmForgotPassword", "LimitExceededException"),
    ("confirm", "confirm_forgot_password", "ConfirmForgotPassword", "TooManyFailedAttemptsException"),
    ("reset-password", "confirm_forgot_password", "ConfirmForgotPassword", "LimitExceededException"),
    ("reset-password", "confirm_forgot_password", "ConfirmForgotPassword", "UserNotConfirmedException"),
    ("reset-password", "confirm_forgot_password", "ConfirmForgotPassword", "ExpiredCodeException"),
]  # fmt: skip


@pytest.mark.security("S-40")
@pytest.mark.parametrize(("request_name", "call", "operation", "code"), CODES)
def test_what_cognito_says_of_known_addresses_only_stays_inside(
    direct: Direct, request_name: str, call: str, operation: str, code: str
) -> None:
    """Some errors of Cognito exist only for addresses with an account. The response must then be the same as for an
    address without an account."""
    stranger = outline(REQUESTS[request_name](direct, STRANGER))
    direct.pool.fail(call, refusal(code, operation))
    assert outline(REQUESTS[request_name](direct, EMAIL)) == stranger


@pytest.mark.security("S-40")
@pytest.mark.parametrize("code", ["LimitExceededException", "AliasExistsException"])
def test_nor_what_it_says_of_an_address_that_waits(direct: Direct, code: str) -> None:
    stranger = outline(confirm(direct, STRANGER))
    sign_up(direct)
    direct.pool.fail("confirm_sign_up", refusal(code, "ConfirmSignUp"))
    assert outline(confirm(direct, NEW)) == stranger


MAIL_FAULTS = [
    (NEW, "sign_up", "SignUp", "LimitExceededException", "error"),
    (NEW, "sign_up", "SignUp", "CodeDeliveryFailureException", "error"),
    (NEW, "sign_up", "SignUp", "NotAuthorizedException", "info"),
    (EMAIL, "forgot_password", "ForgotPassword", "LimitExceededException", "error"),
    (EMAIL, "forgot_password", "ForgotPassword", "CodeDeliveryFailureException", "error"),
    (EMAIL, "forgot_password", "ForgotPassword", "UserNotFoundException", "info"),
]


@pytest.mark.security("S-40")
@pytest.mark.parametrize(("email", "call", "operation", "code", "level"), MAIL_FAULTS)
def test_a_mail_that_cannot_be_sent_is_an_operators_matter(
    direct: Direct,
    email: str,
    call: str,
    operation: str,
    code: str,
    level: str,
    log_lines: Callable[[], list[dict[str, Any]]],
) -> None:
    """Every response stays the same, and the log reports that the mail was not sent. Lambda does not call the function
    again."""
    direct.pool.fail(call, refusal(code, operation))
    assert outline(sign_up(direct, email)) == outline(sign_up(direct, STRANGER))
    (line,) = [line for line in log_lines() if line["event"] == "account_refused"]
    assert (line["detail"], line["level"], line["request"]) == (code, level, "sign-up")
    assert direct.world.functions.failed == []


@pytest.mark.security("S-73")
@pytest.mark.parametrize("name", MAILS)
def test_a_request_for_a_mail_waits_for_nothing_that_depends_on_the_address(
    direct: Direct, name: str
) -> None:
    """The route passes the address to a function and responds at once. Cognito and the users table are queried by the
    function alone."""
    found = people(direct)
    direct.world.functions.holding = True
    # Read the providers first, so that they are in the container's cache for a minute.
    REQUESTS[name](direct, "first@example.org")
    asked = []
    for email in found.values():
        before = len(direct.world.dynamodb.calls)
        assert REQUESTS[name](direct, email).status == 200
        asked.append(direct.world.dynamodb.calls[before:])
    assert direct.pool.calls == []
    assert all(calls == asked[0] for calls in asked)
    direct.world.functions.run()
    assert direct.pool.calls != []


def test_a_mail_that_an_outage_kept_back_is_lambdas_to_try_again(direct: Direct) -> None:
    """The function fails, so Lambda later calls it again with the same event. The person then receives the mail."""
    direct.pool.fail("sign_up", connect_timeout())
    assert sign_up(direct).status == 200
    assert [str(error) for error in direct.world.functions.failed] != []
    assert direct.pool.sent == []
    ((name, event),) = direct.world.functions.events
    direct.world.functions.invoke(
        FunctionName=name, InvocationType="Event", Payload=json.dumps(event).encode()
    )
    assert [kind for _, kind, _ in direct.pool.sent] == ["sign-up"]


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        {},
        {"kind": "sign-up"},
        {"kind": "x", "email": "a@b.example", "ip": "", "lock": ""},
    ],
)
def test_the_mail_function_takes_nothing_but_our_requests(
    direct: Direct, event: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """The function ignores any other event. If it failed instead, Lambda would retry the event again and again."""
    gate.account_mail(event, LambdaContext())
    assert "account_mail_refused" in capsys.readouterr().out
    assert direct.pool.calls == []


@pytest.mark.security("S-40")
def test_a_refused_domain_is_refused_whoever_it_is(direct: Direct) -> None:
    """The server refuses the domain before it calls Cognito. So the refusal does not reveal whether the address has an
    account."""
    direct.restart(sign_up_refused_domains=frozenset({"example.org"}))
    answers = [sign_up(direct, email) for email in (EMAIL, STRANGER)]
    assert [(a.status, a.json()["error"]) for a in answers] == [(403, "sign_up_refused")] * 2
    assert direct.pool.called("sign_up") == 0


def test_the_triggers_own_refusal_is_logged(
    direct: Direct, capsys: pytest.CaptureFixture[str]
) -> None:
    """Our form may accept an address that the trigger refuses, because the trigger is of another release or has other
    settings. In this case, the function sends no mail, and the log gives the reason."""
    message = "PreSignUp failed with error GATEHOUSE_REFUSED: This address may not sign up here.."
    direct.pool.fail("sign_up", refusal("UserLambdaValidationException", "SignUp", message))
    assert sign_up(direct).status == 200
    assert "UserLambdaValidationException" in capsys.readouterr().out


@pytest.mark.security("S-46")
@pytest.mark.parametrize("name", ["confirm", "reset-password"])
@pytest.mark.parametrize(
    "password", ["short", "x" * 11, "x" * 257, " outer space 12", "outer space 12\t"]
)
def test_a_password_against_the_rules_never_reaches_cognito(
    direct: Direct, name: str, password: str
) -> None:
    answer = direct.post(f"direct/{name}", email=NEW, code="000000", password=password, **NAMES)
    assert (answer.status, answer.json()["error"]) == (400, "invalid_password")
    assert answer.json()["requirements"] == {
        "min_length": 12,
        "max_length": 256,
        "outer_spaces": False,
    }
    assert direct.pool.calls == []


def test_our_rules_are_the_pools() -> None:
    """Our form and the template's policy require the same length of passwords. The policy requires no kinds of
    characters."""

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
@pytest.mark.parametrize("name", MAILS)
@pytest.mark.parametrize("email", [EMAIL, STRANGER])
def test_mails_are_throttled(direct: Direct, name: str, email: str) -> None:
    """The limit protects a mailbox from too many mails. The limit is the same with and without an account."""
    statuses = [REQUESTS[name](direct, email).status for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    assert len(direct.pool.sent) <= 5
    assert len(direct.world.functions.events) == 5


@pytest.mark.security("S-41")
@pytest.mark.parametrize("name", ["confirm", "reset-password"])
@pytest.mark.parametrize("email", [EMAIL, STRANGER])
def test_wrong_mailed_codes_are_throttled(direct: Direct, name: str, email: str) -> None:
    statuses = [REQUESTS[name](direct, email).status for _ in range(6)]
    assert statuses == [400] * 5 + [429]
    assert direct.pool.called("confirm_forgot_password") == 5


@pytest.mark.parametrize("name", MAILS)
def test_no_request_is_taken_that_cannot_be_handed_over(direct: Direct, name: str) -> None:
    for email in (EMAIL, STRANGER):
        direct.world.functions.fault = connect_timeout()
        assert REQUESTS[name](direct, email).status == 503
        direct.world.functions.fault = client_error("TooManyRequestsException")
        assert REQUESTS[name](direct, email).status == 503


@pytest.mark.parametrize("name", ["confirm", "reset-password"])
@pytest.mark.parametrize("call", ["admin_get_user", "confirm_forgot_password"])
def test_outages_are_503_for_everybody(direct: Direct, name: str, call: str) -> None:
    for email in (EMAIL, STRANGER):
        direct.pool.fail(call, connect_timeout())
        assert REQUESTS[name](direct, email).status == 503


@pytest.mark.parametrize(
    "changes",
    [
        {"given_name": ""},
        {"family_name": "  "},
        {"given_name": "a\nb"},
        {"family_name": 7},
        {"given_name": "x" * 101},
        {"given_name": None},
        {"email": "x" * 120 + "@example.org"},
    ],
)
def test_a_malformed_confirmation_is_a_400(direct: Direct, changes: dict[str, Any]) -> None:
    body = {"email": NEW, "code": "000000", "password": PASSWORD, **NAMES, **changes}
    assert direct.post("direct/confirm", **body).status == 400
    assert direct.pool.calls == []


@pytest.mark.security("S-42")
def test_cognito_hears_the_callers_address(direct: Direct) -> None:
    for request in REQUESTS.values():
        request(direct, EMAIL)
    sent = [arguments.get("UserContextData") for _, arguments in direct.pool.calls]
    assert [each for each in sent if each] == [{"IpAddress": "192.0.2.7"}] * 5


@pytest.mark.security("S-51")
@pytest.mark.security("S-67")
def test_a_sign_up_sets_the_address_and_nothing_else(direct: Direct) -> None:
    direct.post(
        "direct/sign-up",
        email=NEW,
        **NAMES,
        **{"custom:groups": "admins", "attributes": {"custom:groups": "admins"}},
    )
    (sent,) = [arguments for name, arguments in direct.pool.calls if name == "sign_up"]
    assert sent["UserAttributes"] == [{"Name": "email", "Value": NEW}]
