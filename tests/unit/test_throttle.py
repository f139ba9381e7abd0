"""Tests of the throttle, which limits guesses with growing pauses. No pause is permanent."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.gatehouse.errors import TemporarilyUnavailable, TooManyAttempts
from chalicelib.gatehouse.store.throttle import (
    FIRST_PAUSE_SECONDS,
    FORGOTTEN_AFTER_SECONDS,
    FREE_ATTEMPTS_ACCOUNT,
    FREE_ATTEMPTS_SOURCE,
    FREE_ATTEMPTS_SOURCE_OF,
    LONGEST_PAUSE_SECONDS,
    ThrottleStore,
    canonical_account,
    canonical_source,
    pause_after,
)
from tests.doubles.aws_errors import client_error
from tests.doubles.clock import Clock
from tests.doubles.dynamodb import DynamoDBDouble

TABLE = "throttle"
ANN = "ann@example.com"
SOURCE = "198.51.100.7"


class AtomicDynamoDB(DynamoDBDouble):
    """The test double of DynamoDB for tests with threads: each call is atomic, as in the real service."""

    def __init__(self, tables: dict[str, tuple[str, frozenset[str]]]) -> None:
        super().__init__(tables)
        self._lock = threading.Lock()

    def get_item(self, **arguments: Any) -> dict[str, Any]:
        with self._lock:
            return super().get_item(**arguments)

    def update_item(self, **arguments: Any) -> dict[str, Any]:
        with self._lock:
            return super().update_item(**arguments)


@pytest.fixture
def database() -> DynamoDBDouble:
    return AtomicDynamoDB({TABLE: ("key", frozenset())})


@pytest.fixture
def throttle(database: DynamoDBDouble, clock: Clock) -> ThrottleStore:
    return ThrottleStore(database, TABLE, clock, lambda: b"pepper" * 6)


def spend(throttle: ThrottleStore, times: int, account: str | None = ANN) -> None:
    for _ in range(times):
        throttle.take("sign-in", account, SOURCE)


def wait_for(call: Callable[[], None]) -> int:
    with pytest.raises(TooManyAttempts) as refused:
        call()
    assert refused.value.retry_after is not None
    return refused.value.retry_after


@pytest.mark.security("S-41")
def test_the_free_attempts_pass_and_the_next_one_waits(throttle: ThrottleStore) -> None:
    """The first five guesses at an account cause no refusal. Then the throttle refuses attempts for fifteen seconds."""
    spend(throttle, FREE_ATTEMPTS_ACCOUNT)
    assert wait_for(lambda: spend(throttle, 1)) == FIRST_PAUSE_SECONDS


@pytest.mark.security("S-41")
def test_each_further_attempt_doubles_the_pause(throttle: ThrottleStore, clock: Clock) -> None:
    """The pauses are 15, 30, 60 … seconds. After each pause, exactly one attempt is allowed."""
    spend(throttle, FREE_ATTEMPTS_ACCOUNT)
    pauses = []
    for _ in range(4):
        pauses.append(wait_for(lambda: spend(throttle, 1)))
        clock.advance(pauses[-1])
        spend(throttle, 1)
    assert pauses == [15, 30, 60, 120]


@pytest.mark.security("S-44")
def test_no_pause_is_longer_than_fifteen_minutes_and_an_hour_forgets_all(
    throttle: ThrottleStore, clock: Clock
) -> None:
    """A persistent attacker therefore cannot keep the owner out for longer than fifteen minutes at a time."""
    spend(throttle, FREE_ATTEMPTS_ACCOUNT)
    for _ in range(12):
        pause = wait_for(lambda: spend(throttle, 1))
        assert pause <= LONGEST_PAUSE_SECONDS == 15 * 60
        clock.advance(pause)
        spend(throttle, 1)
    clock.advance(FORGOTTEN_AFTER_SECONDS)
    spend(throttle, FREE_ATTEMPTS_ACCOUNT)


@pytest.mark.security("S-41")
def test_a_source_that_tries_many_accounts_is_paused(throttle: ThrottleStore) -> None:
    """Password spraying tries each account only once, but from one IP address."""
    for number in range(FREE_ATTEMPTS_SOURCE):
        throttle.take("sign-in", f"p{number}@example.com", SOURCE)
    wait_for(lambda: throttle.take("sign-in", "another@example.com", SOURCE))
    throttle.take("sign-in", "another@example.com", "203.0.113.5")


@pytest.mark.security("S-41")
def test_a_source_makes_the_stage_send_fewer_mails(throttle: ThrottleStore) -> None:
    """One source can cause ten mails an hour, to all addresses together. The source therefore cannot cause all mails
    that the stage may send in a day."""
    assert FREE_ATTEMPTS_SOURCE_OF["mail"] == 10
    for number in range(10):
        throttle.take("mail", f"p{number}@example.com", SOURCE)
    wait_for(lambda: throttle.take("mail", "another@example.com", SOURCE))
    throttle.take("mail", "another@example.com", "203.0.113.5")
    throttle.give_back("mail", "p0@example.com", SOURCE)
    throttle.take("mail", "another@example.com", SOURCE)


@pytest.mark.security("S-41")
def test_an_attempt_refused_for_the_account_does_not_count_for_the_source(
    throttle: ThrottleStore,
) -> None:
    """Many people can share an office's IP address. Attempts at one account that is already paused must not pause these
    people."""
    spend(throttle, FREE_ATTEMPTS_ACCOUNT)
    for _ in range(2 * FREE_ATTEMPTS_SOURCE):
        wait_for(lambda: spend(throttle, 1))
    throttle.take("sign-in", "colleague@example.com", SOURCE)


@pytest.mark.security("S-43")
@pytest.mark.parametrize("spelling", ["ANN@EXAMPLE.COM", "Ann@Example.com"])
def test_spellings_of_an_address_are_one_account(throttle: ThrottleStore, spelling: str) -> None:
    """Another spelling of the address gives an attacker no additional guesses."""
    spend(throttle, FREE_ATTEMPTS_ACCOUNT)
    wait_for(lambda: throttle.take("sign-in", spelling, "203.0.113.5"))
    assert canonical_account(spelling) == ANN


@pytest.mark.security("S-71")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ANN, "\uff41nn@example.com"),
        ("ann@strasse.example", "ann@stra\u00dfe.example"),
        ("office@example.com", "o\ufb03ce@example.com"),
        (ANN, f" {ANN}"),
    ],
)
def test_what_the_pool_tells_apart_has_allowances_of_its_own(
    throttle: ThrottleStore, one: str, other: str
) -> None:
    """The pool ignores only case, so other differences mean two accounts. Guesses at one account do not pause the other
    account. A success at the other account does not clear these guesses."""
    for _ in range(FREE_ATTEMPTS_ACCOUNT):
        throttle.take("sign-in", one, "203.0.113.5")
        throttle.take("sign-in", other, SOURCE)
        throttle.succeeded("sign-in", other, SOURCE)
    wait_for(lambda: throttle.take("sign-in", one, "203.0.113.6"))
    throttle.take("sign-in", other, "203.0.113.6")


@pytest.mark.security("S-43")
def test_the_table_holds_no_address(throttle: ThrottleStore, database: DynamoDBDouble) -> None:
    """The table contains neither e-mail addresses nor IP addresses."""
    spend(throttle, 2)
    stored = repr(database.items(TABLE))
    assert "ann" not in stored
    assert SOURCE not in stored


@pytest.mark.security("S-41")
def test_kinds_have_allowances_of_their_own(throttle: ThrottleStore) -> None:
    """While sign-ins of an account are paused, a password reset is still possible."""
    spend(throttle, FREE_ATTEMPTS_ACCOUNT)
    throttle.take("mail", ANN, SOURCE)
    throttle.take("code", ANN, SOURCE)


def test_success_forgets_the_account_but_not_the_source(throttle: ThrottleStore) -> None:
    """If success cleared the source's count, attackers could sign in to their own accounts to get more guesses."""
    for number in range(FREE_ATTEMPTS_SOURCE - 1):
        throttle.take("sign-in", f"p{number}@example.com", SOURCE)
    throttle.take("sign-in", ANN, "203.0.113.5")
    throttle.succeeded("sign-in", ANN, "203.0.113.5")
    assert throttle.counted("sign-in", ANN, "203.0.113.9") == (0, 0)
    throttle.take("sign-in", ANN, SOURCE)
    throttle.succeeded("sign-in", ANN, SOURCE)
    assert throttle.counted("sign-in", ANN, SOURCE) == (0, FREE_ATTEMPTS_SOURCE - 1)


def test_an_attempt_can_be_given_back(throttle: ThrottleStore) -> None:
    """If Cognito did not answer, the attempt does not count as a guess."""
    spend(throttle, FREE_ATTEMPTS_ACCOUNT)
    throttle.give_back("sign-in", ANN, SOURCE)
    assert throttle.counted("sign-in", ANN, SOURCE) == (
        FREE_ATTEMPTS_ACCOUNT - 1,
        FREE_ATTEMPTS_ACCOUNT - 1,
    )
    spend(throttle, 1)


@pytest.mark.security("S-41")
def test_fifty_parallel_guesses_from_two_containers_let_five_through(
    database: DynamoDBDouble, clock: Clock
) -> None:
    """The counter changes by compare-and-set, so a container that works in parallel cannot overwrite the count of
    another container."""
    containers = [ThrottleStore(database, TABLE, clock, lambda: b"pepper" * 6) for _ in range(2)]
    passed: list[int] = []
    start = threading.Barrier(50)

    def guess(number: int) -> None:
        start.wait()
        try:
            containers[number % 2].take("sign-in", ANN, SOURCE)
        except TooManyAttempts:
            return
        passed.append(number)

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= len(passed) <= FREE_ATTEMPTS_ACCOUNT


def test_without_the_table_nobody_may_guess(
    throttle: ThrottleStore, database: DynamoDBDouble
) -> None:
    """If the table cannot be read, the throttle refuses the attempt. The page shows an outage instead of a refusal."""
    database.fault = client_error("ProvisionedThroughputExceededException")
    with pytest.raises(TemporarilyUnavailable):
        spend(throttle, 1)


def test_pauses_begin_with_the_last_free_attempt() -> None:
    """The last free attempt causes the first pause."""
    assert [pause_after(n, 5) for n in range(1, 8)] == [0, 0, 0, 0, 15, 30, 60]
    assert pause_after(10_000, 5) == LONGEST_PAUSE_SECONDS


@pytest.mark.security("S-42")
@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:0DB8:0001:0002::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("test-invoke-source-ip", "test-invoke-source-ip"),
    ],
)
def test_a_source_is_an_ipv4_address_or_an_ipv6_network(address: str, source: str) -> None:
    assert canonical_source(address) == source


@pytest.mark.security("S-42")
def test_the_addresses_of_one_ipv6_network_share_a_allowance(throttle: ThrottleStore) -> None:
    """A person with one IPv6 address usually has 2^64 addresses, so a limit for each address would be useless."""
    for n in range(FREE_ATTEMPTS_SOURCE):
        throttle.take("sign-in", f"guess{n}@example.org", f"2001:db8:1:2::{n:x}")
    with pytest.raises(TooManyAttempts):
        throttle.take("sign-in", "one-more@example.org", "2001:db8:1:2:ffff::1")
    throttle.take("sign-in", "one-more@example.org", "2001:db8:1:3::1")


@pytest.mark.security("S-41")
def test_an_attempt_between_reading_and_writing_is_not_lost(clock: Clock) -> None:
    """If another container writes the row between this container's read and write, both attempts are counted."""

    class Interrupted(DynamoDBDouble):
        between: Callable[[], None] | None = None

        def get_item(self, **arguments: Any) -> dict[str, Any]:
            found = super().get_item(**arguments)
            between, self.between = self.between, None
            if between is not None:
                between()
            return found

    database = Interrupted({TABLE: ("key", frozenset())})
    throttle = ThrottleStore(database, TABLE, clock, lambda: b"pepper" * 6)
    throttle.take("sign-in", ANN, SOURCE)
    database.between = lambda: throttle.take("sign-in", ANN, SOURCE)
    throttle.take("sign-in", ANN, SOURCE)
    assert throttle.counted("sign-in", ANN, SOURCE) == (3, 3)
    database.between = lambda: throttle.take("sign-in", ANN, SOURCE)
    throttle.give_back("sign-in", ANN, SOURCE)
    assert throttle.counted("sign-in", ANN, SOURCE) == (3, 3)


@pytest.mark.security("S-44")
def test_a_source_whose_people_mistype_now_and_then_is_never_paused(
    throttle: ThrottleStore, clock: Clock
) -> None:
    """The source's people make one mistake every ninety seconds, all day. The counter falls faster than the mistakes
    raise it."""
    for number in range(24 * 40):
        throttle.take("sign-in", f"p{number}@example.com", SOURCE)
        clock.advance(90)
    assert throttle.counted("sign-in", "nobody@example.com", SOURCE)[1] <= 1


@pytest.mark.security("S-41")
@pytest.mark.parametrize("every", [1, 20, 72, 300])
def test_a_leaking_counter_lets_no_more_guesses_through_than_its_rate(
    throttle: ThrottleStore, clock: Clock, every: int
) -> None:
    """A source that tries for ten hours gets only the free attempts and then fifty attempts an hour, however fast the
    source tries."""
    passed = 0
    for number in range(36_000 // every):
        try:
            throttle.take("sign-in", f"p{number}@example.com", SOURCE)
            passed += 1
        except TooManyAttempts:
            pass
        clock.advance(every)
    assert passed <= FREE_ATTEMPTS_SOURCE * 11 + 1


@pytest.mark.security("S-41")
def test_an_accounts_guesses_leak_at_five_an_hour(throttle: ThrottleStore, clock: Clock) -> None:
    """An attacker guesses at one account for a day, as often as possible. The attacker gets five guesses an hour, the
    free attempts, and one guess for each doubling of the pause."""
    passed, until = 0, clock() + 86_400
    while clock() < until and passed < 1000:  # without a throttle the clock would not move
        try:
            throttle.take("sign-in", ANN, f"203.0.113.{passed % 200}")
            passed += 1
        except TooManyAttempts as refused:
            clock.advance(refused.retry_after or 0)
    assert 24 * 3 <= passed <= FREE_ATTEMPTS_ACCOUNT * 25 + 6


def test_a_row_of_an_earlier_release_counts_on(
    throttle: ThrottleStore, database: DynamoDBDouble, clock: Clock
) -> None:
    """An earlier release wrote the counter as a whole number, which the code still accepts."""
    throttle.take("sign-in", ANN, SOURCE)
    for key, row in database.items(TABLE).items():
        database.put(TABLE, {**row, "key": {"S": key}, "attempts": {"N": "4"}})
    spend(throttle, 1)
    assert wait_for(lambda: spend(throttle, 1)) == FIRST_PAUSE_SECONDS
