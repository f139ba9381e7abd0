"""Counts attempts in DynamoDB, per account and per source address, before Cognito is called (S-41 … S-44).

An attempt is counted before Cognito checks the guess. The count is atomic across all containers, and is undone if
Cognito did not check the guess. The first attempts are free, and each further attempt causes a pause. The pause doubles
each time, but never exceeds fifteen minutes, so an attacker cannot lock a person out permanently.

Counters decay at a constant rate: each hour, a counter falls by the number of free attempts. So the
occasional typing errors of all people in an office do not add up to a permanent pause. After an hour without attempts,
the counter is empty.

Known and unknown accounts are counted in the same way. The rows' keys are HMACs of canonical addresses, so the table
contains no addresses. This module itself checks whether a row has expired, because DynamoDB's TTL deletes old rows
late. The module distinguishes accounts exactly as the pool does (S-71). So all spellings of one account's name share a
counter, and a success never resets the counter of another account. Source: OWASP ASVS 5.0 6.3.1; OWASP Authentication
Cheat Sheet (account lockout).
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from ..errors import TemporarilyUnavailable, TooManyAttempts
from .dynamodb import ConditionFailed, DynamoDB, translated_errors

FIRST_PAUSE_SECONDS = 15
LONGEST_PAUSE_SECONDS = 15 * 60
FORGOTTEN_AFTER_SECONDS = 3600
#: A source has more free attempts than an account, because the people in an office share one IP address.
FREE_ATTEMPTS_ACCOUNT = 5
FREE_ATTEMPTS_SOURCE = 50
#: Kinds of attempts for which a source has fewer free attempts. With the usual number of free attempts, one source could
#: use up the stage's mails for the day.
FREE_ATTEMPTS_SOURCE_OF = {"mail": 10}
#: A write of a counter fails if another request changes the counter at the same time. After this number of failed
#: writes, the attempt is refused (fail closed).
_RACES = 12


@dataclass(frozen=True)
class _Counter:
    """A row of the table. Times are Unix seconds. `attempts` is the count at the time `last_at`. The count decays after
    `last_at`.

    A write fails if `version` has changed in the meantime (compare-and-set).
    """

    attempts: float = 0.0
    blocked_until: float = 0.0
    last_at: float = 0.0
    version: int = 0


@dataclass(frozen=True)
class _Allowance:
    """One key of the table, and the key's number of free attempts. `of_source` is True for the key of a source address,
    and False for an account's key."""

    key: str
    free: int
    of_source: bool


class ThrottleStore:
    """Counts attempts. `load_pepper` returns the HMAC's key. `clock` returns Unix seconds."""

    def __init__(
        self,
        client: DynamoDB,
        table: str,
        clock: Callable[[], float],
        load_pepper: Callable[[], bytes],
    ) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._load_pepper = load_pepper

    def take(self, kind: str, account: str | None, source: str) -> None:
        """Count one attempt of `kind` (`sign-in`, `code`, `mail`) for an account and a source address.

        Raises TooManyAttempts with the remaining wait in seconds. Raises TemporarilyUnavailable if the table does not
        answer, because every attempt must be counted.
        """
        taken: list[_Allowance] = []
        for allowance in self._allowances(kind, account, source):
            try:
                self._take(allowance)
            except TooManyAttempts:
                for other in taken:
                    self._give_back(other)
                raise
            taken.append(allowance)

    def give_back(self, kind: str, account: str | None, source: str) -> None:
        """Undo a `take` if Cognito has not checked the guess, for example because Cognito did not answer."""
        for allowance in self._allowances(kind, account, source):
            self._give_back(allowance)

    def succeeded(self, kind: str, account: str | None, source: str) -> None:
        """Reset the account's counter, and do not count this attempt for the source address.

        The source's other attempts still count, so an attacker who knows one account's password gets no additional
        guesses at other accounts.
        """
        for allowance in self._allowances(kind, account, source):
            if allowance.of_source:
                self._give_back(allowance)
            else:
                self._write(allowance.key, self._read(allowance.key), _Counter())

    def forget_account(self, kind: str, account: str) -> None:
        """Reset an account's counter, because the account's owner has proved access to the mailbox. The sources' counters
        do not change."""
        for allowance in self._allowances(kind, account, ""):
            if not allowance.of_source:
                self._write(allowance.key, self._read(allowance.key), _Counter())

    def counted(self, kind: str, account: str, source: str) -> tuple[int, int]:
        """Return the current numbers of attempts: first for the account, then for the source."""
        found = {
            allowance.of_source: ceil(self._current(self._read(allowance.key), allowance).attempts)
            for allowance in self._allowances(kind, account, source)
        }
        return found[False], found[True]

    def _allowances(self, kind: str, account: str | None, source: str) -> list[_Allowance]:
        place = canonical_source(source)
        free = FREE_ATTEMPTS_SOURCE_OF.get(kind, FREE_ATTEMPTS_SOURCE)
        allowances = [_Allowance(self._key(kind, "source", place), free, True)]
        if account is not None:
            key = self._key(kind, "account", canonical_account(account))
            allowances.append(_Allowance(key, FREE_ATTEMPTS_ACCOUNT, False))
        return allowances

    def _key(self, kind: str, scope: str, value: str) -> str:
        text = f"{kind}\0{scope}\0{value}".encode()
        return f"{kind}/{scope}/{hmac.new(self._load_pepper(), text, hashlib.sha256).hexdigest()}"

    def _take(self, allowance: _Allowance) -> None:
        for _ in range(_RACES):
            stored = self._read(allowance.key)
            counter = self._current(stored, allowance)
            now = self._clock()
            if counter.blocked_until > now:
                raise TooManyAttempts(
                    "paused", retry_after=max(1, int(counter.blocked_until - now + 0.999))
                )
            attempts = counter.attempts + 1
            taken = _Counter(attempts, now + pause_after(ceil(attempts), allowance.free), now)
            if self._write(allowance.key, stored, taken):
                return
        raise TooManyAttempts("too many concurrent requests", retry_after=1)

    def _give_back(self, allowance: _Allowance) -> None:
        for _ in range(_RACES):
            stored = self._read(allowance.key)
            counter = self._current(stored, allowance)
            if counter.attempts == 0:
                return
            # The new counter has no pause. Attempts during a pause are refused, so the pause began with the attempt that
            # is given back here.
            given = _Counter(max(0.0, counter.attempts - 1), 0.0, self._clock())
            if self._write(allowance.key, stored, given):
                return

    def _current(self, stored: _Counter, allowance: _Allowance) -> _Counter:
        """Return the current value of a stored counter, after the decay."""
        silence = max(0.0, self._clock() - stored.last_at)
        if silence >= FORGOTTEN_AFTER_SECONDS:
            return _Counter()
        leaked = silence * allowance.free / FORGOTTEN_AFTER_SECONDS
        return replace(stored, attempts=max(0.0, stored.attempts - leaked))

    def _read(self, key: str) -> _Counter:
        with translated_errors("GetItem"):
            answer = self._client.get_item(
                TableName=self._table, Key={"key": {"S": key}}, ConsistentRead=True
            )
        item = answer.get("Item")
        if not item:
            return _Counter()
        try:
            return _Counter(
                float(item["attempts"]["N"]),
                float(item["blockedUntil"]["N"]),
                float(item["lastAt"]["N"]),
                int(item["version"]["N"]),
            )
        except (KeyError, ValueError):
            raise TemporarilyUnavailable("a throttle row is malformed") from None

    def _write(self, key: str, stored: _Counter, counter: _Counter) -> bool:
        """Replace the row that was read as `stored`. Return False if another writer has changed the row in the
        meantime."""
        values: dict[str, Any] = {
            "attempts": counter.attempts,
            "blockedUntil": counter.blocked_until,
            "lastAt": counter.last_at,
            "version": stored.version + 1,
            "expiresAt": int(self._clock()) + FORGOTTEN_AFTER_SECONDS + LONGEST_PAUSE_SECONDS,
        }
        sets = ", ".join(f"#{name} = :{name}" for name in values)
        expression_values = {
            # With six decimals, the small decay between two attempts is not lost by rounding.
            f":{name}": {"N": f"{value:.6f}" if isinstance(value, float) else str(value)}
            for name, value in values.items()
        }
        condition = "attribute_not_exists(version)"
        if stored.version:
            condition = "version = :seen"
            expression_values[":seen"] = {"N": str(stored.version)}
        try:
            with translated_errors("UpdateItem"):
                self._client.update_item(
                    TableName=self._table,
                    Key={"key": {"S": key}},
                    UpdateExpression=f"SET {sets}",
                    ConditionExpression=condition,
                    ExpressionAttributeNames={f"#{name}": name for name in values},
                    ExpressionAttributeValues=expression_values,
                )
        except ConditionFailed:
            return False
        return True


def canonical_account(email: str) -> str:
    """Return the name under which an account is counted: the address in lower case. The pool ignores the case of
    addresses, but no other difference between two addresses (S-43, S-71).

    Any further normalization would give two accounts the same counter. The owner of one account could then reset the
    count of attempts at the other account. For example, NFKC makes full-width letters equal to ordinary letters, and
    `casefold` makes `ß` equal to `ss`. Source: AWS "User pool case sensitivity".
    """
    return email.lower()


def canonical_source(address: str) -> str:
    """Return the source that is counted: an IPv4 address, or the /64 prefix of an IPv6 address (S-42).

    A person with one IPv6 address usually has 2^64 addresses (RFC 6177; RFC 4291 2.5.4). If the full address were
    counted, each of these addresses would have its own counter.
    """
    import ipaddress

    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{ipaddress.IPv6Address(int(parsed) >> 64 << 64)}/64"


def pause_after(attempts: int, free: int) -> float:
    """Return the pause in seconds after attempt number `attempts`. Free attempts cause no pause. Each further attempt
    doubles the pause."""
    beyond = attempts - free
    if beyond < 0:
        return 0.0
    return float(min(FIRST_PAUSE_SECONDS * 2 ** min(beyond, 10), LONGEST_PAUSE_SECONDS))
