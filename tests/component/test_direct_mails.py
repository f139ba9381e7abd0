"""Tests of the stage's limit of mails per day. All email addresses and all source addresses count towards one limit,
whether or not an address has an account (S-41, S-40)."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.gatehouse.store.throttle import FREE_ATTEMPTS_SOURCE_OF
from tests.component.direct import EMAIL, PASSWORD, Direct, outline
from tests.doubles.aws_errors import connect_timeout
from tests.doubles.browser import Answer

LIMIT = 12
HOUR = 3600


@pytest.fixture
def stage(direct: Direct) -> Direct:
    """A stage with a limit of twelve mails a day."""
    direct.restart(mails_per_day=LIMIT)
    return direct


def ask(direct: Direct, email: str, source: int, path: str = "forgot-password") -> Answer:
    """From a new source address, send a form that causes a mail."""
    browser = direct.world.browser()
    browser.source_ip = f"198.51.{source >> 8}.{source & 255}"
    return direct.post(f"direct/{path}", browser, email=email)


def spend(direct: Direct, times: int, first: int = 0) -> None:
    for number in range(first, first + times):
        assert ask(direct, f"nobody{number}@example.org", number).status == 200


@pytest.mark.security("S-41")
def test_one_stranger_with_many_addresses_cannot_have_more_mails_sent(stage: Direct) -> None:
    """New mailboxes and new networks do not raise the limit. When the limit is reached, the server no longer calls
    Cognito, but people can still sign in."""
    spend(stage, LIMIT)
    asked = stage.pool.called("forgot_password")
    refused = ask(stage, EMAIL, 999)
    assert (refused.status, refused.json()["error"]) == (429, "too_many_attempts")
    assert refused.headers["retry-after"] == str(refused.json()["retry_after"])
    assert stage.pool.called("forgot_password") == asked
    assert stage.sign_in().status == 200


@pytest.mark.security("S-40")
@pytest.mark.parametrize("path", ["forgot-password", "resend-code"])
def test_the_budget_tells_nobody_who_has_an_account(stage: Direct, path: str) -> None:
    """Every request counts, whether or not the address has an account. The refusal is also the same."""
    for number in range(LIMIT):
        email = EMAIL if number == LIMIT // 2 else f"nobody{number}@example.org"
        assert ask(stage, email, number, path).status == 200
    refusals = [ask(stage, email, 999, path) for email in (EMAIL, "someone@example.org")]
    assert outline(refusals[0]) == outline(refusals[1])
    assert refusals[0].status == 429


@pytest.mark.security("S-41")
def test_no_day_holds_more_than_the_limit(stage: Direct) -> None:
    """The limit applies to any period of 24 hours. `Retry-After` is the exact time until the stage can send the next
    mail."""
    sent: list[float] = []
    clock = stage.world.clock
    until = clock() + 4 * 24 * HOUR
    number = 0
    while clock() < until:
        number += 1
        answer = ask(stage, f"nobody{number}@example.org", number)
        if answer.status == 200:
            sent.append(clock())
            clock.advance(40 * 60)
        else:
            clock.advance(int(answer.headers["retry-after"]))
            assert ask(stage, f"again{number}@example.org", number).status == 200
            sent.append(clock())
    assert max(sum(1 for t in sent if s <= t < s + 24 * HOUR) for s in sent) == LIMIT
    assert len(sent) >= 3 * LIMIT


@pytest.mark.security("S-41")
def test_a_refused_mail_costs_neither_address_nor_source(stage: Direct) -> None:
    """If the stage's limit refuses a request, the request does not count towards the limits of the address and the
    source."""
    spend(stage, LIMIT)
    for _ in range(2 * FREE_ATTEMPTS_SOURCE_OF["mail"]):
        assert ask(stage, EMAIL, 999).status == 429
    stage.world.clock.advance(25 * HOUR)
    for _ in range(4):
        assert ask(stage, EMAIL, 999).status == 200


@pytest.mark.security("S-41")
def test_a_source_that_is_paused_uses_up_nothing(stage: Direct) -> None:
    """The server checks the stage's limit last, so a request that is refused earlier does not count."""
    for number in range(3 * LIMIT):
        ask(stage, f"nobody{number}@example.org", 7)
    spend(stage, LIMIT - FREE_ATTEMPTS_SOURCE_OF["mail"], first=1000)
    assert ask(stage, EMAIL, 999).status == 429


def test_an_outage_gives_the_mail_back(stage: Direct) -> None:
    """Because of the outage, Cognito sends no mail. For this reason, the request does not count."""
    stage.world.functions.fault = connect_timeout()
    for _ in range(2 * LIMIT):
        assert ask(stage, EMAIL, 1).status == 503
    stage.world.functions.fault = None
    spend(stage, LIMIT, first=100)
    assert ask(stage, EMAIL, 999).status == 429


@pytest.mark.security("S-41")
def test_without_its_counter_nothing_is_sent(
    stage: Direct, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the counter cannot be read, the response is 503. The counters of the address and the source stay the same."""
    read = stage.world.dynamodb.get_item
    down = True

    def without_mails(**arguments: Any) -> Any:
        if down and arguments["Key"].get("key") == {"S": "mail/stage"}:
            raise connect_timeout()
        return read(**arguments)

    monkeypatch.setattr(stage.world.dynamodb, "get_item", without_mails)
    for _ in range(7):
        assert ask(stage, EMAIL, 1).status == 503
    assert stage.pool.called("forgot_password") == 0
    down = False
    assert ask(stage, EMAIL, 1).status == 200


def test_a_malformed_row_is_an_outage(stage: Direct) -> None:
    """If the counter's row is malformed, the server sends no further mails."""
    table = stage.world.settings.throttle_table
    for hours in ("no JSON", "[1]", '{"a": 1}', '{"1": "x"}'):
        row = {"key": {"S": "mail/stage"}, "version": {"N": "1"}, "hours": {"S": hours}}
        stage.world.dynamodb.put(table, row)
        assert ask(stage, EMAIL, 1).status == 503


@pytest.mark.security("S-62")
def test_an_operator_hears_of_it(
    stage: Direct, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """The log has an error line and a metric for the alarm, both without the address."""
    spend(stage, LIMIT)
    log_lines()
    ask(stage, EMAIL, 999)
    lines = log_lines()
    (line,) = [line for line in lines if line["event"] == "mails_used_up"]
    assert line["level"] == "error"
    assert line["retry_after"] > 0
    assert sum(line.get("MailsUsedUp", 0) for line in lines) == 1
    assert sum(line.get("ThrottledAttempts", 0) for line in lines) == 1
    assert "grace" not in repr(lines)


def test_what_sends_no_mail_is_not_counted(stage: Direct) -> None:
    """Passwords and codes have separate limits."""
    spend(stage, LIMIT)
    code = {"email": EMAIL, "code": "123456", "password": PASSWORD}
    assert stage.post("direct/reset-password", **code).status == 400
