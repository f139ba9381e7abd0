"""State that is kept in the browser between two steps of a sign-in with a challenge, or of the set-up of an authenticator
app (S-45).

Both are sealed in the same cookie, but for separate purposes. Cognito's Session string changes with each step and expires
with AuthSessionValidity; the cookie has the same lifetime. A Session may have 4,096 characters: the part that does not fit
into one cookie goes into a second cookie. Source: AWS "AdminRespondToAuthChallenge"; the app client's AuthSessionValidity.
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
#: The last character of a first cookie whose value continues in a second cookie. No sealed value contains this
#: character, so a second cookie left over from an earlier challenge is ignored.
_GOES_ON = "~"
SIGN_IN_PURPOSE = "challenge"
ENROLMENT_PURPOSE = "mfa-enrolment"
PASSKEYS_PURPOSE = "passkeys"
#: Seconds; equal to AuthSessionValidity (15 minutes) in the identity template.
LIFETIME_SECONDS = 900
#: A challenge that needed no password is padded to a multiple of this many bytes, so its length reveals nothing (S-89).
_STEP_BYTES = 2048


@dataclass(frozen=True)
class Challenge:
    """A sign-in in progress. `username` is the pool's internal name; `email` is the typed address, which is the
    throttle's account."""

    name: str
    session: str = field(repr=False)
    username: str
    email: str = field(repr=False)
    remember: bool
    expires_at: int
    choices: tuple[str, ...] = ()

    @property
    def began_at(self) -> int:
        """When the password was checked, in Unix seconds."""
        return self.expires_at - LIFETIME_SECONDS

    def next(self, name: str, session: str, choices: tuple[str, ...] = ()) -> "Challenge":
        """Return the following step; the deadline does not change."""
        return replace(self, name=name, session=session, choices=choices)


@dataclass(frozen=True)
class Enrolment:
    """The enrolment of an authenticator app, from its key to its first code, with tokens of the server-only client.

    Sealed for another purpose, a record of this class keeps the tokens while a person manages passkeys.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    sub: str
    username: str
    expires_at: int

    @property
    def began_at(self) -> int:
        """When the password was checked, in Unix seconds."""
        return self.expires_at - LIFETIME_SECONDS


def split(sealed: str) -> dict[str, str]:
    """Return the cookies, name to value, for a sealed challenge or enrolment."""
    if len(sealed) <= MAX_COOKIE_VALUE:
        return {COOKIE: sealed}
    first = MAX_COOKIE_VALUE - len(_GOES_ON)
    return {COOKIE: sealed[:first] + _GOES_ON, SECOND_COOKIE: sealed[first:]}


def join(cookies: Mapping[str, str]) -> str | None:
    """Return the sealed value in a browser's cookies, or None if there is none."""
    value = cookies.get(COOKIE)
    if value is None or not value.endswith(_GOES_ON):
        return value
    return value.removesuffix(_GOES_ON) + cookies.get(SECOND_COOKIE, "")


Waiting = TypeVar("Waiting", Challenge, Enrolment)


class Challenges:
    """Seals and opens both kinds. `clock` returns Unix seconds."""

    def __init__(self, sealer: Sealer, clock: Callable[[], float]) -> None:
        self._sealer = sealer
        self._clock = clock

    def deadline(self) -> int:
        """Return when a step that begins now expires."""
        return int(self._clock()) + LIFETIME_SECONDS

    def seal(self, challenge: Challenge, *, even: bool = False) -> str:
        """Return a sealed challenge, for `split`; with `even`, padding hides its length."""
        return self._seal(SIGN_IN_PURPOSE, asdict(challenge), _STEP_BYTES if even else 1)

    def seal_enrolment(self, enrolment: Enrolment, purpose: str = ENROLMENT_PURPOSE) -> str:
        """Return a sealed enrolment, for `split`. With the other `purpose`, the sealed value is the record for managing
        passkeys."""
        return self._seal(purpose, asdict(enrolment))

    def open(self, value: str | None) -> Challenge:
        """Return this browser's challenge; raises ChallengeExpired if there is no valid one."""
        return self._open(Challenge, SIGN_IN_PURPOSE, value)

    def open_enrolment(self, value: str | None, purpose: str = ENROLMENT_PURPOSE) -> Enrolment:
        """Return this browser's enrolment; raises ChallengeExpired if there is no valid one."""
        return self._open(Enrolment, purpose, value)

    def _seal(self, purpose: str, fields: Mapping[str, Any], step: int = 1) -> str:
        # Tokens and Session strings are base64. Deflate saves about as much as the cookie's own base64 adds.
        payload = zlib.compress(json.dumps(fields).encode(), 9)
        payload += bytes(-len(payload) % step)  # zeros, because deflate data marks its own end
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
