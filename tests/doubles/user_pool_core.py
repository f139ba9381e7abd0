"""The core of the strict user pool: dispatch with checks, Sessions, tokens. The neighbouring modules contain the
operations."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from tests.doubles.clock import Clock
from tests.doubles.cognito import ACCESS_KID, CognitoDouble, Person
from tests.doubles.pool_users import PoolUser
from tests.doubles.service_model import check_answer, check_error, check_request
from tests.doubles.signing import rsa_key, sign_jwt

SERVICE = "cognito-idp"
SESSION_SECONDS = 900
USER_ADMIN = "aws.cognito.signin.user.admin"
SCOPES = "openid email profile api/read api/write"


@dataclass
class PoolSession:
    user: PoolUser
    client_id: str
    challenge: str
    expires_at: float
    totp_secret: str | None = None
    verified: bool = False
    passkey_challenge: str | None = None


@dataclass
class Grant:
    """The tokens of one sign-in with the server-only client. Cognito revokes the tokens together."""

    user: PoolUser
    client_id: str
    refresh_token: str
    totp_secret: str | None = None
    revoked: bool = False


def refusal(code: str, operation: str, message: str = "detail that stays inside") -> ClientError:
    """Return the error that boto3 raises for a refused operation."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@dataclass
class PoolCore:
    """The pool. `clients` maps app client ids to secrets. The first client issues the browsers' tokens."""

    clock: Clock
    cognito: CognitoDouble
    pool_id: str
    clients: dict[str, str]
    #: The pool's UsernameConfiguration. The identity stack creates pools that ignore case.
    case_sensitive: bool = False
    mfa_required: bool = False
    mfas_can_setup: tuple[str, ...] = ("SOFTWARE_TOKEN_MFA",)
    #: A function that the double calls with (trigger source, user, ClientMetadata) whenever Cognito would call the
    #: trigger. If the function raises an error, the double refuses the caller's request.
    trigger: Callable[[str, PoolUser, Mapping[str, str]], None] = lambda source, user, metadata: (
        None
    )
    users: list[PoolUser] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    #: All sent codes: (destination, purpose, code).
    sent: list[tuple[str, str, str]] = field(default_factory=list)
    grants: dict[str, Grant] = field(default_factory=dict)
    #: The next challenge (name, parameters). The double uses this challenge instead of its own choice.
    next_challenge: tuple[str, dict[str, str]] | None = None
    #: The names of factors in SELECT_MFA_TYPE. AWS's API model and one page of AWS's documentation use
    #: EMAIL_MFA. Another page uses EMAIL_OTP.
    offered_as: dict[str, str] = field(default_factory=dict)
    #: The number of characters in each new Session string. None means Cognito's current length.
    session_length: int | None = None
    #: Whether the pool accepts any password for federated users, as the local AWS does. On AWS, a federated user has no
    #: password.
    federated_passwords: bool = False
    #: The name of an exception. If the name is set, every mail fails with this exception.
    undeliverable: str | None = None
    simulated: int = 0
    _sessions: dict[str, PoolSession] = field(default_factory=dict)
    _faults: dict[str, list[Exception]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cognito.look_up = self._as_of_now

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        """Return the operation for a method name of boto3. The operation checks its request and its response."""
        operation = "".join(part.title() for part in name.split("_")).replace("Mfa", "MFA")
        handler = getattr(type(self), f"_op_{name}", None)
        if handler is None:
            raise AttributeError(name)

        def call(**arguments: Any) -> dict[str, Any]:
            check_request(SERVICE, operation, arguments)
            self.calls.append((name, arguments))
            waiting = self._faults.get(name)
            try:
                if waiting:
                    raise waiting.pop(0)
                answer: dict[str, Any] = handler(self, arguments)
            except ClientError as error:
                check_error(SERVICE, operation, error)
                raise
            check_answer(SERVICE, operation, answer)
            return answer

        return call

    # Methods for tests -----------------------------------------------------------------------------

    def add(self, user: PoolUser) -> PoolUser:
        self.users.append(user)
        return user

    def fail(self, name: str, *faults: Exception) -> None:
        """Let the next calls of `name` (in boto3's spelling) end with `faults`. Each call uses one fault."""
        self._faults.setdefault(name, []).extend(faults)

    def called(self, name: str) -> int:
        return sum(1 for call, _ in self.calls if call == name)

    def last_code(self, purpose: str) -> str:
        return next(code for _, kind, code in reversed(self.sent) if kind == purpose)

    def forget_sessions(self) -> None:
        self._sessions.clear()

    # Methods for operations ------------------------------------------------------------------------

    def find(self, name: str) -> PoolUser | None:
        """Find a user by user name, or a native user by address. Compare upper and lower case as the pool does."""

        def same(one: str) -> bool:
            return one == name if self.case_sensitive else one.casefold() == name.casefold()

        return next(
            (
                user
                for user in self.users
                if same(user.username) or (user.status != "EXTERNAL_PROVIDER" and same(user.email))
            ),
            None,
        )

    def _as_of_now(self, person: Person) -> Person:
        """Return `person` with the current groups. The provider's own group, `<pool>_<provider>`, stays as it was at
        the sign-in."""
        user = next((user for user in self.users if user.sub == person.sub), None)
        if user is None:
            return person
        theirs = (name for name in person.groups if name.startswith(f"{self.pool_id}_"))
        return replace(person, groups=(*theirs, *user.groups))

    def _check_hash(self, client_id: str, name: str, given: str | None, op: str) -> None:
        if client_id not in self.clients:
            raise refusal("ResourceNotFoundException", op)
        digest = hmac.new(
            self.clients[client_id].encode(), (name + client_id).encode(), hashlib.sha256
        ).digest()
        if given != base64.b64encode(digest).decode():
            message = f"Unable to verify secret hash for client {client_id}"
            raise refusal("NotAuthorizedException", op, message)

    def _challenge(
        self, user: PoolUser, client_id: str, name: str, **parameters: str
    ) -> dict[str, Any]:
        session = PoolSession(user, client_id, name, self.clock() + SESSION_SECONDS)
        return {
            "ChallengeName": name,
            "Session": self._keep(session),
            "ChallengeParameters": {"USER_ID_FOR_SRP": user.username, **parameters},
        }

    def _keep(self, session: PoolSession) -> str:
        name = f"session-{secrets.token_urlsafe(24)}-{secrets.token_urlsafe(900)}"
        if self.session_length is not None:
            name = secrets.token_urlsafe(self.session_length)[: self.session_length]
        self._sessions[name] = session
        return name

    def _session(self, name: str, op: str) -> PoolSession:
        session = self._sessions.get(name)
        if session is None or self.clock() >= session.expires_at:
            message = "Invalid session for the user, session is expired."
            raise refusal("NotAuthorizedException", op, message)
        return session

    def _end_sessions(self, user: PoolUser) -> None:
        for entry in self.cognito._refresh.values():
            if entry.family.person.sub == user.sub:
                entry.family.revoked = True

    def _send(self, user: PoolUser, purpose: str) -> None:
        self.sent.append((user.email, purpose, user.new_code(purpose, self.clock())))

    def _tokens(self, user: PoolUser, client_id: str) -> dict[str, Any]:
        self.trigger("PostAuthentication_Authentication", user, {})
        if client_id == next(iter(self.clients)):
            access, identity, refresh = self.cognito.sign_in_directly(user.person(), SCOPES)
        else:
            access = self._server_only_token(user, client_id)
            identity, refresh = "server-only-id-token", f"refresh-{secrets.token_urlsafe(1420)}"
            self.grants[access] = Grant(user, client_id, refresh)
        return {
            "AccessToken": access,
            "IdToken": identity,
            "RefreshToken": refresh,
            "ExpiresIn": 600,
            "TokenType": "Bearer",
        }

    def _server_only_token(self, user: PoolUser, client_id: str) -> str:
        now = int(self.clock())
        claims = {
            "sub": user.sub,
            "iss": self.cognito.issuer,
            "client_id": client_id,
            "token_use": "access",
            "scope": USER_ADMIN,
            "exp": now + 900,
            "iat": now,
            # Real access tokens have 1.1 kB, and real refresh tokens have 1.9 kB.
            "jti": secrets.token_urlsafe(200),
            "username": user.username,
        }
        return sign_jwt({"kid": ACCESS_KID, "alg": "RS256"}, claims, rsa_key(ACCESS_KID))

    def _grant(self, access_token: str, op: str) -> Grant:
        grant = self.grants.get(access_token)
        if grant is None or grant.revoked:
            raise refusal("NotAuthorizedException", op, "Access Token has been revoked")
        return grant
