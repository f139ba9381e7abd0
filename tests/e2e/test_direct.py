"""Tests of direct sign-in on the deployed stack, with the same flows, tokens and limits as on AWS."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
import requests
from botocore.exceptions import ClientError

from chalicelib.gatehouse.cognito.user_pool_api import secret_hash
from chalicelib.gatehouse.store.throttle import FREE_ATTEMPTS_ACCOUNT, pause_after
from tests.e2e.stack import Stack, Visitor, forget_attempts

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module", autouse=True)
def fresh_attempts(stack: Stack) -> None:
    """Reset the counters. All end-to-end tests use one IP address, which may cause at most ten mails an hour."""
    forget_attempts(stack)


@pytest.fixture
def person(stack: Stack, request: pytest.FixtureRequest) -> Iterator[str]:
    """A person with a confirmed account. The person has no counted attempts."""
    email = f"{request.node.name.split('[')[0][-40:].strip('_')}@example.com"
    stack.create_person(email, PASSWORD)
    yield email
    stack.aws("cognito-idp").admin_delete_user(
        UserPoolId=stack.info["user_pool_id"], Username=email
    )


def sign_in(visitor: Visitor, email: str, password: str = PASSWORD) -> requests.Response:
    return visitor.post("/auth/direct/sign-in", {"email": email, "password": password})


def claims_of(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


def test_both_doors_give_the_same_answers(stack: Stack, visitor: Visitor, person: str) -> None:
    """The same person with the same groups signs in by password, and then through managed login. Every route gives the
    same response after both sign-ins."""
    cognito = stack.aws("cognito-idp")
    pool = stack.info["user_pool_id"]
    cognito.create_group(UserPoolId=pool, GroupName="readers")
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=person, GroupName="readers")
    direct = sign_in(visitor, person).json()
    hosted = Visitor(stack).managed_sign_in(person, PASSWORD)
    tokens = [answer["access_token"] for answer in (direct, hosted)]

    scopes = [set(claims_of(token)["scope"].split()) for token in tokens]
    assert scopes[0] == scopes[1] == {"openid", "email", "profile", "api/read", "api/write"}
    for path in ("/whoami", "/me"):
        answers = [visitor.get(path, token) for token in tokens]
        assert [answer.status_code for answer in answers] == [200, 200]
        told = [answer.json() for answer in answers]
        for answer in told:
            answer.pop("lastSignInAt", None)
            answer.pop("previousSignInAt", None)
            answer.pop("updatedAt", None)
            answer["scopes"] = sorted(answer.get("scopes", []))
        assert told[0] == told[1]
        assert told[0]["groups"] == ["readers"]


@pytest.mark.security("S-05")
def test_a_refreshed_direct_session_stays_without_the_user_admin_scope(
    visitor: Visitor, person: str
) -> None:
    """The trigger changes every token of the session, including the tokens of later refreshes."""
    answers = [sign_in(visitor, person).json(), visitor.refresh(), visitor.refresh()]
    for answer in answers:
        assert "aws.cognito.signin.user.admin" not in claims_of(answer["access_token"])["scope"]
        assert "api/read" in answer["scope"].split()


@pytest.mark.security("S-41")
def test_parallel_guesses_let_no_more_through_than_the_limit(stack: Stack, person: str) -> None:
    """Four Lambda workers receive fifty wrong passwords. The workers share only the table."""

    def guess(_: int) -> int:
        return sign_in(Visitor(stack), person, "wrong password!").status_code

    # Each parallel request has its own Lambda worker, as on AWS. Fifty workers at once would be too many for a laptop.
    started = time.monotonic()
    with ThreadPoolExecutor(max_workers=4) as pool:
        statuses = Counter(pool.map(guess, range(50)))
    assert set(statuses) <= {401, 429}, statuses
    assert 1 <= statuses[401] <= passed_by(time.monotonic() - started), statuses
    blocked = sign_in(Visitor(stack), person)
    assert (blocked.status_code, blocked.json()["error"]) == (429, "too_many_attempts")
    assert int(blocked.headers["Retry-After"]) > 0


def passed_by(seconds: float) -> int:
    """Return how many guesses the throttle allows in `seconds`: the guesses before the first pause, and one guess after
    each pause."""
    admitted, ends = FREE_ATTEMPTS_ACCOUNT, 0.0
    while (ends := ends + pause_after(admitted, FREE_ATTEMPTS_ACCOUNT)) <= seconds:
        admitted += 1
    return admitted


@pytest.mark.security("S-44")
def test_okta_is_open_while_an_account_is_paused(stack: Stack, person: str) -> None:
    """Somebody guesses the account's password. The owner can still sign in through the provider."""
    for _ in range(FREE_ATTEMPTS_ACCOUNT):
        sign_in(Visitor(stack), person, "wrong password!")
    assert sign_in(Visitor(stack), person).status_code == 429
    assert Visitor(stack).sign_in()["user"]["provider"] == "Okta"


def test_an_admin_created_person_chooses_a_password(stack: Stack, visitor: Visitor) -> None:
    """The sign-in first requires a new password (NEW_PASSWORD_REQUIRED). Afterwards a record exists, even though no
    event has reported that the person is confirmed."""
    email = "invited@example.com"
    stack.aws("cognito-idp").admin_create_user(
        UserPoolId=stack.info["user_pool_id"],
        Username=email,
        TemporaryPassword="temporary words 1",
        UserAttributes=[
            {"Name": "email", "Value": email},
            {"Name": "email_verified", "Value": "true"},
            {"Name": "given_name", "Value": "Ivy"},
        ],
        MessageAction="SUPPRESS",
    )
    asked = sign_in(visitor, email, "temporary words 1")
    assert (asked.status_code, asked.json()) == (
        200,
        {"challenge": {"name": "NEW_PASSWORD_REQUIRED"}},
    )
    answer = visitor.post(
        "/auth/direct/challenge", {"name": "NEW_PASSWORD_REQUIRED", "password": PASSWORD}
    )
    assert answer.status_code == 200, answer.text
    record = visitor.get("/me", answer.json()["access_token"]).json()
    assert (record["Email"], record["given_name"], record["status"]) == (email, "Ivy", "CONFIRMED")


@pytest.mark.security("S-40")
def test_strangers_and_wrong_passwords_look_alike(
    stack: Stack, visitor: Visitor, person: str
) -> None:
    """The test compares status, body and headers of the responses for a known and an unknown address. The routes are
    sign-in, sign-up, resend and forgotten password."""
    unknown = "nobody@example.com"

    def shape(answer: requests.Response) -> tuple[int, str, frozenset[str]]:
        return answer.status_code, answer.text, frozenset(answer.headers)

    for path, body in (
        ("sign-in", {"password": "wrong password!"}),
        ("sign-up", {}),
        ("resend-code", {}),
        ("forgot-password", {}),
        (
            "confirm",
            {"code": "000000", "password": PASSWORD, "given_name": "A", "family_name": "B"},
        ),
        ("reset-password", {"code": "000000", "password": PASSWORD}),
    ):
        known = visitor.post(f"/auth/direct/{path}", {"email": person, **body})
        other = visitor.post(f"/auth/direct/{path}", {"email": unknown, **body})
        assert shape(known) == shape(other), path


@pytest.mark.security("S-51")
def test_nobody_signs_up_with_groups_of_his_own(stack: Stack) -> None:
    """Somebody calls Cognito's public API instead of our page. The trigger refuses attributes that only a provider may
    set."""
    cognito = stack.aws("cognito-idp")
    client = cognito.describe_user_pool_client(
        UserPoolId=stack.info["user_pool_id"], ClientId=stack.info["client_id"]
    )["UserPoolClient"]
    email = "mallory@example.com"
    with pytest.raises(ClientError, match="GATEHOUSE_REFUSED"):
        cognito.sign_up(
            ClientId=client["ClientId"],
            SecretHash=secret_hash(email, client["ClientId"], client["ClientSecret"]),
            Username=email,
            Password=PASSWORD,
            UserAttributes=[
                {"Name": "email", "Value": email},
                {"Name": "custom:groups", "Value": "admins"},
            ],
        )


@pytest.mark.security("S-62")
def test_the_alarm_hears_of_failed_sign_ins(stack: Stack, person: str) -> None:
    """The log contains the metric in CloudWatch's format. On AWS, CloudWatch reads the metric from the log. In the
    local stack, the test itself sends the metric."""
    sign_in(Visitor(stack), person, "wrong password!")
    events = stack.aws("logs").filter_log_events(
        logGroupName="/aws/lambda/gatehouse-local", filterPattern='"FailedSignIns"'
    )["events"]
    assert events
    watch = stack.aws("cloudwatch")
    watch.put_metric_data(
        Namespace="Gatehouse",
        MetricData=[
            {
                "MetricName": "FailedSignIns",
                "Dimensions": [{"Name": "Stage", "Value": "local"}],
                "Value": 1000,
                "Unit": "Count",
            }
        ],
    )
    [alarm] = watch.describe_alarms(AlarmNames=["gatehouse-local-failed-sign-ins"])["MetricAlarms"]
    assert alarm["StateValue"] == "ALARM"


@pytest.mark.parametrize("mode", ["managed", "off"])
def test_the_other_modes_of_direct_sign_in_work(stack: Stack, mode: str, person: str) -> None:
    """With `managed`, people use Cognito's page instead of our form. With `off`, passwords do not work. Okta works in
    both modes."""
    with stack.with_setting("DIRECT_SIGN_IN", mode):
        visitor = Visitor(stack)
        config = visitor.get("/auth/config").json()
        assert (config["direct_sign_in"], config["sign_up"]) == (mode, mode == "managed")
        form = sign_in(visitor, person)
        assert (form.status_code, form.json()["error"]) == (404, "not_found")
        hosted = visitor.get("/auth/login?provider=COGNITO")
        if mode == "managed":
            assert Visitor(stack).managed_sign_in(person, PASSWORD)["user"]["email"] == person
        else:
            assert (hosted.status_code, hosted.json()["error"]) == (400, "unknown_provider")
        assert Visitor(stack).sign_in()["user"]["provider"] == "Okta"
