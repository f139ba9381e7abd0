"""Catalogue entries: cookies, CSRF, refresh and logout (S-26 … S-38), and the sealing of cookies."""

from contextlib import nullcontext
from typing import Any

from chalicelib.gatehouse.errors import TemporarilyUnavailable
from tests.soak.defence import (
    Defence,
    answering,
    calling_in,
    defence,
    nothing,
    reading,
    value,
    wrapped,
)
from tests.soak.template import template_with

_COOKIE = "chalicelib.gatehouse.edge.cookies:build_cookie"
_CSRF = "chalicelib.gatehouse.guard.csrf:verify_own_request"
_FLOW = "chalicelib.gatehouse.flows.session_flow:SessionFlow"
_SEALING = "chalicelib.gatehouse.sealed.sealing"
_LIVING = "chalicelib.gatehouse.flows.living_sessions:LivingSessions"
_LIST = "chalicelib.gatehouse.flows.session_list:SessionList"
_SESSIONS = "chalicelib.gatehouse.session.sessions:Sessions"


def _with_logout_by_get(table: Any) -> Any:
    (logout,) = (route for route in table if route.path == "/auth/logout")
    return (*table, type(logout)("GET", logout.path, logout.view))


def _with_refresh_token(token_answer: Any, refreshed: Any, now: float) -> Any:
    answer = token_answer(refreshed, now)
    return {**answer, "refresh_token": refreshed.session.refresh_token}


def _although_nobody_answers(refuse: Any, flow: Any, session: Any) -> None:
    try:
        refuse(flow, session)
    except TemporarilyUnavailable:
        return


def _whosever_it_is(end: Any, sessions: Any, sub: str, session_id: str) -> None:
    rows = sessions._rows
    found = rows._client.scan(TableName=rows._table, Limit=1000)["Items"]
    owners = [item["sub"]["S"] for item in found if item["id"]["S"] == session_id]
    end(sessions, owners[0] if owners else sub, session_id)


SESSIONS: tuple[Defence, ...] = (
    defence(
        "cookies-http-only",
        "S-26 S-08",
        "scripts can read the cookies",
        (_COOKIE, reading(("; HttpOnly", ""))),
    ),
    defence(
        "cookies-secure",
        "S-26",
        "cookies are also sent over plain HTTP",
        (_COOKIE, reading(("; Secure", ""))),
        # Without Secure, browsers refuse cookies named `__Host-…`, and no person could sign in. The entry therefore
        # also switches off the check of the prefix in the test double of the browser.
        ("tests.doubles.browser:Browser.keep", reading(('name.startswith("__Host-")', "False"))),
    ),
    defence(
        "session-cookie-strict",
        "S-26",
        "the session cookie is SameSite=Lax",
        (_COOKIE, reading(("SameSite={same_site}", "SameSite=Lax"))),
    ),
    defence(
        "host-prefix",
        "S-26",
        "the session cookie has no __Host- prefix, so other hosts of the same site can set it",
        ("chalicelib.gatehouse.session.sessions:COOKIE", value("gatehouse")),
    ),
    defence(
        "doubled-cookies-dropped",
        "S-26",
        "if two cookies have the same name, the last one is used",
        (
            "chalicelib.gatehouse.edge.cookies:parse_cookies",
            reading(("if name not in doubled", "")),
        ),
    ),
    defence(
        "login-cookie-lax",
        "S-27",
        "the login cookie is sent with every cross-site request",
        (
            _COOKIE,
            reading(
                ("SameSite={same_site}", "SameSite={'None' if same_site == 'Lax' else same_site}")
            ),
        ),
    ),
    defence("csrf", "S-28", "any site may post to the routes with cookies", (_CSRF, nothing)),
    defence(
        "csrf-header",
        "S-28",
        "the header X-Gatehouse is not required",
        (_CSRF, reading(('headers.get(HEADER) != "1"', "False"))),
    ),
    defence(
        "csrf-origin",
        "S-28",
        "a foreign Origin is not refused",
        (_CSRF, reading(("origin not in other_origins", "False"))),
    ),
    defence(
        "csrf-proof-of-origin",
        "S-28",
        "neither Origin nor Sec-Fetch-Site is required",
        (_CSRF, reading(('headers.get("sec-fetch-site") != "same-origin"', "False"))),
    ),
    defence(
        "no-change-by-get",
        "S-29",
        "a link can sign people out",
        ("chalicelib.gatehouse.routes.table:TABLE", _with_logout_by_get),
    ),
    defence(
        "remembered-by-our-own-page",
        "S-29",
        "a link on any page can start a remembered session",
        ("chalicelib.gatehouse.guard.csrf:is_from_own_page", answering(True)),
    ),
    defence(
        "sign-out-leads-to-allowed-places",
        "S-38 S-07",
        "a sign-out redirects to any address, from the request or the cookie",
        (
            "chalicelib.gatehouse.routes.call:Call.parse_place",
            calling_in("_departure", lambda original, call, wish, *rest: wish),
        ),
        tests=("tests/component/test_departures.py",),
    ),
    defence(
        "departure-checked-again",
        "S-07 S-38",
        "the target of a sign-out is not checked again when the browser returns",
        (
            "chalicelib.gatehouse.routes.call:Call.parse_place",
            calling_in("_onward", lambda original, call, wish, *rest: wish),
        ),
        tests=("tests/component/test_departures.py",),
    ),
    defence(
        "departure-ends",
        "S-38",
        "the target of yesterday's sign-out is still used",
        (
            "chalicelib.gatehouse.sealed.departures:Departures.open",
            reading(("departure.expires_at > self._clock()", "True")),
        ),
        tests=("tests/component/test_departures.py",),
    ),
    defence(
        "cors-exact-origins",
        "S-30",
        "every origin is echoed, with credentials",
        (
            "chalicelib.gatehouse.guard.cors:build_headers",
            reading(("origin not in allowed", "origin is None")),
        ),
    ),
    defence(
        "cors-off-by-default",
        "S-30",
        "without a setting, every origin is allowed",
        (
            "chalicelib.gatehouse.guard.cors:build_headers",
            reading(
                ("if not allowed:", "if origin is None:"),
                ("origin not in allowed", "False"),
            ),
        ),
    ),
    defence(
        "passwords-on-our-page-only",
        "S-28 S-30",
        "every route accepts the cookie from allowed origins",
        (
            "chalicelib.gatehouse.guard.guard:Guard._check_own_page",
            reading(("if route in cors.CREDENTIALED else frozenset()", "")),
        ),
    ),
    defence(
        "cookies-fit",
        "S-31",
        "a cookie that is too large for browsers is sent",
        ("chalicelib.gatehouse.edge.cookies:MAX_COOKIE_BYTES", value(100_000)),
    ),
    defence(
        "few-cookies-cleared-at-once",
        "S-31",
        "dozens of old login cookies make a response that is too large for API Gateway",
        ("chalicelib.gatehouse.sealed.transactions:MAX_CLEARED", value(1_000)),
    ),
    defence(
        "tokens-stay-inside",
        "S-32 S-33",
        "the response to a refresh contains the refresh token",
        ("chalicelib.gatehouse.routes.session:token_answer", wrapped(_with_refresh_token)),
    ),
    defence(
        "token-answers-uncached",
        "S-33",
        "responses with tokens may be cached",
        (
            "chalicelib.gatehouse.edge.security_headers:SECURITY_HEADERS",
            lambda headers: {**headers, "Cache-Control": "private"},
        ),
    ),
    defence(
        "rotation-moves-on",
        "S-34",
        "after a rotation, the cookie still has the old refresh token",
        (
            f"{_FLOW}.refresh",
            reading(("tokens.refresh_token or session.refresh_token", "session.refresh_token")),
        ),
    ),
    defence(
        "absolute-lifetime",
        "S-34",
        "each refresh extends the absolute deadline",
        (
            f"{_SESSIONS}.renew",
            reading(
                (
                    "refresh_token=refresh_token,",
                    "refresh_token=refresh_token, expires_at=session.expires_at + 3600,",
                )
            ),
        ),
    ),
    defence(
        "deadlines-enforced",
        "S-34",
        "a session lasts as long as Cognito renews its tokens",
        (
            f"{_SESSIONS}.open",
            reading(
                ("now >= session.expires_at", "False"), ("now >= session.idle_expires_at", "False")
            ),
        ),
    ),
    defence(
        "refused-refresh-is-logged",
        "S-34",
        "the use of a rotated-out token leaves no log line",
        (
            f"{_FLOW}._ended",
            reading(
                (
                    'log_event("refresh_refused", level="warning", user=session.username)',
                    "None",
                )
            ),
        ),
    ),
    defence(
        "rotation-in-the-pool",
        "S-34",
        "the pool does not rotate refresh tokens",
        ("ops.identity_stack:TEMPLATE", template_with("Feature: ENABLED", "Feature: DISABLED")),
    ),
    defence(
        "outage-ends-no-session",
        "S-35",
        "any error of the token endpoint is treated as invalid_grant",
        (
            "chalicelib.gatehouse.cognito.oauth:parse_token_answer",
            reading(
                (
                    'answer.status == 400 and _error_code(answer) == "invalid_grant"',
                    "answer.status != 200",
                )
            ),
        ),
    ),
    defence(
        "refused-session-is-cleared",
        "S-35",
        "a cookie whose session has ended stays in the browser",
        ("chalicelib.gatehouse.errors:SessionExpired.clears_session", value(False)),
    ),
    defence(
        "logout-revokes",
        "S-36",
        "a sign-out only clears the cookie",
        (
            f"{_FLOW}._end",
            reading(("self._revoke(session.refresh_token, session.username)", "pass")),
        ),
    ),
    defence(
        "logout-clears-whatever-happens",
        "S-36",
        "a person who signs out during an outage of Cognito stays signed in",
        (
            f"{_FLOW}._revoke",
            reading(("except (TemporarilyUnavailable, ConfigurationError)", "except ()")),
        ),
    ),
    defence(
        "tokens-that-no-cookie-holds-are-revoked",
        "S-36",
        "refresh tokens of failed sign-ins are not revoked",
        (
            "chalicelib.gatehouse.flows.new_session:NewSessions.revoked_on_failure",
            lambda original: lambda self, refresh_token: nullcontext(),
        ),
        tests=("tests/component/test_lost_tokens.py",),
    ),
    defence(
        "a-new-password-ends-sessions",
        "S-36",
        "sessions that began with the old password stay signed in",
        (
            "chalicelib.gatehouse.flows.accounts:Accounts._sign_out",
            lambda original: lambda self, user: None,
        ),
        (
            "chalicelib.gatehouse.flows.session_notes:SessionNotes.end_all",
            lambda original: lambda self, sub, user_name: None,
        ),
    ),
    defence(
        "short-access-tokens",
        "S-37",
        "access tokens are valid for an hour",
        (
            "ops.identity_stack:TEMPLATE",
            template_with(
                "AccessTokenValidity: !If [HasShortTokens, 5, 10]", "AccessTokenValidity: 60"
            ),
        ),
    ),
    defence(
        "logout-ends-cognitos-session",
        "S-38",
        "a sign-out does not end Cognito's own session, so the next sign-in asks for no password",
        (
            "chalicelib.gatehouse.cognito.oauth:OAuthClient.build_logout_url",
            value(lambda self, logout_uri: logout_uri),
        ),
    ),
    # Two defences prevent the use of one kind of cookie as another kind: the purpose in HKDF, and the authenticated
    # data. The entry switches off both defences.
    defence(
        "one-seal-one-purpose",
        "S-10 S-45",
        "a value that was sealed for one purpose can be opened for another",
        (f"{_SEALING}:_derive_key", reading(("gatehouse/seal/{purpose}", "gatehouse/seal"))),
        (f"{_SEALING}:_associated_data", reading(("{purpose}.{kid}", "{kid}"))),
        tests=("tests/unit/test_sealing.py",),
    ),
    defence(
        "seals-are-spelled-one-way",
        "S-10",
        "a cookie with a changed spelling is accepted",
        (
            f"{_SEALING}:_decode_base64url",
            reading(
                ('base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii") != text', "False")
            ),
        ),
        tests=("tests/unit/test_sealing.py",),
    ),
    defence(
        "long-sealing-keys",
        "S-59",
        "a short sealing key is accepted",
        (f"{_SEALING}:_MIN_SECRET_LENGTH", value(1)),
        tests=("tests/unit/test_sealing.py",),
    ),
    defence(
        "refreshed-tokens-are-the-sessions-own",
        "S-34",
        "a refresh may return another person's tokens",
        (
            f"{_FLOW}._verify",
            reading(("not identity.sub == access.sub == session.sub", "False")),
        ),
        tests=("tests/component/test_session.py",),
    ),
    defence(
        "ended-sessions-get-no-token",
        "S-83",
        "a refresh does not check whether the session has been ended",
        (f"{_FLOW}._refuse_ended", nothing),
        tests=("tests/component/test_own_sessions.py",),
    ),
    defence(
        "nobody-goes-on-unasked",
        "S-83",
        "a refresh succeeds although the sessions table fails",
        (f"{_FLOW}._refuse_ended", wrapped(_although_nobody_answers)),
        tests=("tests/component/test_own_sessions.py",),
    ),
    defence(
        "ended-sessions-lose-their-token",
        "S-83",
        "the refresh token of an ended session is not revoked",
        (
            f"{_FLOW}._refuse_ended",
            reading(("self._revoke(session.refresh_token, session.username)", "pass")),
        ),
        tests=("tests/component/test_own_sessions.py",),
    ),
    defence(
        "sessions-are-their-persons",
        "S-84",
        "anybody who knows a session's id can end it",
        (f"{_LIST}.end", wrapped(_whosever_it_is)),
        tests=("tests/component/test_own_sessions.py",),
    ),
    defence(
        "end-others-takes-a-living-session",
        "S-84",
        'a person without a current session ends all sessions with "end the others"',
        (f"{_LIST}.end_others", reading(("not in [row.id", "in [1 and row.id + '?'"))),
        tests=("tests/component/test_own_sessions.py",),
    ),
    defence(
        "rows-go-with-the-tokens",
        "S-85",
        "a new password and a sign-out everywhere do not delete the sessions' rows",
        ("chalicelib.gatehouse.flows.session_notes:SessionNotes.end_all", nothing),
        ("chalicelib.gatehouse.flows.session_notes:SessionNotes.end", nothing),
        tests=("tests/component/test_own_sessions.py",),
    ),
    defence(
        "devices-from-our-own-list",
        "S-86",
        "the list shows the User-Agent header unchanged",
        ("chalicelib.gatehouse.flows.hosted_sign_in:name_device", value(str)),
        tests=("tests/component/test_own_sessions.py",),
    ),
    defence(
        "a-new-password-ends-other-sessions",
        "S-85",
        "a person who changes the password leaves other browsers signed in",
        ("chalicelib.gatehouse.flows.own_password:OwnPassword._end_others", nothing),
        tests=("tests/component/test_own_password.py",),
    ),
    defence(
        "sessions-without-rows-end-too",
        "S-85",
        "a session without a row survives a sign-out everywhere",
        (
            f"{_LIVING}._began_later",
            reading(("not self._load_users()", "True or not self._load_users()")),
        ),
        tests=("tests/component/test_own_password.py",),
    ),
    defence(
        "looking-is-no-use",
        "S-99",
        "looking at the page, without using it, keeps an idle session alive",
        (
            f"{_LIVING}.look",
            reading(
                (
                    "self._rows.exists(session.sub, session.id)",
                    "self._rows.touch(session.sub, session.id, session.expires_at)",
                )
            ),
        ),
        tests=("tests/component/test_session_look.py",),
    ),
    defence(
        "a-look-notices-an-ended-session",
        "S-99",
        "a page does not notice an ended session until its next refresh",
        (f"{_LIVING}.look", reading(("self._rows.exists(session.sub, session.id)", "True"))),
        tests=("tests/component/test_session_look.py",),
    ),
    defence(
        "an-ended-session-sets-nothing-up",
        "S-83 S-91",
        "an ended session can still set up a second factor or a passkey",
        (
            f"{_LIVING}.open",
            reading(("not self.goes_on(session, session.idle_expires_at)", "False")),
        ),
        tests=("tests/component/test_ended_enrolments.py",),
    ),
    defence(
        "an-enrolment-ends-with-the-old-password",
        "S-85",
        "a page that was opened with the old password can add a passkey after the password changed",
        (
            "chalicelib.gatehouse.flows.reauthentication:Reauthentication.resumed",
            reading(("record.ends_tokens_of(enrolment.began_at)", "False")),
        ),
        tests=("tests/component/test_ended_enrolments.py",),
    ),
    defence(
        "no-new-password-beside-old-sessions",
        "S-85",
        "the password is changed although earlier sessions cannot be ended",
        (
            "chalicelib.gatehouse.flows.own_password:OwnPassword.change",
            reading(("self._rows.end_all(session.sub, but=session.id)", "pass")),
        ),
        tests=("tests/component/test_own_password.py",),
    ),
    defence(
        "known-browsers-without-proofs",
        "S-71",
        "for an account without `provedAt`, a browser stays known after the password changed",
        (
            "chalicelib.gatehouse.flows.attempts:Attempts._is_current",
            reading((" and not record.ends_tokens_of(device.issued_at // 1000)", "")),
        ),
        tests=("tests/component/test_own_password.py",),
    ),
    defence(
        "the-old-password-is-guessed-under-the-throttle",
        "S-41",
        "anybody at an unlocked browser can guess the password without limit",
        (
            "chalicelib.gatehouse.flows.own_password:OwnPassword.change",
            reading(("with self._attempts.guarded(SIGN_IN, account, visitor.ip):", "if True:")),
        ),
        tests=("tests/component/test_own_password.py",),
    ),
    defence(
        "sessions-have-a-number",
        "S-114",
        "a person may have any number of sessions, so that ending them all takes longer than a request may",
        ("chalicelib.gatehouse.store.session_rows:MOST_SESSIONS", value(1_000_000)),
    ),
    defence(
        "expired-sessions-end-first",
        "S-114",
        "a living session ends in place of an expired one",
        (
            "chalicelib.gatehouse.store.session_rows:SessionRows.end_oldest",
            reading(("row.idleExpiresAt > now < row.expiresAt, ", "")),
        ),
    ),
)
