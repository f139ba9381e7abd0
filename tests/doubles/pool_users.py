"""The users of the strict user pool: passwords, states, lockout, mailed codes, authenticator apps.

Sources: Amazon Cognito developer guide, "Lockout behavior for failed sign-in attempts", "Confirmation codes", "TOTP
software token MFA"; RFC 4226 and RFC 6238 for the codes.
"""

import base64
import hashlib
import hmac
import secrets
import struct
import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.cognito import Person

STEP_SECONDS = 30
FREE_ATTEMPTS = 5
LONGEST_LOCKOUT_SECONDS = 900
MIN_PASSWORD_LENGTH = 12
CODE_SECONDS = {"sign-up": 86_400, "reset": 3600, "EMAIL_OTP": 180, "SMS_MFA": 180}
CODE_TRIES = 5


@dataclass
class MailedCode:
    code: str
    expires_at: float
    tries: int = 0


@dataclass
class PoolUser:
    """One user. `status` is Cognito's UserStatus."""

    email: str
    password: str
    status: str = "CONFIRMED"
    enabled: bool = True
    given_name: str = "Grace"
    family_name: str = "Hopper"
    groups: tuple[str, ...] = ()
    sub: str = field(default_factory=lambda: str(uuid.uuid4()))
    provider: str = "COGNITO"
    #: The user's name in the pool: the sub, or `<provider>_<subject>`.
    username: str = ""
    factors: set[str] = field(default_factory=set)
    preferred: str | None = None
    totp_secret: str | None = None
    last_totp_step: int = -1
    failures: int = 0
    locked_until: float = 0.0
    codes: dict[str, MailedCode] = field(default_factory=dict)
    past_passwords: list[str] = field(default_factory=list)
    email_verified: bool = True
    #: (provider, subject) of every linked provider.
    identities: list[tuple[str, str]] = field(default_factory=list)
    #: The attribute `custom:groups`, to which the pool maps a provider's claim.
    told_groups: str = ""
    #: The attribute `custom:idp_sub`: the provider's subject in its original case.
    idp_subject: str = ""
    #: The person's passkeys (user_pool_passkeys.py), and the challenge for a new passkey. `passkey_is_mfa` says whether
    #: passkeys also count as a second factor.
    passkeys: list[Any] = field(default_factory=list)
    passkey_challenge: str | None = None
    passkey_is_mfa: bool = False
    created_at: float = 0.0
    modified_at: float = 0.0

    def __post_init__(self) -> None:
        self.username = self.username or self.sub

    def person(self) -> Person:
        """Return this user's data for tokens."""
        return Person(
            self.sub,
            self.username,
            self.email,
            self.given_name,
            self.family_name,
            self.groups,
            self.provider,
        )

    def is_locked(self, now: float) -> bool:
        return now < self.locked_until

    def note_failure(self, now: float) -> None:
        """Count a wrong password. The fifth wrong password locks the user, and each further wrong password doubles the
        duration of the lock."""
        self.failures += 1
        beyond = self.failures - FREE_ATTEMPTS
        if beyond >= 0:
            self.locked_until = now + min(2**beyond, LONGEST_LOCKOUT_SECONDS)

    def new_code(self, purpose: str, now: float) -> str:
        code = f"{secrets.randbelow(10**6):06d}"
        self.codes[purpose] = MailedCode(code, now + CODE_SECONDS[purpose])
        return code

    def check_code(self, purpose: str, code: str, now: float) -> str | None:
        """Use up a mailed code. Return the name of the exception, or None."""
        mailed = self.codes.get(purpose)
        if mailed is None or now >= mailed.expires_at:
            return "ExpiredCodeException"
        mailed.tries += 1
        if mailed.tries > CODE_TRIES:
            return "LimitExceededException"
        if not hmac.compare_digest(mailed.code.encode(), code.encode()):
            return "CodeMismatchException"
        del self.codes[purpose]
        return None

    def check_totp(self, code: str, now: float, secret: str | None = None) -> bool:
        """Check a code of an authenticator app. The codes of the previous, the current and the next time step are
        valid. Each code works once."""
        secret = secret or self.totp_secret or ""
        step = int(now) // STEP_SECONDS
        for candidate in (step, step - 1, step + 1):
            if candidate > self.last_totp_step and totp(secret, candidate) == code:
                self.last_totp_step = candidate
                return True
        return False


def new_totp_secret() -> str:
    return base64.b32encode(secrets.token_bytes(32)).decode().rstrip("=")


def totp(secret: str, step: int) -> str:
    """Return the TOTP of RFC 6238, with SHA-1 and six digits."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**6:06d}"


def password_problem(password: str) -> str | None:
    """Return the exception for a password that violates the pool's policy. Otherwise return None."""
    if password != password.strip():
        return "InvalidParameterException"
    return None if MIN_PASSWORD_LENGTH <= len(password) <= 256 else "InvalidPasswordException"
