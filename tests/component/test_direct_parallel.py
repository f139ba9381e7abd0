"""Fifty guesses at once, from two containers: the throttle lets through what it would let through one by one (S-41)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib import services
from chalicelib.cognito.user_pool_api import Origin
from chalicelib.errors import GatehouseError
from chalicelib.store.throttle import FREE_ATTEMPTS_ACCOUNT
from tests.component.direct import EMAIL, WRONG, Direct


@pytest.mark.security("S-41")
def test_parallel_guesses_do_not_slip_past_the_limit(
    direct: Direct, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DynamoDB's writes are atomic one by one; what the store makes of them must be atomic too."""
    lock = threading.Lock()
    update = direct.world.dynamodb.update_item

    def one_by_one(**arguments: Any) -> dict[str, Any]:
        with lock:
            return update(**arguments)

    read = direct.world.dynamodb.get_item
    everybody = threading.Barrier(50)
    seen = threading.local()

    def read_together(**arguments: Any) -> dict[str, Any]:
        """Everybody has read the account's counter before anybody writes it: the worst order there is."""
        answer = read(**arguments)
        if "/account/" in arguments["Key"]["key"]["S"] and not hasattr(seen, "once"):
            seen.once = True
            everybody.wait()
        return answer

    monkeypatch.setattr(direct.world.dynamodb, "update_item", one_by_one)
    monkeypatch.setattr(direct.world.dynamodb, "get_item", read_together)
    containers = [services.current()]
    direct.restart()
    containers.append(services.current())
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
                origin=Origin(f"198.51.100.{number}", "app.example.org", "/api"),
                cookies={},
            )
        except GatehouseError as error:
            return error.code
        return "signed in"

    with ThreadPoolExecutor(50) as pool:
        outcomes = list(pool.map(guess, range(50)))
    assert set(outcomes) == {"invalid_credentials", "too_many_attempts"}
    assert 1 <= direct.pool.called("admin_initiate_auth") <= FREE_ATTEMPTS_ACCOUNT
