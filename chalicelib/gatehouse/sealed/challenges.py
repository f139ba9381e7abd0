"""Keeps state in a cookie between the steps of a sign-in with a challenge, or between the steps of setting up an
authenticator app (S-45).

The state of a sign-in and the state of a set-up are sealed into the same cookie, but for separate purposes. Cognito's
Session string changes with each step. A Session's lifetime is AuthSessionValidity, and the cookie has the same
lifetime. A Session may have 4,096 characters, so the end of a long value is in a second cookie. Source: AWS
"AdminRespondToAuthChallenge"; the app client's AuthSessionValidity.
"""

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar

from ..errors import ChallengeExpired, SealBroken
from .records import parse_record
from .sealing import MAX_COOKIE_VALUE, Sealer

COOKIE = "__Host-gatehouse-challenge"
SECOND_COOKIE = "__Host-gatehouse-challenge-2"
#: If the first cookie ends with this character, the value continues in the second cookie. A sealed value never contains
#: the character. If the first cookie ends with another character, `join` ignores the second cookie, which then comes
#: from an earlier challenge.
_GOES_ON = "~"
SIGN_IN_PURPOSE = "challenge"
ENROLMENT_PURPOSE = "mfa-enrolment"
PASSKEYS_PURPOSE = "passkeys"
#: The lifetime in seconds, equal to AuthSessionValidity (15 minutes) in the identity template.
LIFETIME_SECONDS = 900
#: A challenge without a password is padded to a multiple of this number of bytes, so that the length reveals no
#: information (S-89).
_STEP_BYTES = 2048


@dataclass(frozen=True)
class Challenge:
    """A sign-in in progress. `username` is the pool's internal name. `email` is the address that the person typed. The
    throttle counts attempts for this address."""

    name: str
    session: str = field(repr=False)
    username: str
    email: str = field(repr=False)
    remember: bool
    expires_at: int
    choices: tuple[str, ...] = ()

    @property
    def began_at(self) -> int:
        """The time of the password's check, in Unix seconds."""
        return self.expires_at - LIFETIME_SECONDS

    def next(self, name: str, session: str, choices: tuple[str, ...] = ()) -> "Challenge":
        """Return the following step. The deadline does not change."""
        return replace(self, name=name, session=session, choices=choices)


@dataclass(frozen=True)
class Enrolment:
    """The state while a person sets up an authenticator app. The set-up begins when the person gets a new key, and ends
    when the person enters the app's first code. The tokens belong to the server-only client.

    While a person manages passkeys, an object of this class keeps the tokens. The object is then sealed for another
    purpose.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    sub: str
    username: str
    expires_at: int

    @property
    def began_at(self) -> int:
        """The time of the password's check, in Unix seconds."""
        return self.expires_at - LIFETIME_SECONDS


def split(sealed: str) -> dict[str, str]:
    """Return the cookies for a sealed challenge or enrolment: values by name."""
    if len(sealed) <= MAX_COOKIE_VALUE:
        return {COOKIE: sealed}
    first = MAX_COOKIE_VALUE - len(_GOES_ON)
    return {COOKIE: sealed[:first] + _GOES_ON, SECOND_COOKIE: sealed[first:]}


def join(cookies: Mapping[str, str]) -> str | None:
    """Return the sealed value in a browser's cookies, or None if the cookies contain no sealed value."""
    value = cookies.get(COOKIE)
    if value is None or not value.endswith(_GOES_ON):
        return value
    return value.removesuffix(_GOES_ON) + cookies.get(SECOND_COOKIE, "")


Waiting = TypeVar("Waiting", Challenge, Enrolment)


class Challenges:
    """Seals and opens challenges and enrolments. `clock` returns Unix seconds."""

    def __init__(self, sealer: Sealer, clock: Callable[[], float]) -> None:
        self._sealer = sealer
        self._clock = clock

    def deadline(self) -> int:
        """Return the deadline of a step that begins now."""
        return int(self._clock()) + LIFETIME_SECONDS

    def seal(self, challenge: Challenge, *, even: bool = False) -> str:
        """Return a sealed challenge, for `split`. With `even`, padding hides the challenge's length."""
        return self._seal(SIGN_IN_PURPOSE, asdict(challenge), _STEP_BYTES if even else 1)

    def seal_enrolment(self, enrolment: Enrolment, purpose: str = ENROLMENT_PURPOSE) -> str:
        """Return a sealed enrolment, for `split`. `purpose` is the set-up of an authenticator app, or the management of
        passkeys."""
        return self._seal(purpose, asdict(enrolment))

    def open(self, value: str | None) -> Challenge:
        """Return this browser's challenge. Raises ChallengeExpired if the browser has no valid challenge."""
        return self._open(Challenge, SIGN_IN_PURPOSE, value)

    def open_enrolment(self, value: str | None, purpose: str = ENROLMENT_PURPOSE) -> Enrolment:
        """Return this browser's enrolment. Raises ChallengeExpired if the browser has no valid enrolment."""
        return self._open(Enrolment, purpose, value)

    def _seal(self, purpose: str, fields: Mapping[str, Any], step: int = 1) -> str:
        # Tokens and Session strings are base64, so compression makes the payload shorter. Encoding the cookie as base64
        # makes the value longer again by about the same amount.
        payload = zlib.compress(json.dumps(fields).encode(), 9)
        # The added zeros do no harm, because deflate data marks its own end.
        payload += bytes(-len(payload) % step)
        return self._sealer.seal(purpose, payload, cookies=2)

    def _open(self, kind: type[Waiting], purpose: str, value: str | None) -> Waiting:
        if not value:
            raise ChallengeExpired("no challenge cookie")
        try:
            payload = zlib.decompress(self._sealer.open(purpose, value, cookies=2))
            waiting = parse_record(kind, payload)
        except (SealBroken, zlib.error) as error:
            raise ChallengeExpired(f"challenge cookie unusable: {type(error).__name__}") from None
        if waiting.expires_at <= self._clock():
            raise ChallengeExpired("challenge is older than fifteen minutes")
        return waiting
