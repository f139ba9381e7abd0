"""The fault table. For every outbound call and every fault of the call, the table says which response the person
receives.

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
    "hang": ("The service accepts the request and never answers.", Peer.silence),
    "slow": ("The service sends a byte from time to time, and its answer never ends.", Peer.drip),
    "reset": ("The service closes the connection.", Peer.reset),
    "429": (
        "The service answers 429 with `Retry-After`.",
        lambda peer: _refusal(peer, 429, "TooManyRequestsException", "Retry-After: 7\r\n"),
    ),
    "500": ("The service answers 500.", lambda peer: _refusal(peer, 500, "InternalServerError")),
    "garbage": (
        "The service answers 200 with bytes that are not text.",
        lambda peer: peer.answer(200, bytes(range(256))),
    ),
    "list": (
        "The service answers 200 with JSON of another shape: a list.",
        lambda peer: peer.answer(200, b'["invalid_grant"]'),
    ),
    "huge": ("The service answers 200 with more bytes than the app reads.", _huge),
    "page": (
        "The service answers 200 with an HTML page of the content type `text/html`.",
        lambda peer: peer.answer(200, PAGE, "Content-Type: text/html\r\n"),
    ),
    "cut off": (
        "The service answers 200, and the body ends too early.",
        lambda peer: peer.answer(200, b'{"access_token": "eyJ', length=999),
    ),
    "redirect": (
        "The service answers 302 with another address.",
        lambda peer: peer.answer(302, b"", "Location: /elsewhere\r\n"),
    ),
    "refused": ("No server listens at the address.", None),
    "expired": ("The certificate of the service has expired.", None),
}
#: A fault of nearly every call to the user-pool API. This fault happens while AWS recovers a pool to a point in time
#: (test_recovery.py).
RECOVERING = "recovering"
#: After these faults, the client makes no second try, because the response is definite.
_DEFINITE = ("redirect", RECOVERING)


def recovering(peer: Peer) -> None:
    """Refuse a call as AWS does: with status 400, even though the refusal is temporary."""
    _refusal(peer, 400, "OperationNotEnabledException")


#: Faults that last until a time limit ends them. All other faults end at once.
ENDLESS = ("hang", "slow")
#: Faults that affect every call to a host.
OF_HOST = ("refused", "expired")
#: A broken connection, and an error of the service. If the same call is tested with all faults in another route, the
#: tests use only these two faults. If both results are as expected, the correct code handles the call.
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
    """One outbound call in one route or trigger. `name` is the name of the call in wire.py. `scene` is the name of the
    prepared state in scenes.py that causes the call."""

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
    #: The number of attempts that still count after the fault, because Cognito has already checked the password. The
    #: counters of the account and of the source are added up.
    counted: int = 0
    #: Whether the tests use only the faults in `SAMPLE`. If so, the same call of the same client is tested with all
    #: faults in another route.
    elsewhere: bool = False
    #: Whether the call is the route's first call to its host. If the host is down, the first call fails, and no later
    #: call to the host happens.
    first: bool = True
    note: str = ""

    def faults(self) -> list[str]:
        """Return the names of the faults with which the tests run this call."""
        if self.elsewhere:
            return list(SAMPLE)
        return [name for name in FAULTS if self.first or name not in OF_HOST]

    def tries_at(self, fault: str) -> int:
        """Return the number of tries after a fault. A slow service uses up the whole limit in one try. After a redirect,
        the client makes no second try.

        Cognito may wait for our triggers during a call. So if such a call hangs, the limit allows one try.
        """
        used_up = fault == "slow" or (fault == "hang" and self.limit == "cognito")
        return 1 if used_up or fault in _DEFINITE else self.tries

    def seconds(self, limits: Limits) -> float:
        """Return the longest time that a person may wait, in seconds. This time is the shorter of two limits: the
        call's own limit, and the limit of the whole request or trigger."""
        whole = limits.trigger if self.route.startswith("trigger") else limits.request
        return float(min(getattr(limits, self.limit), whole))


_503 = Outcome(503)
_NOTHING = Outcome(503, cookie="not set")
_CALLBACK = Outcome(303, cookie="not set", event="sign_in_failed")
_RECORDED_LATER = Outcome(303, code="", cookie="set", event="record_not_written")
_SIGNED_OUT = Outcome(200, code="", cookie="cleared", event="revoke_failed")
#: RFC 7009 2.2: the status decides, and the client ignores the body.
_REVOKED = Outcome(200, code="", cookie="cleared", event="sign_out")
_REFUSED_TO_COGNITO = Outcome(0, code="", cookie="–", event="trigger_failed")
_GOES_ON = Outcome(0, code="", cookie="–", event="record_not_written")

_MAILED_LATER = Outcome(0, code="", cookie="–", event="account_mail_failed")

_DYNAMODB, _SECRETS, _POOL = "dynamodb", "secretsmanager", "cognito-idp"
_SIGN_IN = "POST /auth/direct/sign-in"
#: A Lambda function of our app. No route waits for its result.
_MAIL = "function account_mail"

CALLS: tuple[Call, ...] = (
    Call(
        "token authorization_code", "cognito", "post", "GET /auth/callback", "callback", _CALLBACK,
        note="A code works once, so the person starts the sign-in again.",
    ),
    Call(
        "jwks.json", "jwks", "get", "GET /auth/callback", "callback", _CALLBACK, tries=2,
        never=("token authorization_code",), note="The app has not used the code yet.",
    ),
    Call(
        "UpdateItem users", _DYNAMODB, "aws", "GET /auth/callback", "callback", _RECORDED_LATER,
        tries=2, first=False, note="The next sign-in repairs the record.",
    ),
    Call(
        "Scan providers", _DYNAMODB, "aws", "GET /auth/callback", "callback", _CALLBACK, tries=2,
        note="The app cannot check whether the provider may use the address, so it revokes the new tokens.",
    ),
    Call(
        "UpdateItem sessions", _DYNAMODB, "aws", "GET /auth/callback", "callback",
        Outcome(303, code="", cookie="set", event="session_not_noted"), tries=2, first=False,
        note="The session has no row yet, so lists of sessions omit it. The next refresh writes the row.",
    ),
    Call(
        "UpdateItem sessions", _DYNAMODB, "aws", "POST /auth/refresh", "refresh", _503, tries=2,
        never=("token refresh_token",),
        note="The app cannot check whether the owner has ended this session. An ended session must not continue. "
        "The refresh token is not used up.",
    ),
    Call(
        "token refresh_token", "cognito", "post", "POST /auth/refresh", "refresh", _503,
        note="Cognito may have rotated the token before its response was lost. "
        "In this case, the old token works during the grace period.",
    ),
    Call(
        "GetTokensFromRefreshToken", _POOL, "cognito", "POST /auth/refresh", "refresh, by the API", _503,
        note=(
            "The app makes this call for sign-ins by our form, if the token endpoint has definitely "
            "refused the token. After a timeout, the app never makes this call."
        ),
    ),
    Call(
        "GetItem users", _DYNAMODB, "aws", "POST /auth/refresh", "refresh, no ID token",
        Outcome(200, code="", cookie="replaced", event="record_not_read"), tries=2, first=False,
        note=(
            "The app makes this call only if Cognito returned no ID token. After the fault, names "
            "and address are empty until the next refresh."
        ),
    ),
    Call(
        "jwks.json", "jwks", "get", "POST /auth/refresh", "refresh", _503, tries=2,
        never=("token refresh_token",), note="The refresh token is not used up.",
    ),
    Call(
        "GetSecretValue sealing-keys", _SECRETS, "aws", "POST /auth/refresh", "refresh", _503,
        tries=2, never=("token refresh_token",),
        note="A new container makes this call. A warm container uses its cached keys.",
    ),
    Call(
        "GetSecretValue client", _SECRETS, "aws", "POST /auth/refresh", "refresh", _503, tries=2,
        never=("token refresh_token",), first=False,
        note="A new container makes this call. A warm container uses its cached secret.",
    ),
    Call(
        "revoke", "cognito", "post", "POST /auth/logout", "logout", _SIGNED_OUT,
        others=dict.fromkeys(("garbage", "list", "page"), _REVOKED),
        note="The person is signed out in any case. A 200 counts as success, whatever the body contains.",
    ),
    Call(
        "DeleteItem sessions", _DYNAMODB, "aws", "POST /auth/logout", "logout",
        Outcome(200, code="", cookie="cleared", event="row_not_deleted"),
        note="The token is revoked, but lists show the session until its deadline.",
    ),
    Call(
        "Scan providers", _DYNAMODB, "aws", "GET /auth/config", "config", Outcome(503, cookie="–"),
        tries=2, note="A new container makes this call. A warm container uses its cached list of providers.",
    ),
    Call("GetItem users", _DYNAMODB, "aws", "GET /me", "me", Outcome(503, cookie="–"), tries=2),
    Call(
        "Query sessions", _DYNAMODB, "aws", "GET /me/sessions", "own sessions",
        Outcome(503, cookie="–"), tries=2,
    ),
    Call(
        "DeleteItem sessions", _DYNAMODB, "aws", "DELETE /me/sessions/{id}", "end a session",
        Outcome(503, cookie="–"),
        note="The app sends this call once, because a second call would find no session to end.",
    ),
    Call(
        "DeleteItem sessions", _DYNAMODB, "aws", "POST /me/sessions/end-others", "end the others",
        Outcome(503, cookie="–"), first=False,
        note="Some sessions may have ended. If the person repeats the request, the app ends the other sessions.",
    ),
    Call(
        "Scan users", _DYNAMODB, "aws", "GET /users", "users", Outcome(503, cookie="–"), tries=2,
        first=False,
    ),
    Call(
        "AdminListGroupsForUser", _POOL, "cognito", "GET /users", "users",
        Outcome(503, cookie="–"), tries=2, never=("Scan users",),
        note="The app cannot check the caller's group, so it refuses access.",
    ),
    Call(
        "AdminUpdateUserAttributes", _POOL, "cognito", "PATCH /me", "rename",
        Outcome(503, cookie="–"),
    ),
    Call(
        "AdminUserGlobalSignOut", _POOL, "cognito", "POST /users/{userName}/sign-out",
        "global sign-out", Outcome(503, cookie="–"), first=False, never=("UpdateItem users",),
        note="All data stays unchanged.",
    ),
    Call(
        "UpdateItem users", _DYNAMODB, "aws", "POST /users/{userName}/sign-out",
        "global sign-out", Outcome(503, cookie="–"), tries=2, first=False,
        note="The refresh tokens are already revoked. If the caller repeats the request, the app writes `validAfter`.",
    ),
    Call(
        "Query sessions", _DYNAMODB, "aws", "POST /users/{userName}/sign-out", "global sign-out",
        Outcome(200, code="", cookie="–", event="row_not_deleted"), tries=2, first=False,
        note="The tokens are revoked, but lists show the sessions until their deadlines.",
    ),
    Call(
        "GetItem throttle", _DYNAMODB, "aws", _SIGN_IN, "sign-in", _NOTHING, tries=2,
        never=("AdminInitiateAuth",),
        note="The app cannot count the attempt, so it does not make the attempt.",
    ),
    Call(
        "UpdateItem throttle", _DYNAMODB, "aws", _SIGN_IN, "sign-in", _NOTHING, first=False,
        never=("AdminInitiateAuth",),
        note="The app cannot count the attempt, so it does not make the attempt. "
        "The app does not repeat the write of a count.",
    ),
    Call(
        "siteverify", "captcha", "post", _SIGN_IN, "captcha", _NOTHING,
        never=("AdminInitiateAuth",), note="The sign-in fails. The attempt does not count.",
    ),
    Call(
        "AdminInitiateAuth", _POOL, "cognito", _SIGN_IN, "sign-in", _NOTHING,
        note="The attempt does not count.",
    ),
    Call(
        "Scan providers", _DYNAMODB, "aws", _SIGN_IN, "sign-in, linked", _NOTHING, tries=2,
        first=False, counted=2, note=(
            "This line is about a linked account. The app revokes the new tokens. "
            "Cognito has checked the password, so the attempt counts."
        ),
    ),
    Call(
        "UpdateItem users", _DYNAMODB, "aws", _SIGN_IN, "sign-in",
        Outcome(200, code="", cookie="set", event="record_not_written"), tries=2, first=False,
        note="The next sign-in repairs the record.",
    ),
    Call(
        "AdminRespondToAuthChallenge", _POOL, "cognito", "POST /auth/direct/challenge", "challenge",
        _503, note="The challenge stays valid. The attempt does not count.",
    ),
    Call(
        "Scan providers", _DYNAMODB, "aws", "POST /auth/direct/sign-up", "sign-up", _NOTHING,
        tries=2, never=("SignUp", "UpdateItem throttle"), note=(
            "The app cannot check whether the address belongs to a provider. The attempt does not count."
        ),
    ),
    Call(
        "Invoke account_mail", "lambda", "aws", "POST /auth/direct/sign-up", "sign-up", _NOTHING,
        note="The attempt does not count. "
        "The app sends this call once, because a second call would send a second mail.",
    ),
    Call(
        "AdminGetUser", _POOL, "cognito", _MAIL, "mail, new", _MAILED_LATER, tries=2,
        never=("SignUp",),
        note="No request waits for this function. Lambda calls the function again after a minute.",
    ),
    Call(
        "SignUp", _POOL, "cognito", _MAIL, "mail, new", _MAILED_LATER, first=False,
        note="Lambda calls the function again after a minute.",
    ),
    Call(
        "ResendConfirmationCode", _POOL, "cognito", _MAIL, "mail, waiting", _MAILED_LATER,
        first=False, note="Lambda calls the function again after a minute.",
    ),
    Call(
        "ForgotPassword", _POOL, "cognito", _MAIL, "mail, known", _MAILED_LATER, first=False,
        note="Lambda calls the function again after a minute.",
    ),
    Call(
        "AdminDeleteUser", _POOL, "cognito", _MAIL, "mail, removed", _MAILED_LATER, first=False,
        never=("SignUp",),
        note="This call removes an unconfirmed account that our server did not create. "
        "Lambda calls the function again.",
    ),
    Call(
        "AdminGetUser", _POOL, "cognito", "POST /auth/direct/confirm", "confirm", _NOTHING, tries=2,
        never=("ConfirmSignUp",), note="The code is not used up.",
    ),
    Call(
        "ConfirmSignUp", _POOL, "cognito", "POST /auth/direct/confirm", "confirm", _NOTHING,
        first=False, never=("AdminSetUserPassword",),
        note="Cognito may have accepted the code before its response was lost. "
        "In this case, the person completes the step with the next code.",
    ),
    Call(
        "ConfirmForgotPassword", _POOL, "cognito", "POST /auth/direct/reset-password", "reset",
        _NOTHING, first=False,
    ),
    Call(
        "AssociateSoftwareToken", _POOL, "cognito", "POST /auth/mfa/setup", "mfa setup", _503,
        first=False, note="The app revokes the tokens of the server-only client.",
    ),
    Call("VerifySoftwareToken", _POOL, "cognito", "POST /auth/mfa/verify", "mfa verify", _503),
    Call(
        "SetUserMFAPreference", _POOL, "cognito", "POST /auth/mfa/verify", "mfa verify", _503,
        first=False,
    ),
    Call(
        "AdminSetUserMFAPreference", _POOL, "cognito", "POST /auth/direct/recovery-code",
        "recovery code", _503, tries=2, note="The person can use the recovery code again.",
    ),
    Call(
        "RevokeToken", _POOL, "cognito", "POST /auth/mfa/verify", "mfa verify",
        Outcome(200, code="", event="revoke_failed"), first=False,
        note="The second factor is on. The token expires by itself within the hour.",
    ),
    Call(
        "Scan providers", _DYNAMODB, "aws", "trigger PreSignUp_SignUp", "trigger sign-up",
        _REFUSED_TO_COGNITO, tries=2, never=("UpdateItem users",), note="Cognito refuses the sign-up.",
    ),
    Call(
        "UpdateItem users", _DYNAMODB, "aws", "trigger PreSignUp_SignUp", "trigger sign-up",
        _REFUSED_TO_COGNITO, tries=2, first=False,
        note="Cognito refuses the sign-up. Every record is complete or missing.",
    ),
    Call(
        "Scan providers", _DYNAMODB, "aws", "trigger InboundFederation_ExternalProvider",
        "trigger inbound", _REFUSED_TO_COGNITO, tries=2, never=("AdminGetUser",),
        note="Cognito refuses the sign-in, because the provider's earlier data may be wrong.",
    ),
    Call(
        "AdminGetUser", _POOL, "cognito", "trigger InboundFederation_ExternalProvider",
        "trigger inbound", _REFUSED_TO_COGNITO, tries=2, never=("AdminDeleteUserAttributes",),
        note="Cognito refuses the sign-in. The trigger makes this call only if the provider omits a name.",
    ),
    Call(
        "AdminDeleteUserAttributes", _POOL, "cognito", "trigger InboundFederation_ExternalProvider",
        "trigger inbound", _REFUSED_TO_COGNITO, first=False,
        note="Cognito refuses the sign-in. The trigger makes this call only if the pool still has the omitted name.",
    ),
    Call(
        "Scan providers", _DYNAMODB, "aws", "trigger PreSignUp_ExternalProvider", "trigger linking",
        _REFUSED_TO_COGNITO, tries=2, note="Cognito refuses the first sign-in.",
    ),
    Call(
        "ListUsers", _POOL, "cognito", "trigger PreSignUp_ExternalProvider", "trigger linking",
        _REFUSED_TO_COGNITO, tries=2, never=("AdminLinkProviderForUser",), note="Cognito refuses the first sign-in.",
    ),
    Call(
        "GetItem users", _DYNAMODB, "aws", "trigger PreSignUp_ExternalProvider", "trigger linking",
        _REFUSED_TO_COGNITO, tries=2, first=False, never=("AdminLinkProviderForUser",),
        note="Cognito refuses the first sign-in. The link requires the proof of the mailbox, which is in the record.",
    ),
    Call(
        "AdminLinkProviderForUser", _POOL, "cognito", "trigger PreSignUp_ExternalProvider",
        "trigger linking", _REFUSED_TO_COGNITO, first=False,
        note="Cognito refuses the first sign-in. The next sign-in finds the link, or makes it.",
    ),
    Call(
        "AdminGetUser", _POOL, "cognito", "trigger PreSignUp_ExternalProvider", "trigger linking",
        _REFUSED_TO_COGNITO, tries=2, first=False, note="Cognito refuses the first sign-in.",
    ),
    Call(
        "UpdateItem users", _DYNAMODB, "aws", "trigger PostConfirmation_ConfirmSignUp",
        "trigger confirmed", _GOES_ON, tries=2,
        note="The account is confirmed. Its record stays `PENDING` until the first sign-in.",
    ),
    Call(
        "Scan providers", _DYNAMODB, "aws", "trigger PostAuthentication_Authentication",
        "trigger federated sign-in", _GOES_ON, tries=2, never=("UpdateItem users",),
        note="The callback and the direct sign-in check the address again before they make a session.",
    ),
    Call(
        "Scan providers", _DYNAMODB, "aws", "trigger TokenGeneration", "trigger tokens",
        Outcome(0, code="", cookie="–", event="groups_left_out"), tries=2,
        note="If the provider sends groups, the tokens omit these groups until the next refresh.",
    ),
    Call(
        "UpdateItem users", _DYNAMODB, "aws", "trigger PostAuthentication_Authentication",
        "trigger sign-in", _GOES_ON, tries=2,
        note="The sign-in continues. The next sign-in repairs the record.",
    ),
    Call(
        "SendMessageBatch leaving", "sqs", "aws", "POST /auth/events/{provider}", "event hook",
        Outcome(503, cookie="–"),
        note="Okta sends the event once more. A repeated event has no further effect.",
    ),
)  # fmt: skip
