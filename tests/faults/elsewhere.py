"""The second half of the fault table. The first half is in table.py. The second half contains the same calls in other
routes and triggers, and the result of each fault."""

from tests.faults.table import Call, Outcome

#: The properties that a call has in every route: its host, its time limit, and its number of tries.
_KINDS = {
    "GetItem throttle": ("dynamodb", "aws", 2),
    "UpdateItem throttle": ("dynamodb", "aws", 1),
    "GetItem users": ("dynamodb", "aws", 2),
    "UpdateItem users": ("dynamodb", "aws", 2),
    "DeleteItem users": ("dynamodb", "aws", 1),
    "GetItem sessions": ("dynamodb", "aws", 2),
    "UpdateItem sessions": ("dynamodb", "aws", 2),
    "Query sessions": ("dynamodb", "aws", 2),
    "DeleteItem sessions": ("dynamodb", "aws", 1),
    "GetItem subjects": ("dynamodb", "aws", 2),
    "UpdateItem subjects": ("dynamodb", "aws", 2),
    "GetSecretValue of a provider": ("secretsmanager", "aws", 2),
    "SendMessageBatch leaving": ("sqs", "aws", 1),
    "ListUsers": ("cognito-idp", "cognito", 2),
    "keys": ("jwks", "get", 2),
    "Invoke account_mail": ("lambda", "aws", 1),
    "AdminGetUser": ("cognito-idp", "cognito", 2),
    "AdminSetUserPassword": ("cognito-idp", "cognito", 2),
    "AdminSetUserMFAPreference": ("cognito-idp", "cognito", 2),
    "Scan providers": ("dynamodb", "aws", 2),
    "GetSecretValue sealing-keys": ("secretsmanager", "aws", 2),
    "GetSecretValue client": ("secretsmanager", "aws", 2),
    "GetSecretValue mfa-client": ("secretsmanager", "aws", 2),
    "GetSecretValue captcha": ("secretsmanager", "aws", 2),
    "jwks.json": ("jwks", "get", 2),
    "revoke": ("cognito", "post", 1),
    **dict.fromkeys(
        (
            "AdminInitiateAuth",
            "AdminRespondToAuthChallenge",
            "AdminUpdateUserAttributes",
            "ConfirmForgotPassword",
            "ConfirmSignUp",
            "AdminDisableUser",
            "AdminEnableUser",
            "AdminUserGlobalSignOut",
            "AssociateSoftwareToken",
            "CompleteWebAuthnRegistration",
            "DeleteWebAuthnCredential",
            "RevokeToken",
            "SetUserMFAPreference",
            "StartWebAuthnRegistration",
            "VerifySoftwareToken",
        ),
        ("cognito-idp", "cognito", 1),
    ),
    **dict.fromkeys(
        ("AdminGetUser", "AdminListGroupsForUser", "ListWebAuthnCredentials"),
        ("cognito-idp", "cognito", 2),
    ),
}
_COUNTS = ("GetItem throttle", "UpdateItem throttle")
_KEYS = ("GetSecretValue sealing-keys",)
_CLIENT = (*_KEYS, "GetSecretValue client")
_NOTHING = Outcome(503, cookie="not set")
_KEPT = Outcome(503)
_REFUSED_TO_COGNITO = Outcome(0, code="", cookie="–", event="trigger_failed")
_SIGN_IN, _CHALLENGE = "POST /auth/direct/sign-in", "POST /auth/direct/challenge"
_SETUP, _DISABLE, _VERIFY = (f"POST /auth/mfa/{name}" for name in ("setup", "disable", "verify"))
_CODES, _CODE = "POST /auth/mfa/recovery-codes", "POST /auth/direct/recovery-code"
_PASSKEY = "POST /auth/direct/passkey"
_OPEN, _NEW, _KEEP, _NAME, _REMOVE, _CLOSE, _OFFER = (
    f"POST /auth/passkeys/{name}"
    for name in ("open", "setup", "verify", "rename", "remove", "close", "offer")
)
_CONFIRM, _RESET, _RESEND, _FORGOT = (
    f"POST /auth/direct/{name}"
    for name in ("confirm", "reset-password", "resend-code", "forgot-password")
)
_PASSWORD = "POST /auth/password"
_MAIL = "function account_mail"
_MAILED_LATER = Outcome(0, code="", cookie="–", event="account_mail_failed")
_PROVED = Outcome(200, code="", cookie="not set", event="record_not_written")
_NOT_ENDED = Outcome(200, code="", cookie="not set", event="sessions_not_ended")
#: The result in an app that has a route with `max_age`. The token does not say when the person authenticated, so the
#: route asks the person to authenticate again.
_NO_PROOF = Outcome(0, code="", cookie="–", event="proof_left_out")
_HOOK, _REVOKE = "POST /auth/events/{provider}", "POST /auth/revoke/{provider}"
_LEAVING = "function leaving"
#: After the fault, the queue delivers the message again, and the function starts from the beginning.
_COMES_AGAIN = Outcome(0, code="", cookie="–", event="leaving_failed")
_SIGN_OUT = "POST /users/{userName}/sign-out"
_REPLACED = Outcome(200, code="", cookie="replaced", event="revoke_failed")
#: The server revokes the session's token, but the list of sessions shows the session until its original end.
_STAYS = Outcome(200, code="", cookie="–", event="row_not_deleted")
_UNLISTED = Outcome(200, code="", cookie="replaced", event="session_not_noted")
_SESSIONS, _END = "/users/{userName}/sessions", "DELETE /users/{userName}/sessions/{id}"
_UNKNOWN = Outcome(503, cookie="–")
#: The server cannot check whether the browser is known, and treats the browser as unknown. The sign-in continues.
_STRANGER = Outcome(200, code="", event="device_not_checked")


def _lines(
    route: str, scene: str, outcome: Outcome, *names: str, counted: int = 0
) -> tuple[Call, ...]:
    return tuple(
        Call(name, host, limit, route, scene, outcome, tries, counted=counted, elsewhere=True)
        for name in names
        for host, limit, tries in (_KINDS[name],)
    )


ELSEWHERE: tuple[Call, ...] = (
    *_lines("GET /", "page", Outcome(200, code="", cookie="–", event=""), "Scan providers"),
    *_lines(
        "GET /", "signed out", Outcome(200, code="", cookie="–", event="departure_lost"), *_KEYS
    ),
    *_lines(
        "GET /auth/login", "login",
        Outcome(303, cookie="not set", event="sign_in_failed"),
        *_KEYS, *_COUNTS, "Scan providers",
    ),
    *_lines("POST /auth/discover", "discover", _NOTHING, *_KEYS, *_COUNTS, "Scan providers"),
    *_lines(
        "GET /auth/callback", "callback",
        Outcome(303, cookie="not set", event="sign_in_failed"), *_CLIENT,
    ),
    *_lines(
        "GET /auth/callback", "callback refused",
        Outcome(303, "sign_up_refused", "not set", "revoke_failed"), "revoke",
    ),
    *_lines(
        "POST /auth/refresh", "refresh of another",
        Outcome(401, "session_expired", "cleared", "revoke_failed"), "revoke",
    ),
    *_lines(
        "POST /auth/logout", "logout",
        Outcome(200, code="", cookie="cleared", event="revoke_failed"), *_CLIENT,
    ),
    *_lines(
        "GET /auth/callback", "callback",
        Outcome(303, code="", cookie="set", event="row_not_deleted"), "Query sessions",
    ),
    *_lines(
        "GET /auth/callback", "callback again",
        Outcome(303, code="", cookie="replaced", event="row_not_deleted"), "DeleteItem sessions",
    ),
    *_lines(
        "POST /auth/refresh", "refresh of another",
        Outcome(401, "session_expired", "cleared", "row_not_deleted"), "DeleteItem sessions",
    ),
    *_lines("GET /auth/session", "look", Outcome(503), *_KEYS, "GetItem sessions"),
    *_lines("GET /auth/session", "look, no row", Outcome(503), "GetItem users"),
    *_lines("GET /me/sessions", "own sessions", _UNKNOWN, *_KEYS),
    *_lines(
        "GET /me/sessions", "own sessions", Outcome(200, code="", cookie="–", event=""),
        "Scan providers",
    ),
    *_lines("POST /me/sessions/end-others", "end the others", _UNKNOWN, *_KEYS, "Query sessions"),
    *_lines(
        f"GET {_SESSIONS}", "sessions of a person", _UNKNOWN, *_KEYS, "Query sessions",
        "AdminGetUser", "AdminListGroupsForUser", "GetItem users",
    ),
    *_lines(f"GET {_SESSIONS}", "sessions, told groups", _UNKNOWN, "Scan providers"),
    *_lines(
        _END, "end a person's session", _UNKNOWN, "DeleteItem sessions", "AdminGetUser",
        "AdminListGroupsForUser", "GetItem users",
    ),
    *_lines(_END, "end, told groups", _UNKNOWN, "Scan providers"),
    *_lines(_SIGN_OUT, "global sign-out", _STAYS, "DeleteItem sessions"),
    *_lines("GET /users", "users, a page", Outcome(503, cookie="–"), *_KEYS),
    *_lines("GET /users", "users", Outcome(503, cookie="–"), "GetItem users", "AdminGetUser"),
    *_lines("GET /users", "users, told groups", Outcome(503, cookie="–"), "Scan providers"),
    *_lines(
        _SIGN_OUT, "global sign-out", Outcome(503, cookie="–"),
        "GetItem users", "AdminGetUser", "AdminListGroupsForUser",
    ),
    *_lines(
        _SIGN_OUT, "global sign-out, told groups", Outcome(503, cookie="–"), "Scan providers",
    ),
    *_lines("PATCH /me", "rename", Outcome(503, cookie="–"), "GetItem users", "UpdateItem users"),
    *_lines(_SIGN_IN, "sign-in", _NOTHING, *_CLIENT, "jwks.json"),
    *_lines(_SIGN_IN, "captcha", _NOTHING, "GetSecretValue captcha"),
    *_lines(_SIGN_IN, "sign-in, set-up", _NOTHING, "AssociateSoftwareToken", counted=2),
    *_lines(
        _SIGN_IN, "sign-in", Outcome(200, code="", cookie="set", event="session_not_noted"),
        "UpdateItem sessions",
    ),
    *_lines(_SIGN_IN, "sign-in again", _REPLACED, "revoke"),
    *_lines(
        _SIGN_IN, "sign-in again",
        Outcome(200, code="", cookie="replaced", event="row_not_deleted"),
        "Query sessions", "DeleteItem sessions",
    ),
    *_lines(
        _SIGN_IN, "sign-in again",
        Outcome(200, code="", cookie="replaced", event="device_not_checked"), "GetItem users",
    ),
    *_lines("POST /auth/direct/sign-up", "sign-up, known", _STRANGER, "GetItem users", counted=2),
    *_lines("POST /auth/direct/resend-code", "resend, known", _STRANGER, "GetItem users", counted=2),
    *_lines("POST /auth/direct/forgot-password", "forgot, known", _STRANGER, "GetItem users", counted=2),
    *_lines(_CHALLENGE, "challenge", _KEPT, *_CLIENT, *_COUNTS, "jwks.json", "GetItem users"),
    *_lines(_CHALLENGE, "challenge, linked", _NOTHING, "Scan providers", counted=2),
    *_lines(_CHALLENGE, "challenge, set-up", _KEPT, "VerifySoftwareToken"),
    *_lines(_CHALLENGE, "challenge, both", _KEPT, "AssociateSoftwareToken", counted=2),
    *_lines(
        _CHALLENGE, "challenge again",
        Outcome(200, code="", cookie="replaced", event="record_not_written"), "UpdateItem users",
    ),
    *_lines(_CHALLENGE, "challenge again", _REPLACED, "revoke"),
    *_lines(_CHALLENGE, "challenge again", _UNLISTED, "UpdateItem sessions"),
    *_lines(
        _CHALLENGE, "challenge again",
        Outcome(200, code="", cookie="replaced", event="row_not_deleted"),
        "Query sessions", "DeleteItem sessions",
    ),
    *_lines("POST /auth/direct/sign-up", "sign-up", _NOTHING, *_KEYS, *_COUNTS),
    *_lines(_RESEND, "resend", _NOTHING, *_KEYS, *_COUNTS, "Invoke account_mail"),
    *_lines(_FORGOT, "forgot", _NOTHING, *_KEYS, *_COUNTS, "Invoke account_mail"),
    *_lines(
        _MAIL, "mail, new", _MAILED_LATER, "UpdateItem throttle", "GetSecretValue client",
    ),
    *_lines(_MAIL, "mail, waiting", _MAILED_LATER, "GetItem users"),
    *_lines(_MAIL, "mail, removed", _MAILED_LATER, "DeleteItem users"),
    # Cognito has accepted the code before the fault. The person therefore needs the next code to complete the flow
    # (chalicelib/gatehouse/flows/accounts.py).
    *_lines(
        _CONFIRM, "confirm", _NOTHING, *_CLIENT, *_COUNTS, "GetItem users",
        "AdminUpdateUserAttributes", "AdminSetUserPassword",
    ),
    *_lines(_CONFIRM, "confirm", _PROVED, "UpdateItem users"),
    *_lines(_CONFIRM, "confirm, account", _NOTHING, "ConfirmForgotPassword"),
    *_lines(_CONFIRM, "confirm, account", _NOT_ENDED, "AdminUserGlobalSignOut"),
    *_lines(_RESET, "reset", _NOTHING, *_CLIENT, *_COUNTS, "AdminGetUser", "GetItem users"),
    *_lines(_RESET, "reset", _PROVED, "UpdateItem users"),
    *_lines(_RESET, "reset", _NOT_ENDED, "AdminUserGlobalSignOut"),
    # The flow writes twice. First it writes the proof of the mailbox, and then it ends the passkeys.
    Call(
        "UpdateItem users", "dynamodb", "aws", _RESET, "reset, passkeys",
        Outcome(200, code="", cookie="not set", event="passkeys_not_ended"), 4, elsewhere=True,
    ),
    *_lines(_CONFIRM, "confirm, signed in", _STAYS, "Query sessions", "DeleteItem sessions"),
    *_lines(_RESET, "reset, signed in", _STAYS, "Query sessions", "DeleteItem sessions"),
    *_lines(_RESET, "reset, waiting", _NOTHING, "ConfirmSignUp", "AdminSetUserPassword"),
    *_lines("GET /me", "me, by a provider", Outcome(200, code="", cookie="–", event=""), "Scan providers"),
    *_lines("GET /me/second-factor", "second factor", _UNKNOWN, "AdminGetUser"),
    *_lines(
        _PASSWORD, "own password", _KEPT, *_KEYS, "GetSecretValue mfa-client", *_COUNTS,
        "GetItem users", "UpdateItem sessions", "AdminInitiateAuth",
    ),
    *_lines(_PASSWORD, "own password", _KEPT, "AdminSetUserPassword", counted=2),
    *_lines(_PASSWORD, "own password", Outcome(200, code="", event="revoke_failed"), "RevokeToken"),
    *_lines(
        _PASSWORD, "own password", _KEPT, "Query sessions", "DeleteItem sessions",
    ),
    *_lines(
        _PASSWORD, "own password", Outcome(200, code="", event="record_not_written"),
        "UpdateItem users",
    ),
    *_lines(
        _SETUP, "mfa setup", _KEPT, *_KEYS, "GetSecretValue mfa-client", *_COUNTS,
        "UpdateItem sessions", "GetItem users", "AdminInitiateAuth",
    ),
    *_lines(_SETUP, "mfa setup, refused", Outcome(503, event="revoke_failed"), "RevokeToken"),
    *_lines(_VERIFY, "mfa verify", _KEPT, *_KEYS, *_COUNTS, "UpdateItem sessions", "GetItem users"),
    *_lines(
        _VERIFY, "mfa verify", Outcome(200, code="", event="revoke_failed"),
        "GetSecretValue mfa-client",
    ),
    *_lines(
        _DISABLE, "mfa disable", _KEPT, *_KEYS, "GetSecretValue mfa-client", *_COUNTS,
        "UpdateItem sessions", "GetItem users", "AdminInitiateAuth",
    ),
    *_lines(_DISABLE, "mfa disable", _KEPT, "AdminRespondToAuthChallenge", counted=2),
    *_lines(
        _DISABLE, "mfa disable", _KEPT, "UpdateItem users", "SetUserMFAPreference", counted=4,
    ),
    *_lines(
        _DISABLE, "mfa disable", Outcome(200, code="", event="revoke_failed"), "RevokeToken",
    ),
    *_lines(
        _CODES, "recovery codes", _KEPT, *_KEYS, "GetSecretValue mfa-client", *_COUNTS,
        "UpdateItem sessions", "GetItem users", "AdminInitiateAuth",
    ),
    *_lines(_CODES, "recovery codes", _KEPT, "AdminRespondToAuthChallenge", counted=2),
    *_lines(_CODES, "recovery codes", _KEPT, "UpdateItem users", counted=4),
    *_lines(
        _CODES, "recovery codes", Outcome(200, code="", event="revoke_failed"), "RevokeToken",
    ),
    *_lines(_CODE, "recovery code", _KEPT, *_KEYS, *_COUNTS, "GetItem users", "UpdateItem users"),
    *_lines("GET /me/second-factor", "second factor, app", _UNKNOWN, "GetItem users"),
    *_lines(
        _PASSKEY, "passkey", _NOTHING, *_CLIENT, *_COUNTS, "AdminInitiateAuth",
    ),
    *_lines(
        _PASSKEY, "passkey, known", Outcome(200, code="", cookie="not set", event="device_not_checked"),
        "GetItem users",
    ),
    *_lines(
        _OPEN, "passkeys open", _KEPT, *_KEYS, "GetSecretValue mfa-client", *_COUNTS,
        "AdminInitiateAuth", "ListWebAuthnCredentials",
    ),
    *_lines(_OPEN, "passkeys open", _KEPT, "UpdateItem sessions", "GetItem users"),
    *_lines(
        _OPEN, "passkeys open, app", _KEPT, "AdminRespondToAuthChallenge", "SetUserMFAPreference",
    ),
    *_lines(_OPEN, "passkeys open, ended", _KEPT, "DeleteWebAuthnCredential"),
    *_lines(
        _OPEN, "passkeys open, refused", Outcome(503, event="revoke_failed"), "RevokeToken",
    ),
    *_lines(
        _NEW, "passkeys setup", _KEPT, *_KEYS, "UpdateItem sessions", "GetItem users",
        "StartWebAuthnRegistration",
    ),
    *_lines(
        _KEEP, "passkeys verify", _KEPT, *_KEYS, "UpdateItem sessions", "GetItem users",
        "UpdateItem users", "CompleteWebAuthnRegistration", "ListWebAuthnCredentials",
    ),
    *_lines(
        _NAME, "passkeys rename", _KEPT, *_KEYS, "UpdateItem sessions", "GetItem users",
        "ListWebAuthnCredentials", "UpdateItem users",
    ),
    *_lines(
        _REMOVE, "passkeys remove", _KEPT, *_KEYS, "UpdateItem sessions", "GetItem users",
        "ListWebAuthnCredentials", "DeleteWebAuthnCredential",
    ),
    *_lines(_CLOSE, "passkeys close", _KEPT, *_KEYS, "UpdateItem sessions", "GetItem users"),
    *_lines(
        _CLOSE, "passkeys close", Outcome(200, code="", event="revoke_failed"),
        "GetSecretValue mfa-client", "RevokeToken",
    ),
    *_lines(_OFFER, "passkeys offer", _KEPT, *_KEYS),
    *_lines(
        "trigger PreSignUp_SignUp", "trigger sign-up, ours", _REFUSED_TO_COGNITO,
        "GetSecretValue client",
    ),
    *_lines(
        "trigger PreSignUp_AdminCreateUser", "trigger created", _REFUSED_TO_COGNITO,
        "UpdateItem users",
    ),
    *_lines(
        "trigger PreSignUp_ExternalProvider", "trigger federated", _REFUSED_TO_COGNITO,
        "UpdateItem users",
    ),
    *_lines(_HOOK, "event hook", Outcome(503, cookie="–"), "Scan providers", "GetSecretValue of a provider"),
    *_lines(
        _REVOKE, "revoke", Outcome(503, cookie="–"), "Scan providers", "keys", *_KEYS,
        "GetItem subjects", "AdminGetUser", "SendMessageBatch leaving",
    ),
    # The server makes two calls, and the client sends each call once. The first call marks the token as used. After the
    # error, the table may nevertheless have stored the mark, so the second call removes the mark.
    Call(
        "UpdateItem throttle", "dynamodb", "aws", _REVOKE, "revoke", Outcome(503, cookie="–"),
        tries=2, elsewhere=True,
    ),
    *_lines(_REVOKE, "revoke by address", Outcome(503, cookie="–"), "ListUsers"),
    *_lines(
        _LEAVING, "leaving, gone", _COMES_AGAIN, "Scan providers", "GetItem subjects",
        "AdminGetUser", "AdminUserGlobalSignOut", "UpdateItem users", "UpdateItem subjects",
        "AdminDisableUser",
    ),
    *_lines(
        _LEAVING, "leaving, ended", Outcome(0, code="", cookie="–", event="row_not_deleted"),
        "Query sessions", "DeleteItem sessions",
    ),
    *_lines(_LEAVING, "leaving, back", _COMES_AGAIN, "AdminEnableUser"),
    *_lines(
        _LEAVING, "leaving, group", _COMES_AGAIN, "GetItem users", "AdminUpdateUserAttributes",
    ),
    *_lines(
        "trigger PostConfirmation_ConfirmSignUp", "trigger confirmed, subject",
        Outcome(0, code="", cookie="–", event="subject_not_noted"), "UpdateItem subjects",
    ),
    *_lines(
        "trigger PostAuthentication_Authentication", "trigger sign-in, subject",
        Outcome(0, code="", cookie="–", event="subject_not_noted"), "UpdateItem subjects",
    ),
    *_lines(
        "trigger PostConfirmation_ConfirmForgotPassword", "trigger new password",
        Outcome(0, code="", cookie="–", event="record_not_written"), "UpdateItem users",
    ),
    *_lines(
        "trigger InboundFederation_ExternalProvider", "trigger inbound, max_age",
        Outcome(0, code="", cookie="–", event="proof_not_noted"), "UpdateItem throttle",
    ),
    *_lines("trigger TokenGeneration", "trigger refresh, max_age", _NO_PROOF, "GetItem throttle"),
    *_lines("trigger TokenGeneration", "trigger sign-in, max_age", _NO_PROOF, "UpdateItem throttle"),
)  # fmt: skip
