"""Begins and finds login transactions. A transaction is one hosted sign-in in progress, sealed into its own cookie (S-02,
S-03, S-08 … S-12).

Each sign-in has its own cookie, named after the sign-in's state, so that two tabs can sign in side by side. A transaction
works once: the callback always clears the transaction's cookie. Sources: RFC 9700 2.1.1 and 4.7, RFC 7636 4.1.

A callback may arrive again (Back, a restored tab, a bookmark), or may arrive late. The page shows different messages
for a repeated callback and for a late callback. To distinguish the two cases, a small cookie lists the transactions
that the browser used last, and each state begins with its creation time. The cookie and the time have no other use than
to select the error message. A person who changes the cookie or the time gets another message, but cannot affect a
sign-in.
"""

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

from ..errors import LoginExpired, LoginUnknown, LoginUsed, SealBroken, SignInError
from .records import parse_record
from .sealing import Sealer

PURPOSE = "login"
COOKIE_PREFIX = "__Host-gatehouse-login-"
LIFETIME_SECONDS = 600
MAX_IN_FLIGHT = 4
#: The maximum number of login cookies that are cleared by one answer.
MAX_CLEARED = 4
#: The maximum total size of the login cookies' values, in bytes. With this limit, a request's headers stay below API
#: Gateway's limit of 10,240 bytes, even with the longest session cookie and 2 kB of other headers (S-31).
#: One login cookie with the longest `return_to` always fits.
MAX_BYTES_IN_FLIGHT = 4600
USED_COOKIE = "__Host-gatehouse-used"
_RANDOM_BYTES = 32


@dataclass(frozen=True)
class LoginTransaction:
    """The data that the callback needs. `expires_at` is a Unix time in seconds."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    return_to: str
    provider: str | None
    remember: bool
    expires_at: int
    #: True for a second attempt. Cognito refused the first attempt, because the person had just been linked.
    retried: bool = False
    #: The `sub` of a person who confirms their identity during a session with "stay signed in"; otherwise empty. If the
    #: same person signs in, "stay signed in" also applies to the new session.
    remembered: str = ""

    @property
    def code_challenge(self) -> str:
        """The S256 challenge: `base64url(SHA-256(code_verifier))` without padding (RFC 7636 4.2)."""
        digest = hashlib.sha256(self.code_verifier.encode("ascii")).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")

    @property
    def cookie_name(self) -> str:
        return cookie_name(self.state)


def cookie_name(state: str) -> str:
    """Return the name of the cookie for the transaction of `state`."""
    return COOKIE_PREFIX + _short(state)


def _short(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()[:8]


def list_used(cookies: Mapping[str, str], state: str) -> str:
    """Return the value of `USED_COOKIE`, with the transaction of `state` first. The list has at most MAX_IN_FLIGHT
    entries."""
    before = [entry for entry in _used(cookies) if entry != _short(state)]
    return ".".join([_short(state), *before][:MAX_IN_FLIGHT])


def _used(cookies: Mapping[str, str]) -> list[str]:
    entries = cookies.get(USED_COOKIE, "").split(".")[:MAX_IN_FLIGHT]
    return [entry for entry in entries if re.fullmatch("[0-9a-f]{8}", entry)]


def _began_at(state: str) -> int | None:
    """Return the creation time at the beginning of a state, in Unix seconds. Return None if the state contains no
    time."""
    found = re.fullmatch("([0-9a-f]{8})[A-Za-z0-9_-]{43}", state)
    return int(found[1], 16) if found else None


class LoginTransactions:
    """Begins transactions, and finds transactions in a browser's cookies. `clock` returns Unix seconds."""

    def __init__(self, sealer: Sealer, clock: Callable[[], float]) -> None:
        self._sealer = sealer
        self._clock = clock

    def begin(
        self,
        *,
        return_to: str,
        provider: str | None,
        remember: bool,
        retried: bool = False,
        remembered: str = "",
    ) -> LoginTransaction:
        """Return a new transaction with its own state, nonce and verifier, 256 random bits each."""
        now = int(self._clock())
        return LoginTransaction(
            state=f"{now:08x}" + secrets.token_urlsafe(_RANDOM_BYTES),
            nonce=secrets.token_urlsafe(_RANDOM_BYTES),
            code_verifier=secrets.token_urlsafe(_RANDOM_BYTES),
            return_to=return_to,
            provider=provider,
            remember=remember,
            expires_at=now + LIFETIME_SECONDS,
            retried=retried,
            remembered=remembered,
        )

    def seal(self, transaction: LoginTransaction) -> str:
        """Return the cookie value of `transaction`."""
        fields = asdict(transaction)
        if not transaction.remembered:
            del fields["remembered"]  # usually empty; left out to keep the cookie short
        return self._sealer.seal(PURPOSE, json.dumps(fields).encode())

    def load(self, cookies: Mapping[str, str], state: str) -> LoginTransaction:
        """Return this browser's transaction for `state`.

        If there is no valid transaction, raises LoginUsed for a used transaction, LoginExpired for an old transaction,
        and LoginUnknown in every other case.
        """
        value = cookies.get(cookie_name(state))
        if value is None:
            raise self._missing(cookies, state)
        transaction = self._open(value)
        if transaction is None:
            raise LoginUnknown("the seal of the transaction does not match")
        if not secrets.compare_digest(transaction.state.encode(), state.encode()):
            raise LoginUnknown("the transaction belongs to another state")
        if transaction.expires_at <= self._clock():
            raise LoginExpired("the transaction is older than ten minutes")
        return transaction

    def _missing(self, cookies: Mapping[str, str], state: str) -> SignInError:
        if _short(state) in _used(cookies):
            return LoginUsed("the transaction was already used")
        began_at = _began_at(state)
        if began_at is not None and began_at + LIFETIME_SECONDS <= self._clock():
            return LoginExpired("the state is older than ten minutes")
        return LoginUnknown("this browser has no transaction for the state")

    def surplus(self, cookies: Mapping[str, str], coming: int = 0) -> list[str]:
        """Return the names of the login cookies that must be cleared, so that another cookie of `coming` bytes fits
        into `MAX_BYTES_IN_FLIGHT`.

        At most MAX_CLEARED cookies are cleared at once, because an answer has only 10,240 bytes for headers. The oldest
        valid cookies are cleared first, then expired cookies. The remaining cookies expire after ten minutes, or are
        cleared by later sign-ins.
        """
        alive: list[tuple[int, str]] = []
        dead: list[str] = []
        for name, value in cookies.items():
            if not name.startswith(COOKIE_PREFIX):
                continue
            transaction = self._open(value)
            if transaction is None or transaction.expires_at <= self._clock():
                dead.append(name)
            else:
                alive.append((transaction.expires_at, name))
        alive.sort(reverse=True)
        left = MAX_BYTES_IN_FLIGHT - coming
        kept = 0
        for _, name in alive:
            left -= len(cookies[name])
            if kept == MAX_IN_FLIGHT - 1 or left < 0:
                break
            kept += 1
        return ([name for _, name in reversed(alive[kept:])] + dead)[:MAX_CLEARED]

    def _open(self, value: str) -> LoginTransaction | None:
        try:
            return parse_record(LoginTransaction, self._sealer.open(PURPOSE, value))
        except SealBroken:
            return None
