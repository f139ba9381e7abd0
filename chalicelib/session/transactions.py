"""Login transactions: one hosted sign-in in flight, sealed into a cookie of its own (S-02, S-03, S-08 … S-12).

Each sign-in has its own cookie, named after its state, so that two tabs can sign in side by side. A transaction is single
use: the callback clears its cookie whatever the outcome. Sources: RFC 9700 2.1.1 and 4.7, RFC 7636 4.1.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

from chalicelib.errors import LoginExpired, SealBroken
from chalicelib.session.records import parse_record
from chalicelib.session.sealing import Sealer

PURPOSE = "login"
COOKIE_PREFIX = "__Host-gatehouse-login-"
LIFETIME_SECONDS = 600
MAX_IN_FLIGHT = 4
#: Login cookies that one answer clears at most.
MAX_CLEARED = 4
_RANDOM_BYTES = 32


@dataclass(frozen=True)
class LoginTransaction:
    """What the callback must find again. `expires_at` is a Unix time in seconds."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    return_to: str
    provider: str | None
    remember: bool
    expires_at: int
    #: This sign-in is the second try of one that Cognito refused while it linked the person.
    retried: bool = False

    @property
    def code_challenge(self) -> str:
        """The S256 challenge: base64url(SHA-256(code_verifier)) without padding (RFC 7636 4.2)."""
        digest = hashlib.sha256(self.code_verifier.encode("ascii")).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")

    @property
    def cookie_name(self) -> str:
        return cookie_name(self.state)


def cookie_name(state: str) -> str:
    """Return the name of the cookie that holds the transaction of `state`."""
    return COOKIE_PREFIX + hashlib.sha256(state.encode()).hexdigest()[:8]


class LoginTransactions:
    """Begins transactions and finds them again in a browser's cookies. `clock` gives Unix seconds."""

    def __init__(self, sealer: Sealer, clock: Callable[[], float]) -> None:
        self._sealer = sealer
        self._clock = clock

    def begin(
        self, *, return_to: str, provider: str | None, remember: bool, retried: bool = False
    ) -> LoginTransaction:
        """Return a new transaction with its own state, nonce and verifier, 256 random bits each."""
        return LoginTransaction(
            state=secrets.token_urlsafe(_RANDOM_BYTES),
            nonce=secrets.token_urlsafe(_RANDOM_BYTES),
            code_verifier=secrets.token_urlsafe(_RANDOM_BYTES),
            return_to=return_to,
            provider=provider,
            remember=remember,
            expires_at=int(self._clock()) + LIFETIME_SECONDS,
            retried=retried,
        )

    def seal(self, transaction: LoginTransaction) -> str:
        """Return the cookie value of `transaction`."""
        return self._sealer.seal(PURPOSE, json.dumps(asdict(transaction)).encode())

    def load(self, cookies: Mapping[str, str], state: str) -> LoginTransaction:
        """Return this browser's transaction of `state`; raises LoginExpired if there is none that is still alive."""
        value = cookies.get(cookie_name(state))
        if value is None:
            raise LoginExpired("this browser holds no transaction for the state")
        transaction = self._open(value)
        if transaction is None:
            raise LoginExpired("the transaction's seal is broken")
        if not secrets.compare_digest(transaction.state.encode(), state.encode()):
            raise LoginExpired("the transaction belongs to another state")
        if transaction.expires_at <= self._clock():
            raise LoginExpired("the transaction is older than ten minutes")
        return transaction

    def surplus(self, cookies: Mapping[str, str]) -> list[str]:
        """Return names of login cookies to clear, so that one more sign-in stays within MAX_IN_FLIGHT.

        Never more than that at once: an answer has 10,240 bytes of headers. The oldest ones alive go first, then dead ones,
        which the next sign-ins clear or their ten minutes end.
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
        alive.sort()
        too_many = max(0, len(alive) - (MAX_IN_FLIGHT - 1))
        return ([name for _, name in alive[:too_many]] + dead)[:MAX_CLEARED]

    def _open(self, value: str) -> LoginTransaction | None:
        try:
            return parse_record(LoginTransaction, self._sealer.open(PURPOSE, value))
        except SealBroken:
            return None
