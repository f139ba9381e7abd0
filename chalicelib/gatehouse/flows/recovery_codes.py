"""Makes and accepts recovery codes, for people who have lost their authenticator app (docs/adr/0015-recovery-codes.md).

To get recovery codes, a signed-in person enters the password and a code of the app. Cognito itself has no recovery
codes, and its challenge accepts nothing but a code of the app. A recovery code therefore turns the app off, and the
person then signs in again with the password alone. Sources: OWASP ASVS 5.0 6.5.1 (single use), 6.5.2 (stored as
hashes), 6.5.3 (random), 6.6.3 (throttled); NIST SP 800-63B-4 3.1.2 (look-up secrets); AWS "AdminSetUserMFAPreference".
"""

import secrets
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ..cognito.user_pool_api import Visitor
from ..errors import (
    ChallengeExpired,
    InvalidChallengeCode,
    InvalidRequest,
    MfaNotOn,
    NotFound,
    TemporarilyUnavailable,
)
from ..log import log_event
from ..sealed.challenges import Challenges
from ..store.recovery_codes import RecoveryCodeStore, Spent
from ..store.users import iso
from .attempts import CHALLENGE, SIGN_IN, Attempts
from .challenge_steps import TOTP
from .credentials import read_code

if TYPE_CHECKING:
    from ..cognito.user_admin import UserAdmin
    from .new_session import NewSessions
    from .reauthentication import Reauthentication

CODES = 10
#: Crockford's base 32, without I, L, O and U. Sixteen characters have 80 bits.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 16
_GROUP = 4
#: In a typed code, digits replace the letters that look similar: I and L become 1, O becomes 0.
_READ_AS = str.maketrans("ILO", "110")


def make_code() -> str:
    """Return a new random code, in capitals and without separators."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def shown(code: str) -> str:
    """Return a code in groups of four characters, such as `7KQ2-M0XD-…`."""
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))


def parse_recovery_code(text: str) -> str | None:
    """Return the code in a typed text, or None if the text cannot be a code. The text may be in upper or lower case, and
    may contain spaces or dashes."""
    code = "".join(c for c in text.upper() if c.isalnum()).translate(_READ_AS)
    return code if len(code) == _LENGTH and set(code) <= set(_ALPHABET) else None


class RecoveryCodes:
    """Makes recovery codes, and accepts recovery codes at a sign-in."""

    def __init__(
        self,
        *,
        store: RecoveryCodeStore,
        attempts: Attempts,
        challenges: Challenges,
        load_again: "Callable[[], Reauthentication]",
        load_user_admin: "Callable[[], UserAdmin]",
        load_new_sessions: "Callable[[], NewSessions]",
        clock: Callable[[], float],
        passkeys: bool = False,
    ) -> None:
        self._store = store
        self._attempts = attempts
        self._challenges = challenges
        self._load_again = load_again
        self._load_user_admin = load_user_admin
        self._load_new_sessions = load_new_sessions
        self._clock = clock
        self._passkeys = passkeys

    def make(
        self, *, password: str, code: str, session_cookie: str | None, visitor: Visitor
    ) -> list[str]:
        """Return new codes, which replace all earlier codes. The new codes cannot be shown again.

        Raises NoSession, SessionExpired, ManagedByProvider, InvalidCredentials, InvalidCode, TooManyAttempts, MfaNotOn
        and TemporarilyUnavailable.
        """
        again = self._load_again()
        session, email = again.native(session_cookie)
        digits = read_code(code)
        account = self._attempts.account_of(email, visitor)
        with ExitStack() as once:
            tokens, asked = again.by_both_factors(once, session, account, password, digits, visitor)
            with again.revoked_after(tokens):
                if not asked:
                    raise MfaNotOn("the person has no authenticator app")
                codes = [make_code() for _ in range(CODES)]
                self._store.replace(session.username, codes)
        for kind in (SIGN_IN, CHALLENGE):
            self._attempts.succeeded(kind, account, visitor.ip)
        log_event("recovery_codes_made", user=session.username)
        return [shown(each) for each in codes]

    def use(self, *, code: str, cookie: str | None, visitor: Visitor) -> None:
        """Use up a recovery code, and turn the authenticator app off. `cookie` contains the challenge in which Cognito
        asks for a code of the app. The challenge proves that Cognito has already accepted the password.

        A wrong code, a used code and an account without codes get the same answer. Raises ChallengeExpired,
        InvalidChallengeCode, InvalidRequest, TooManyAttempts and TemporarilyUnavailable. After an outage, the person
        can use the code again.
        """
        challenge = self._challenges.open(cookie)
        if challenge.name != TOTP:
            raise InvalidRequest("the challenge does not ask for a code from an authenticator app")
        typed = parse_recovery_code(code)
        if typed is None:
            raise InvalidChallengeCode("the text does not have the form of a recovery code")
        self._load_new_sessions().refuse_ended(challenge.username, challenge.began_at)
        account = self._attempts.account_of(challenge.email, visitor)
        with (
            self._attempts.guarded(CHALLENGE, account, visitor.ip),
            self._attempts.step_once(challenge.session),
        ):
            spent = self._store.spend(challenge.username, typed, iso(self._clock()))
            if spent is None:
                self._attempts.failed()
                log_event("challenge_failed", door="direct", detail="recovery code")
                raise InvalidChallengeCode("the person has no such recovery code")
            self._switch_off(challenge.username, spent)
        self._attempts.succeeded(CHALLENGE, account, visitor.ip)
        log_event("recovery_code_used", level="warning", user=challenge.username, left=spent.left)

    def _switch_off(self, user_name: str, spent: Spent) -> None:
        try:
            self._load_user_admin().turn_app_off(user_name, passkeys=self._passkeys)
        except (TemporarilyUnavailable, NotFound) as error:
            try:
                self._store.restore(user_name, spent)
            except TemporarilyUnavailable as lost:
                log_event("recovery_code_lost", level="error", user=user_name, detail=lost.detail)
            if isinstance(error, NotFound):
                raise ChallengeExpired(error.detail) from None
            raise
