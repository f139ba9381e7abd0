"""Known devices: a browser that once signed somebody in guesses on a budget of its own for that account (S-44).

Without it, one stranger who keeps an account's pause alive would keep its owner out of our form for as long as he likes.
The sealed cookie names one account and nothing else; whoever has none, or one of another account, shares the account's
budget with all strangers. Source: OWASP, "Slow Down Online Guessing Attacks with Device Cookies".
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from chalicelib.errors import SealBroken
from chalicelib.session.records import parse_record
from chalicelib.session.sealing import Sealer

PURPOSE = "device"
COOKIE = "__Host-gatehouse-device"
LIFETIME_SECONDS = 180 * 86_400
_ID_BYTES = 16


@dataclass(frozen=True)
class Device:
    """A browser known to `account`, the canonical e-mail address. `expires_at` is Unix seconds."""

    identifier: str = field(repr=False)
    account: str = field(repr=False)
    expires_at: int


class Devices:
    """Seals and recognises device cookies. `clock` gives Unix seconds."""

    def __init__(self, sealer: Sealer, clock: Callable[[], float]) -> None:
        self._sealer = sealer
        self._clock = clock

    def recognise(self, cookie: str | None, account: str) -> str | None:
        """Return the identifier of a browser that is known to `account`, or None."""
        device = self._open(cookie)
        return device.identifier if device is not None and device.account == account else None

    def remember(self, cookie: str | None, account: str) -> str:
        """Return the cookie value that makes this browser known to `account`, under the identifier that it has."""
        identifier = self.recognise(cookie, account) or secrets.token_hex(_ID_BYTES)
        expires_at = int(self._clock()) + LIFETIME_SECONDS
        return self._sealer.seal(
            PURPOSE, json.dumps(asdict(Device(identifier, account, expires_at))).encode()
        )

    def _open(self, cookie: str | None) -> Device | None:
        if not cookie:
            return None
        try:
            device = parse_record(Device, self._sealer.open(PURPOSE, cookie))
        except SealBroken:
            return None
        return device if device.expires_at > self._clock() else None
