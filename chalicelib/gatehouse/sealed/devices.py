"""Recognizes browsers that have signed in to an account before. Known browsers have a separate counter of attempts (S-44,
S-71).

Without the separate counter, a stranger who keeps guessing would block the account's owner too. The sealed cookie
contains one account and the time of the sign-in. All browsers without a cookie for the account share the account's
first counter. All known browsers share the account's second counter, because with one counter per browser an attacker
would get more guesses with each known browser. flows/attempts.py checks whether a cookie is older than the account's
password. Source: OWASP, "Slow Down Online Guessing Attacks with Device Cookies".
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from ..errors import SealBroken
from .records import parse_record
from .sealing import Sealer

PURPOSE = "device"
COOKIE = "__Host-gatehouse-device"
LIFETIME_SECONDS = 180 * 86_400


@dataclass(frozen=True)
class Device:
    """A known browser of an account. `account` is the canonical e-mail address. `user_name` is the account's user name in
    the pool.

    `issued_at` is in Unix milliseconds, like the users table's times. `expires_at` is in Unix seconds.
    """

    account: str = field(repr=False)
    user_name: str
    issued_at: int
    expires_at: int


class Devices:
    """Seals and recognizes device cookies. `clock` returns Unix seconds."""

    def __init__(self, sealer: Sealer, clock: Callable[[], float]) -> None:
        self._sealer = sealer
        self._clock = clock

    def recognise(self, cookie: str | None, account: str) -> Device | None:
        """Return the cookie's data if this browser has signed in to `account` before. Otherwise, return None."""
        device = self.read(cookie)
        return device if device is not None and device.account == account else None

    def read(self, cookie: str | None) -> Device | None:
        """Return the cookie's data, whatever the account. Return None if the cookie is not valid."""
        if not cookie:
            return None
        try:
            device = parse_record(Device, self._sealer.open(PURPOSE, cookie))
        except SealBroken:
            return None
        return device if device.expires_at > self._clock() else None

    def remember(self, account: str, user_name: str) -> str:
        """Return the cookie value with which this browser becomes a known browser of `account`."""
        now = self._clock()
        device = Device(account, user_name, int(now * 1000), int(now) + LIFETIME_SECONDS)
        return self._sealer.seal(PURPOSE, json.dumps(asdict(device)).encode())
