"""Tests that send fifty guesses or mails to two containers at once. The throttle must not allow more parallel requests
than consecutive requests (S-41)."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app import gate
from chalicelib.gatehouse.cognito.user_pool_api import Visitor
from chalicelib.gatehouse.errors import GatehouseError
from chalicelib.gatehouse.mail_requests import RESET
from chalicelib.gatehouse.services import Services
from chalicelib.gatehouse.store.throttle import FREE_ATTEMPTS_ACCOUNT
from tests.component.direct import DEVICE_COOKIE, EMAIL, WRONG, Direct


@pytest.mark.security("S-41")
def test_parallel_guesses_do_not_slip_past_the_limit(
    direct: Direct, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each write to DynamoDB is atomic. The throttle first reads and then writes, and this sequence must be atomic as
    well."""
    _make_writes_atomic(direct, monkeypatch)
    read = direct.world.dynamodb.get_item
    everybody = threading.Barrier(50)
    seen = threading.local()

    def read_together(**arguments: Any) -> dict[str, Any]:
        """Let every request read the account's counter before any request writes it. With this order, an unsafe
        throttle would allow the most guesses."""
        answer = read(**arguments)
        if "/account/" in arguments["Key"]["key"]["S"] and not hasattr(seen, "once"):
            seen.once = True
            everybody.wait()
        return answer

    monkeypatch.setattr(direct.world.dynamodb, "get_item", read_together)
    containers = [gate.services]
    direct.restart()
    containers.append(gate.services)
    assert containers[0] is not containers[1]
    for container in containers:
        container.tokens.load_keys()

    def guess(number: int) -> str:
        try:
            containers[number % 2].direct_sign_in.sign_in(
                email=EMAIL,
                password=WRONG,
                remember=False,
                captcha_token=None,
                visitor=Visitor(f"198.51.100.{number}", "app.example.org", "/api"),
                cookies={},
            )
        except GatehouseError as error:
            return error.code
        return "signed in"

    with ThreadPoolExecutor(50) as pool:
        outcomes = list(pool.map(guess, range(50)))
    assert set(outcomes) == {"invalid_credentials", "too_many_attempts"}
    assert 1 <= direct.pool.called("admin_initiate_auth") <= FREE_ATTEMPTS_ACCOUNT


@pytest.mark.security("S-71")
def test_nor_do_parallel_guesses_of_many_known_browsers(
    direct: Direct, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each browser has a separate device cookie and source address."""
    _make_writes_atomic(direct, monkeypatch)
    known = []
    for _ in range(20):
        browser = direct.world.browser()
        assert direct.sign_in(browser=browser).status == 200
        known.append(browser.cookies[DEVICE_COOKIE].value)
    asked = direct.pool.called("admin_initiate_auth")

    def guess(container: Services, number: int) -> None:
        container.direct_sign_in.sign_in(
            email=EMAIL,
            password=WRONG,
            remember=False,
            captcha_token=None,
            visitor=_visitor(number, known[number]),
            cookies={},
        )

    outcomes = _at_once(direct, 20, guess)
    assert set(outcomes) == {"invalid_credentials", "too_many_attempts"}
    assert 1 <= direct.pool.called("admin_initiate_auth") - asked <= FREE_ATTEMPTS_ACCOUNT


@pytest.mark.security("S-41")
def test_nor_do_parallel_mails_slip_past_the_stages_day(
    direct: Direct, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty sources request mails to fifty addresses."""
    _make_writes_atomic(direct, monkeypatch)
    direct.restart(mails_per_day=5)
    read = direct.world.dynamodb.get_item
    everybody = threading.Barrier(50)
    seen = threading.local()

    def read_together(**arguments: Any) -> dict[str, Any]:
        """Let every request read the counter before any request writes it."""
        answer = read(**arguments)
        if arguments["Key"] == {"key": {"S": "mail/stage"}} and not hasattr(seen, "once"):
            seen.once = True
            everybody.wait(10)
        return answer

    monkeypatch.setattr(direct.world.dynamodb, "get_item", read_together)

    def ask(container: Services, number: int) -> None:
        container.accounts.send_code(
            RESET, email=f"nobody{number}@example.org", visitor=_visitor(number, None)
        )

    outcomes = _at_once(direct, 50, ask)
    assert set(outcomes) == {"", "too_many_attempts"}
    assert 1 <= len(direct.world.functions.events) <= 5


def _make_writes_atomic(direct: Direct, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make writes to the test double atomic, as DynamoDB's writes are."""
    lock = threading.Lock()
    update = direct.world.dynamodb.update_item

    def one_by_one(**arguments: Any) -> dict[str, Any]:
        with lock:
            return update(**arguments)

    monkeypatch.setattr(direct.world.dynamodb, "update_item", one_by_one)


def _visitor(number: int, device_cookie: str | None) -> Visitor:
    return Visitor(f"198.51.100.{number}", "app.example.org", "/api", device_cookie=device_cookie)


def _at_once(direct: Direct, crowd: int, act: Callable[[Services, int], None]) -> list[str]:
    """Send many requests to two containers at the same moment. Return the error code of each response, or an empty
    string."""
    containers = [gate.services]
    direct.restart()
    containers.append(gate.services)
    for container in containers:
        container.tokens.load_keys()
    everybody = threading.Barrier(crowd)

    def one(number: int) -> str:
        everybody.wait(10)
        try:
            act(containers[number % 2], number)
        except GatehouseError as error:
            return error.code
        return ""

    with ThreadPoolExecutor(crowd) as pool:
        return list(pool.map(one, range(crowd)))
