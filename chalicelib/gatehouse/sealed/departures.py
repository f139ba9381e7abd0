"""Keeps the address that the browser opens after a sign-out. The address is sealed into a cookie, because Cognito's
`logout_uri` is fixed (S-38).

`POST /auth/logout` sets the cookie. Cognito redirects to the page, which reads the cookie once. The cookie expires within
minutes.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

from ..errors import SealBroken
from .records import parse_record
from .sealing import Sealer

PURPOSE = "departure"
COOKIE = "__Host-gatehouse-after"
LIFETIME_SECONDS = 120


@dataclass(frozen=True)
class Departure:
    """The target to which the browser goes after a sign-out. `return_to` is checked before it is sealed, and again
    after the cookie is opened. `expires_at` is a Unix time in seconds."""

    return_to: str
    expires_at: int


class Departures:
    """Seals and opens departures. `clock` returns Unix seconds."""

    def __init__(self, sealer: Sealer, clock: Callable[[], float]) -> None:
        self._sealer = sealer
        self._clock = clock

    def seal(self, return_to: str) -> str:
        """Return the cookie value for the target `return_to`."""
        departure = Departure(return_to, int(self._clock()) + LIFETIME_SECONDS)
        return self._sealer.seal(PURPOSE, json.dumps(asdict(departure)).encode())

    def open(self, value: str) -> str | None:
        """Return the target in a cookie value. Return None if the value is too old, or was not sealed by this app."""
        try:
            departure = parse_record(Departure, self._sealer.open(PURPOSE, value))
        except SealBroken:
            return None
        return departure.return_to if departure.expires_at > self._clock() else None
