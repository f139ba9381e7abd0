"""The fault table: every outbound call, every possible fault of the call, and the response that a person receives after
the fault.

This module contains the data. test_faults.py proves each line over real sockets, and `python -m tests.fault_table`
writes docs/faults.md.
"""

from dataclasses import dataclass, field

from chalicelib.gatehouse.aws_clients import MAX_ANSWER_BYTES
from chalicelib.gatehouse.cognito.http_client import MAX_RESPONSE_BYTES
from chalicelib.gatehouse.deadline import Limits
from tests.faults.wire import Fault, Peer

PAGE = b"<!doctype html><title>All is well</title>"


def _refusal(peer: Peer, status: int, code: str, headers: str = "") -> None:
    body = f'{{"__type": "{code}", "message": "m", "error": "{code}"}}'
    peer.answer(status, body.encode(), f"Content-Type: application/json\r\n{headers}")


def _huge(peer: Peer) -> None:
    size = MAX_ANSWER_BYTES if peer.is_aws else MAX_RESPONSE_BYTES
    peer.answer(200, b'{"padding": "' + b"x" * size + b'"}')


#: For each fault, a description of what the service does, and the function that simulates the fault. The last two
#: faults prevent the connection and have no function.
FAULTS: dict[str, tuple[str, Fault | None]] = {
    "hang": ("accepts the request and never answers", Peer.silence),
    "slow": ("sends a byte from time to time, without an end", Peer.drip),
    "reset": ("closes the connection", Peer.reset),
    "429": (
        "429 with `Retry-After`",
        lambda peer: _refusal(peer, 429, "TooManyRequestsException", "Retry-After: 7\r\n"),
    ),
    "500": ("500", lambda peer: _refusal(peer, 500, "InternalServerError")),
    "garbage": (
        "200 with bytes that are not text",
        lambda peer: peer.answer(200, bytes(range(256))),
    ),
    "list": ("200 with JSON of another shape", lambda peer: peer.answer(200, b'["invalid_grant"]')),
    "huge": ("200 with more bytes than we read", _huge),
    "page": (
        "200 with another content type, a page",
        lambda peer: peer.answer(200, PAGE, "Content-Type: text/html\r\n"),
    ),
    "cut off": (
        "200 with a body that ends too early",
        lambda peer: peer.answer(200, b'{"access_token": "eyJ', length=999),
    ),
    "redirect": (
        "302 to another address",
        lambda peer: peer.answer(302, b"", "Location: /elsewhere\r\n"),
    ),
    "refused": ("nothing listens", None),
    "expired": ("the certificate has expired", None),
}
#: The error of nearly every call to the user-pool API while AWS recovers a pool to a point in time (test_recovery.py).
RECOVERING = "recovering"
#: Faults with a definite response. After such a response, the client makes no second try.
_DEFINITE = ("redirect", RECOVERING)


def recovering(peer: Peer) -> None:
    """Refuse a call as AWS does: with status 400, even though the refusal is temporary."""
    _refusal(peer, 400, "OperationNotEnabledException")


#: Faults that last until a time limit ends them. All other faults end at once.
ENDLESS = ("hang", "slow")
#: Faults that affect a whole host.
OF_HOST = ("refused", "expired")
#: Two faults for calls that other routes test with all faults: a broken connection, and an error of the service. If the
#: results of both are right, the right code handles the call.
SAMPLE = ("reset", "500")


@dataclass(frozen=True)
class Outcome:
    """The result of a fault. `cookie` describes the change of the browser's session cookie or challenge cookie."""

    status: int
    code: str = "temporarily_unavailable"
    cookie: str = "kept"
    event: str = "refused"


@dataclass(frozen=True)
class Call:
    """One outbound call in one route or trigger. `name` is the name of the call in wire.py. `scene` causes the call
    (scenes.py)."""

    name: str
    host: str
    limit: str
    route: str
    scene: str
    outcome: Outcome
    tries: int = 1
    #: The results that differ from `outcome`, by fault.
    others: dict[str, Outcome] = field(default_factory=dict)
    #: Calls that must not happen after the fault.
    never: tuple[str, ...] = ()
    #: Attempts that the counters of account and source keep, because Cognito has already checked the password.
    counted: int = 0
    #: Whether the tests use only the faults in `SAMPLE`. In this case, another route tests the same call of the same
    #: client with all faults.
    elsewhere: bool = False
    #: Whether the call is the route's first call to its host. If the host is down, the first call fails, and a later
    #: call does not happen.
    first: bool = True
    note: str = ""

    def faults(self) -> list[str]:
        """Return the names of the faults that the tests apply to this call."""
        if self.elsewhere:
            return list(SAMPLE)
        return [name for name in FAULTS if self.first or name not in OF_HOST]

    def tries_at(self, fault: str) -> int:
        """Return the number of tries. A slow service uses up the whole limit in one try. After a redirect, the client
        makes no second try.

        If Cognito waits for our triggers during a call, the limit allows only one try.
        """
        used_up = fault == "slow" or (fault == "hang" and self.limit == "cognito")
        return 1 if used_up or fault in _DEFINITE else self.tries

    def seconds(self, limits: Limits) -> float:
        """Return the longest time that a person may wait, in seconds: the call's limit or the request's limit,
        whichever is shorter."""
        whole = limits.trigger if self.route.startswith("trigger") else limits.request
        return float(min(getattr(limits, self.limit), whole))


_503 = Outcome(503)
_NOTHING = Outcome(503, cookie="not set")
_CALLBACK = Outcome(303, cookie="not set", event="sign_in_failed")
_RECORDED_LATER = Outcome(303, code="", cookie="set", event="record_not_written")
_SIGNED_OUT = Outcome(200, code="", cookie="cleared", event="revoke_failed")
#: RFC 7009 2.2: only the status counts, and the client ignores the body.
_REVOKED = Outcome(200, code="", cookie="cleared", event="sign_out")
_REFUSED_TO_COGNITO = Outcome(0, code="", cookie="–", event="trigger_failed")
_GOES_ON = Outcome(0, code="", cookie="–", event="record_not_written")

_MAILED_LATER = Outcome(0, code="", cookie="–", event="account_mail_failed")

_DYNAMODB, _SECRETS, _POOL = "dynamodb", "secretsmanager", "cognito-idp"
_SIGN_IN = "POST /auth/direct/sign-in"
#: A function of our app. No route waits for its result.
_MAIL = "function account_mail"

CALLS: tuple[Call, ...] = (
    Call(
        "token authorization_code", "cognito", "post", "GET /auth/callback", "callback", _CALLBACK,
        note="a code works once: the person starts again",
    ),
    Call(
        "jwks.json", "jwks", "get", "GET /auth/callback", "callback", _CALLBACK, tries=2,
        never=("token authorization_code",), note="the code is not used up",
    ),
    Call(
        "UpdateItem users", _DYNAMODB, "aws", "GET /auth/callback", "callback", _RECORDED_LATER,
        tries=2, first=False, note="the next sign-in repairs the record",
    ),
    Call(
        "Scan providers", _DYNAMODB, "aws", "GET /auth/callback", "callback", _CALLBACK, tries=2,
        note="the app cannot check the provider's right to the address, so it revokes the new tokens",
    ),
    Call(
        "UpdateItem sessions", _DYNAMODB, "aws", "GET /auth/callback", "callback",
        Outcome(303, code="", cookie="set", event="session_not_noted"), tries=2, first=False,
        note="lists omit the session until its next refresh writes the row",
    ),
    Call(
        "UpdateItem sessions", _DYNAMODB, "aws", "POST /auth/refresh", "refresh", _503, tries=2,
        never=("token refresh_token",),
        note="a session that its owner has ended must not continue during an outage; "
        "the refresh token is not used up",
    ),
    Call(
        "token refresh_token", "cognito", "post", "POST /auth/refresh", "refresh", _503,
        note="if Cognito has rotated the token and its response was lost, the old token works during the grace period",
    ),
    Call(
        "GetTokensFromRefreshToken", _POOL, "cognito", "POST /auth/refresh", "refresh, by the API", _503,
        note=(
            "only for sign-ins by our form, after a definite refusal by the token endpoint, "
            "never after a timeout"
        ),
    ),
    Call(
        "GetItem users", _DYNAMODB, "aws", "POST /auth/refresh", "refresh, no ID token",
        Outcome(200, code="", cookie="replaced", event="record_not_read"), tries=2, first=False,
        note=(
            "only if Cognito returned no ID token: names and address are empty until the "
            "next refresh"
        ),
    ),
    Call(
        "jwks.json", "jwks", "get", "POST /auth/refresh", "refresh", _503, tries=2,
        never=("token refresh_token",), note="the refresh token is not used up",
    ),
    Call(
        "GetSecretValue sealing-keys", _SECRETS, "aws", "POST /auth/refresh", "refresh", _503,
        tries=2, never=("token refresh_token",), note="a new container; a warm container uses its cached keys",
    ),
    Call(
        "GetSecretValue client", _SECRETS, "aws", "POST /auth/refresh", "refresh", _503, tries=2,
        never=("token refresh_token",), first=False, note="a new container; a warm container uses its cached keys",
    ),
    Call(
        "revoke", "cognito", "post", "POST /auth/logout", "logout", _SIGNED_OUT,
        others=dict.fromkeys(("garbage", "list", "page"), _REVOKED),
        note="the person is signed out in any case; a 200 counts as success, whatever its body",
    ),
    Call(
        "DeleteItem sessions", _DYNAMODB, "aws", "POST /auth/logout", "logout",
        Outcome(200, code="", cookie="cleared", event="row_not_deleted"),
        note="the token is revoked, but lists show the session until its deadline",
    ),
    Call(
        "Scan providers", _DYNAMODB, "aws", "GET /auth/config", "config", Outcome(503, cookie="–"),
        tries=2, note="a new container; a warm container uses its cached list",
    ),
    Call("GetItem users", _DYNAMODB, "aws", "GET /me", "me", Outcome(503, cookie="–"), tries=2),
    Call(
        "Query sessions", _DYNAMODB, "aws", "GET /me/sessions", "own sessions",
        Outcome(503, cookie="–"), tries=2,
    ),
    Call(
        "DeleteItem sessions", _DYNAMODB, "aws", "DELETE /me/sessions/{id}", "end a session",
        Outcome(503, cookie="–"), note="sent once: a second call would find no session to end",
    ),
    Call(
        "DeleteItem sessions", _DYNAMODB, "aws", "POST /me/sessions/end-others", "end the others",
        Outcome(503, cookie="–"), first=False,
        note="some sessions may have ended; a repetition of the request ends the other sessions",
    ),
    Call(
        "Scan users", _DYNAMODB, "aws", "GET /users", "users", Outcome(503, cookie="–"), tries=2,
        first=False,
    ),
    Call(
        "AdminListGroupsForUser", _POOL, "cognito", "GET /users", "users",
        Outcome(503, cookie="–"), tries=2, never=("Scan users",),
        note="the app cannot check the caller's group, so it refuses access",
    ),
    Call(
        "AdminUpdateUserAttributes", _POOL, "cognito", "PATCH /me", "rename",
        Outcome(503, cookie="–"),
    ),
    Call(
        "AdminUserGlobalSignOut", _POOL, "cognito", "POST /users/{userName}/sign-out",
        "global sign-out", Outcome(503, cookie="–"), first=False, never=("UpdateItem users",),
        note="all data stays unchanged",
    ),
    Call(
        "UpdateItem users", _DYNAMODB, "aws", "POST /users/{userName}/sign-out",
        "global sign-out", Outcome(503, cookie="–"), tries=2, first=False,
        note="refresh tokens are already revoked; repeating the request writes `validAfter`",
    ),
    Call(
        "Query sessions", _DYNAMODB, "aws", "POST /users/{userName}/sign-out", "global sign-out",
        Outcome(200, code="", cookie="–", event="row_not_deleted"), tries=2, first=False,
        note="the tokens are revoked, but lists show the sessions until their deadlines",
    ),
    Call(
        "GetItem throttle", _DYNAMODB, "aws", _SIGN_IN, "sign-in", _NOTHING, tries=2,
        never=("AdminInitiateAuth",), note="the app makes only attempts that it can count",
    ),
    Call(
        "UpdateItem throttle", _DYNAMODB, "aws", _SIGN_IN, "sign-in", _NOTHING, first=False,
        never=("AdminInitiateAuth",), note="the same as for the read; the app does not repeat the write of a count",
    ),
    Call(
        "siteverify", "captcha", "post", _SIGN_IN, "captcha", _NOTHING,
        never=("AdminInitiateAuth",), note="the sign-in fails; the attempt does not count",
    ),
    Call(
        "AdminInitiateAuth", _POOL, "cognito", _SIGN_IN, "sign-in", _NOTHING,
        note="the attempt does not count",
    ),
    Call(
        "Scan providers", _DYNAMODB, "aws", _SIGN_IN, "sign-in, linked", _NOTHING, tries=2,
        first=False, counted=2, note=(
            "a linked account: the new tokens are revoked; Cognito has checked the password, "
            "so the attempt counts"
        ),
    ),
    Call(
        "UpdateItem users", _DYNAMODB, "aws", _SIGN_IN, "sign-in",
        Outcome(200, code="", cookie="set", event="record_not_written"), tries=2, first=False,
        note="the next sign-in repairs the record",
    ),
    Call(
        "AdminRespondToAuthChallenge", _POOL, "cognito", "POST /auth/direct/challenge", "challenge",
        _503, note="the challenge stays valid, and the attempt does not count",
    ),
    Call(
        "Scan providers", _DYNAMODB, "aws", "POST /auth/direct/sign-up", "sign-up", _NOTHING,
        tries=2, never=("SignUp", "UpdateItem throttle"), note=(
            "the app cannot find the owner of the address, and counts no attempt"
        ),
    ),
    Call(
        "Invoke account_mail", "lambda", "aws", "POST /auth/direct/sign-up", "sign-up", _NOTHING,
        note="the attempt does not count; sent once, because a second call would send a second mail",
    ),
    Call(
        "AdminGetUser", _POOL, "cognito", _MAIL, "mail, new", _MAILED_LATER, tries=2,
        never=("SignUp",), note="no request waits for this function; Lambda calls the function again after a minute",
    ),
    Call(
        "SignUp", _POOL, "cognito", _MAIL, "mail, new", _MAILED_LATER, first=False,
        note="Lambda calls the function again after a minute",
    ),
    Call(
        "ResendConfirmationCode", _POOL, "cognito", _MAIL, "mail, waiting", _MAILED_LATER,
        first=False, note="Lambda calls the function again after a minute",
    ),
    Call(
        "ForgotPassword", _POOL, "cognito", _MAIL, "mail, known", _MAILED_LATER, first=False,
        note="Lambda calls the function again after a minute",
    ),
    Call(
        "AdminDeleteUser", _POOL, "cognito", _MAIL, "mail, removed", _MAILED_LATER, first=False,
        never=("SignUp",), note="Lambda calls the function again; the call removes an account without our mark",
    ),
    Call(
        "AdminGetUser", _POOL, "cognito", "POST /auth/direct/confirm", "confirm", _NOTHING, tries=2,
        never=("ConfirmSignUp",), note="the code is not used up",
    ),
    Call(
        "ConfirmSignUp", _POOL, "cognito", "POST /auth/direct/confirm", "confirm", _NOTHING,
        first=False, never=("AdminSetUserPassword",),
        note="if Cognito has accepted the code and its response was lost, the next code completes the step",
    ),
    Call(
        "ConfirmForgotPassword", _POOL, "cognito", "POST /auth/direct/reset-password", "reset",
        _NOTHING, first=False,
    ),
    Call(
        "AssociateSoftwareToken", _POOL, "cognito", "POST /auth/mfa/setup", "mfa setup", _503,
        first=False, note="the tokens of the server-only client are revoked",
    ),
    Call("VerifySoftwareToken", _POOL, "cognito", "POST /auth/mfa/verify", "mfa verify", _503),
    Call(
        "SetUserMFAPreference", _POOL, "cognito", "POST /auth/mfa/verify", "mfa verify", _503,
        first=False,
    ),
    Call(
        "AdminSetUserMFAPreference", _POOL, "cognito", "POST /auth/direct/recovery-code",
        "recovery code", _503, tries=2, note="the recovery code can be used again",
    ),
    Call(
        "RevokeToken", _POOL, "cognito", "POST /auth/mfa/verify", "mfa verify",
        Outcome(200, code="", event="revoke_failed"), first=False,
        note="the factor is on; the token expires by itself within the hour",
    ),
    Call(
        "Scan providers", _DYNAMODB, "aws", "trigger PreSignUp_SignUp", "trigger sign-up",
        _REFUSED_TO_COGNITO, tries=2, never=("UpdateItem users",), note="Cognito refuses the sign-up",
    ),
    Call(
        "UpdateItem users", _DYNAMODB, "aws", "trigger PreSignUp_SignUp", "trigger sign-up",
        _REFUSED_TO_COGNITO, tries=2, first=False,
        note="Cognito refuses the sign-up, and every record is complete or missing",
    ),
    Call(
        "Scan providers", _DYNAMODB, "aws", "trigger InboundFederation_ExternalProvider",
        "trigger inbound", _REFUSED_TO_COGNITO, tries=2, never=("AdminGetUser",),
        note="Cognito refuses the sign-in, because the provider's earlier data may be wrong",
    ),
    Call(
        "AdminGetUser", _POOL, "cognito", "trigger InboundFederation_ExternalProvider",
        "trigger inbound", _REFUSED_TO_COGNITO, tries=2, never=("AdminDeleteUserAttributes",),
        note="Cognito refuses the sign-in; the trigger makes this call only if the provider omits a name",
    ),
    Call(
        "AdminDeleteUserAttributes", _POOL, "cognito", "trigger InboundFederation_ExternalProvider",
        "trigger inbound", _REFUSED_TO_COGNITO, first=False,
        note="Cognito refuses the sign-in; the trigger makes this call only if the pool still has the omitted name",
    ),
    Call(
        "Scan providers", _DYNAMODB, "aws", "trigger PreSignUp_ExternalProvider", "trigger linking",
        _REFUSED_TO_COGNITO, tries=2, note="Cognito refuses the first sign-in",
    ),
    Call(
        "ListUsers", _POOL, "cognito", "trigger PreSignUp_ExternalProvider", "trigger linking",
        _REFUSED_TO_COGNITO, tries=2, never=("AdminLinkProviderForUser",), note="Cognito refuses the first sign-in",
    ),
    Call(
        "GetItem users", _DYNAMODB, "aws", "trigger PreSignUp_ExternalProvider", "trigger linking",
        _REFUSED_TO_COGNITO, tries=2, first=False, never=("AdminLinkProviderForUser",),
        note="Cognito refuses the first sign-in; linking requires the proof in the record",
    ),
    Call(
        "AdminLinkProviderForUser", _POOL, "cognito", "trigger PreSignUp_ExternalProvider",
        "trigger linking", _REFUSED_TO_COGNITO, first=False,
        note="Cognito refuses the first sign-in; the next sign-in finds or makes the link",
    ),
    Call(
        "AdminGetUser", _POOL, "cognito", "trigger PreSignUp_ExternalProvider", "trigger linking",
        _REFUSED_TO_COGNITO, tries=2, first=False, note="Cognito refuses the first sign-in",
    ),
    Call(
        "UpdateItem users", _DYNAMODB, "aws", "trigger PostConfirmation_ConfirmSignUp",
        "trigger confirmed", _GOES_ON, tries=2,
        note="the account is confirmed; its record stays PENDING until the first sign-in",
    ),
    Call(
        "Scan providers", _DYNAMODB, "aws", "trigger PostAuthentication_Authentication",
        "trigger federated sign-in", _GOES_ON, tries=2, never=("UpdateItem users",),
        note="callback and direct sign-in check again before they make a session",
    ),
    Call(
        "Scan providers", _DYNAMODB, "aws", "trigger TokenGeneration", "trigger tokens",
        Outcome(0, code="", cookie="–", event="groups_left_out"), tries=2,
        note="for a provider that sends groups: tokens omit these groups until the next refresh",
    ),
    Call(
        "UpdateItem users", _DYNAMODB, "aws", "trigger PostAuthentication_Authentication",
        "trigger sign-in", _GOES_ON, tries=2,
        note="the sign-in continues; the next sign-in repairs the record",
    ),
    Call(
        "SendMessageBatch leaving", "sqs", "aws", "POST /auth/events/{provider}", "event hook",
        Outcome(503, cookie="–"), note="Okta sends the event once more; a repeated event has no further effect",
    ),
)  # fmt: skip
