"""POST /auth/refresh and /auth/logout: a session's life, and the proof that our own page asks."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.component.world import CLIENT_SECRET, KEYS_ARN, SEALING_KEY, World
from tests.doubles.aws_errors import client_error
from tests.doubles.browser import Browser, Cookie
from tests.doubles.cognito import Person, answers, times_out

SESSION = "__Host-gatehouse"
CLEARED = f"{SESSION}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"


def test_refresh_answers_with_exactly_what_the_page_needs(world: World, signed_in: Browser) -> None:
    """The contract's shape; deadlines on the server's clock."""
    body = signed_in.post("/auth/refresh").json()
    now = int(world.clock())
    assert body.pop("access_token") == world.cognito.access_tokens[-1]
    assert body == {
        "token_type": "Bearer",
        "expires_in": 600,
        "scope": "openid email profile api/read api/write",
        "user": {
            "sub": Person().sub,
            "username": "Okta_00u1ada",
            "email": "ada@example.org",
            "given_name": "Ada",
            "family_name": "Lovelace",
            "groups": [],
            "provider": "Okta",
        },
        "session": {"now": now, "idle_expires_at": now + 1800, "expires_at": now + 43_200},
    }


@pytest.mark.security("S-26")
@pytest.mark.parametrize("remember", [False, True])
def test_the_session_cookie_has_every_attribute(
    world: World, browser: Browser, remember: bool
) -> None:
    """`__Host-`, Secure, HttpOnly, SameSite=Strict, Path=/, no Domain; Max-Age only for "remember me"."""
    answer = world.sign_in(browser, query=f"provider=Okta&remember={int(remember)}")
    (cookie,) = [text for text in answer.set_cookies if text.startswith(f"{SESSION}=")]
    value, _, attributes = cookie.partition("; ")
    expected = "Path=/; Secure; HttpOnly; SameSite=Strict"
    assert attributes == (f"{expected}; Max-Age={14 * 86_400}" if remember else expected)
    refreshed = browser.post("/auth/refresh").set_cookies
    assert [text.partition("; ")[2] for text in refreshed] == [attributes]
    assert refreshed[0].partition("; ")[0] != value


def test_an_ordinary_session_ends_with_the_browser_and_a_remembered_one_does_not(
    world: World,
) -> None:
    """Closing the browser is the test of Max-Age."""
    for remember, expected in ((0, 401), (1, 200)):
        browser = world.browser()
        world.sign_in(browser, query=f"provider=Okta&remember={remember}")
        browser.close()
        assert browser.post("/auth/refresh").status == expected


CSRF: dict[str, tuple[list[str], list[tuple[str, str]]]] = {
    "no header": (["X-Gatehouse"], []),
    "another value": ([], [("X-Gatehouse", "0")]),
    "empty header": ([], [("X-Gatehouse", "")]),
    "foreign origin": ([], [("Origin", "https://evil.example")]),
    "null origin": ([], [("Origin", "null")]),
    "origin over http": ([], [("Origin", "http://a1b2c3.execute-api.eu-west-1.amazonaws.com")]),
    "origin with another port": (
        [],
        [("Origin", "https://a1b2c3.execute-api.eu-west-1.amazonaws.com:444")],
    ),
    "longer origin": (
        [],
        [("Origin", "https://a1b2c3.execute-api.eu-west-1.amazonaws.com.evil.example")],
    ),
    "sibling origin": ([], [("Origin", "https://z9y8x7.execute-api.eu-west-1.amazonaws.com")]),
    "empty origin": ([], [("Origin", "")]),
    "foreign origin beside a good fetch site": (
        [],
        [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "same-origin")],
    ),
    "neither": (["Origin", "Sec-Fetch-Site"], []),
    "same-site only": (["Origin"], [("Sec-Fetch-Site", "same-site")]),
    "cross-site only": (["Origin"], [("Sec-Fetch-Site", "cross-site")]),
    "none": (["Origin"], [("Sec-Fetch-Site", "none")]),
    "header beside nothing else, foreign host": (
        ["Sec-Fetch-Site"],
        [("Host", "evil.example"), ("Origin", "https://evil.example")],
    ),
}


@pytest.mark.security("S-28")
@pytest.mark.parametrize("case", CSRF, ids=str)
@pytest.mark.parametrize("route", ["/auth/refresh", "/auth/logout"])
def test_cookie_routes_refuse_what_our_page_did_not_send(
    world: World, signed_in: Browser, route: str, case: str
) -> None:
    """403, nothing changed, and the session still works afterwards."""
    drop, headers = CSRF[case]
    before = dict(signed_in.cookies)
    calls = len(world.cognito.requests)
    answer = signed_in.post(route, drop=drop, headers=headers)
    assert (answer.status, answer.json()["error"]) == (403, "csrf")
    assert signed_in.cookies == before
    assert len(world.cognito.requests) == calls


@pytest.mark.security("S-28")
@pytest.mark.parametrize("drop", [["Origin"], ["Sec-Fetch-Site"]])
def test_one_of_origin_and_fetch_site_is_enough(signed_in: Browser, drop: list[str]) -> None:
    """Browsers that send only one of them are served."""
    assert signed_in.post("/auth/refresh", drop=drop).status == 200


@pytest.mark.security("S-28")
@pytest.mark.parametrize(
    ("content_type", "body", "status", "code"),
    [
        ("text/plain", "{}", 415, "unsupported_media_type"),
        ("text/plain;application/json", "{}", 415, "unsupported_media_type"),
        ("application/x-www-form-urlencoded", "a=1", 415, "unsupported_media_type"),
        ("application/json; charset=utf-16", "{}", 415, "unsupported_media_type"),
        ("application/json", "[1]", 400, "invalid_request"),
        ("application/json", "{", 400, "invalid_request"),
        ("application/json", '"' + "x" * 20_000 + '"', 413, "payload_too_large"),
        ("application/json", "[" * 16_000, 400, "invalid_request"),
    ],
)
def test_bodies_are_small_json_objects_or_nothing(
    signed_in: Browser, content_type: str, body: str, status: int, code: str
) -> None:
    """Chalice's own check lets `text/plain;application/json` through; ours does not."""
    answer = signed_in.post("/auth/refresh", body, headers=[("Content-Type", content_type)])
    assert (answer.status, answer.json()["error"]) == (status, code)


def test_a_body_that_is_not_base64_is_a_bad_request(signed_in: Browser) -> None:
    """API Gateway marks binary bodies; a broken one is the caller's fault and not ours."""
    headers = [
        ("X-Gatehouse", "1"),
        ("Origin", signed_in.origin),
        ("Content-Type", "application/json"),
    ]
    for body in ("a", "é"):
        answer = signed_in.send("POST", "/auth/refresh", headers, body=body, base64_encoded=True)
        assert (answer.status, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.security("S-29")
def test_get_and_head_change_nothing(world: World, signed_in: Browser) -> None:
    """Refresh and logout exist as POST only; the page, the config and the health check write nothing."""
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        for route in ("/auth/refresh", "/auth/logout"):
            assert signed_in.send(method, route).status == 405
    requests, writes = len(world.cognito.requests), world.dynamodb.writes
    for route in ("/", "/auth/config", "/health"):
        assert signed_in.get(route).status == 200
    assert (len(world.cognito.requests), world.dynamodb.writes) == (requests, writes)
    assert signed_in.post("/auth/refresh").status == 200


@pytest.mark.security("S-30")
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://a1b2c3.execute-api.eu-west-1.amazonaws.com"]
)
def test_no_answer_carries_cors_headers(signed_in: Browser, origin: str) -> None:
    """Neither reflected, nor `*`, nor for `null`; and no preflight is answered."""
    for route in ("/auth/refresh", "/auth/logout"):
        answer = signed_in.post(route, headers=[("Origin", origin)])
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert signed_in.send("OPTIONS", route, [("Origin", origin)]).status == 405


@pytest.mark.security("S-32")
def test_refresh_and_id_token_never_leave_in_clear(world: World, browser: Browser) -> None:
    """Neither is in any body, header or cookie of the whole flow; the access token is in the refresh body only."""
    world.sign_in(browser)
    browser.post("/auth/refresh")
    browser.post("/auth/logout")
    everything = repr([(a.headers, a.set_cookies, a.body) for a in browser.answers])
    for token in (*world.cognito.refresh_tokens(), *world.cognito.id_tokens):
        assert token not in everything
    assert everything.count(world.cognito.access_tokens[-1]) == 1
    assert world.cognito.access_tokens[0] not in everything


@pytest.mark.security("S-33")
def test_token_answers_are_never_cached(signed_in: Browser) -> None:
    """no-store on success and on refusal."""
    assert signed_in.post("/auth/refresh").headers["cache-control"] == "no-store"
    assert (
        signed_in.post("/auth/refresh", drop=["X-Gatehouse"]).headers["cache-control"] == "no-store"
    )


@pytest.mark.security("S-34")
def test_each_refresh_moves_the_refresh_token_on(world: World, signed_in: Browser) -> None:
    """The new token replaces the cookie; six refreshes over two hours work and use seven tokens."""
    for _ in range(6):
        world.clock.advance(1200)
        assert signed_in.post("/auth/refresh").status == 200
    sent = [
        form["refresh_token"] for _, _, form in world.cognito.requests if "refresh_token" in form
    ]
    assert sent == world.cognito.refresh_tokens()[:6]


@pytest.mark.security("S-34")
def test_without_rotation_the_session_keeps_its_token(world: World, signed_in: Browser) -> None:
    """A pool without rotation gives no new token; the old one stays in the cookie."""
    world.cognito.rotation = False
    for _ in range(3):
        assert signed_in.post("/auth/refresh").status == 200


@pytest.mark.security("S-34")
def test_two_tabs_may_refresh_at_once(world: World, signed_in: Browser) -> None:
    """Within the grace period the rotated-out token still works."""
    stale = signed_in.cookies[SESSION]
    assert signed_in.post("/auth/refresh").status == 200
    world.clock.advance(50)
    signed_in.cookies[SESSION] = stale
    assert signed_in.post("/auth/refresh").status == 200


@pytest.mark.security("S-34")
def test_a_rotated_out_token_after_the_grace_is_refused_and_the_successor_lives(
    world: World, signed_in: Browser, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """401, cookie cleared, refusal logged; the browser with the newer cookie notices nothing."""
    thief = world.browser()
    thief.cookies = dict(signed_in.cookies)
    signed_in.post("/auth/refresh")
    world.clock.advance(61)
    answer = thief.post("/auth/refresh")
    assert (answer.status, answer.json()["error"]) == (401, "session_expired")
    assert answer.set_cookies == [CLEARED]
    assert "refresh_refused" in [line["event"] for line in log_lines()]
    assert signed_in.post("/auth/refresh").status == 200


@pytest.mark.security("S-34")
def test_the_absolute_lifetime_is_never_extended(world: World, signed_in: Browser) -> None:
    """Twelve hours of steady use end at the twelfth hour."""
    deadline = signed_in.post("/auth/refresh").json()["session"]["expires_at"]
    while world.clock() + 1500 < deadline:
        world.clock.advance(1500)
        session = signed_in.post("/auth/refresh").json()["session"]
        assert session["expires_at"] == deadline
        assert session["idle_expires_at"] <= deadline
    world.clock.now = deadline
    answer = signed_in.post("/auth/refresh")
    assert (answer.status, answer.json()["error"]) == (401, "session_expired")
    assert signed_in.cookies == {}


def test_an_idle_session_ends(world: World, signed_in: Browser) -> None:
    """Half an hour without a refresh, and no call to Cognito."""
    calls = world.cognito.calls("/oauth2/token")
    world.clock.advance(1801)
    answer = signed_in.post("/auth/refresh")
    assert (answer.status, answer.json()["error"]) == (401, "session_expired")
    assert answer.set_cookies == [CLEARED]
    assert world.cognito.calls("/oauth2/token") == calls


@pytest.mark.security("S-35")
@pytest.mark.parametrize(
    "fault",
    [
        times_out,
        answers(500),
        answers(429),
        answers(503, {"error": "invalid_grant"}),
        answers(200),
        answers(200, {"error": "x"}),
        answers(400),
        answers(400, {"error": "invalid_request"}),
        answers(400, {"error": "unauthorized_client"}),
        answers(301),
    ],
)
def test_an_outage_keeps_the_session(world: World, signed_in: Browser, fault: Any) -> None:
    """503, the cookie is not touched, and the next refresh works."""
    world.cognito.fail("token", fault)
    answer = signed_in.post("/auth/refresh")
    assert (answer.status, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert answer.headers["retry-after"] == "5"
    assert answer.set_cookies == []
    assert signed_in.post("/auth/refresh").status == 200


@pytest.mark.security("S-35")
def test_invalid_grant_ends_the_session(world: World, signed_in: Browser) -> None:
    """A person who was disabled at Cognito is out at the next refresh."""
    world.cognito.delete_person()
    answer = signed_in.post("/auth/refresh")
    assert (answer.status, answer.json()["error"]) == (401, "session_expired")
    assert signed_in.cookies == {}


@pytest.mark.security("S-25")
def test_refresh_answers_503_when_the_keys_cannot_be_had(world: World, signed_in: Browser) -> None:
    """The tokens are not passed on unverified, and the session is kept."""
    world.clock.advance(1700)
    signed_in.post("/auth/refresh")
    world.clock.advance(1700)
    signed_in.post("/auth/refresh")
    world.clock.advance(1700)
    world.cognito.fail("jwks", times_out)
    answer = signed_in.post("/auth/refresh")
    assert (answer.status, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert SESSION in signed_in.cookies


@pytest.mark.security("S-35")
def test_an_outage_of_the_keys_does_not_cost_the_session_its_refresh_token(
    world: World, signed_in: Browser
) -> None:
    """Minutes later the same cookie still works: no token was rotated out for an answer that never came."""
    world.clock.advance(1700)
    signed_in.post("/auth/refresh")
    world.clock.advance(1700)
    signed_in.post("/auth/refresh")
    world.clock.advance(1000)
    world.cognito.fail("jwks", times_out)
    assert signed_in.post("/auth/refresh").status == 503
    world.clock.advance(300)
    assert signed_in.post("/auth/refresh").status == 200


@pytest.mark.security("S-25")
def test_unknown_kids_cause_one_fetch_a_minute(world: World, signed_in: Browser) -> None:
    """Tokens under a key that the pool does not publish are refused, without hammering the JWKS endpoint."""
    world.cognito.id_header["kid"] = "unheard-of"
    for _ in range(5):
        world.clock.advance(1)
        browser = world.browser()
        assert world.sign_in(browser).location == "/api/?error=login_failed"
    before = sum(1 for method, _, _ in world.cognito.requests if method == "GET")
    world.clock.advance(61)
    world.sign_in(world.browser())
    assert sum(1 for method, _, _ in world.cognito.requests if method == "GET") == before + 1 == 2


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        "k1.",
        "k1.AAAA",
        "k9." + "A" * 80,
        "a.b.c",
        "k1." + "%" * 80,
        "." * 50,
        "k1." + "A" * 5000,
    ],
)
def test_a_malformed_or_foreign_cookie_is_no_session(
    world: World, browser: Browser, value: str
) -> None:
    """401 with the cookie cleared, and no call to Cognito."""
    browser.cookies[SESSION] = Cookie(value, "Strict", None)
    answer = browser.post("/auth/refresh")
    assert (answer.status, answer.json()["error"]) == (401, "no_session")
    assert answer.set_cookies == [CLEARED]
    assert world.cognito.requests == []


def test_a_tampered_or_truncated_cookie_is_no_session(signed_in: Browser) -> None:
    """Any changed or missing character breaks the seal."""
    value = signed_in.cookies[SESSION].value
    for changed in (
        value[:-1],
        value[:-40],
        value[:30] + ("A" if value[30] != "A" else "B") + value[31:],
    ):
        signed_in.cookies[SESSION] = Cookie(changed, "Strict", None)
        assert signed_in.post("/auth/refresh").json()["error"] == "no_session"


def test_a_login_cookie_is_no_session_cookie(world: World, browser: Browser) -> None:
    """Sealed values are bound to their purpose."""
    browser.get("/auth/login")
    (cookie,) = browser.cookies.values()
    browser.cookies[SESSION] = cookie
    assert browser.post("/auth/refresh").json()["error"] == "no_session"


@pytest.mark.security("S-26")
def test_two_session_cookies_are_none(signed_in: Browser) -> None:
    """Where two cookies of the name arrive, nobody can say which one is ours."""
    value = signed_in.cookies[SESSION].value
    headers = [("X-Gatehouse", "1"), ("Origin", signed_in.origin)]
    answer = signed_in.send("POST", "/auth/refresh", [*headers, ("Cookie", f"{SESSION}={value}")])
    assert answer.json()["error"] == "no_session"


@pytest.mark.security("S-26")
@pytest.mark.parametrize("lead", ["\u00a0", "\u2000", "\u0085", "\x1c", "\x0b"])
def test_a_name_that_only_looks_like_ours_is_not_ours(
    world: World, signed_in: Browser, lead: str
) -> None:
    """Browsers guard `__Host-` names; a space that they see and we strip would get around that."""
    value = signed_in.cookies.pop(SESSION).value
    headers = [("X-Gatehouse", "1"), ("Origin", signed_in.origin)]
    answer = signed_in.send(
        "POST", "/auth/refresh", [*headers, ("Cookie", f"{lead}{SESSION}={value}")]
    )
    assert answer.json()["error"] == "no_session"


@pytest.mark.security("S-59")
def test_sessions_outlive_a_rotation_of_the_sealing_keys(world: World, signed_in: Browser) -> None:
    """The old key opens, the new one seals, also in a container that has not read the new ring yet."""
    other = world.browser()
    world.clock.advance(31)
    world.secrets.put(KEYS_ARN, {"current": "k2", "k2": "n" * 64, "k1": SEALING_KEY})
    from chalicelib import services

    warm = services.current()
    world.restart()
    assert signed_in.post("/auth/refresh").status == 200
    assert signed_in.cookies[SESSION].value.startswith("k2.")
    services.install(warm)
    assert signed_in.post("/auth/refresh").status == 200
    assert other.post("/auth/refresh").json()["error"] == "no_session"


def test_a_retired_sealing_key_ends_its_sessions(world: World, signed_in: Browser) -> None:
    """Taking a key out of the ring is the emergency brake."""
    world.secrets.put(KEYS_ARN, {"current": "k2", "k2": "n" * 64})
    world.restart()
    assert signed_in.post("/auth/refresh").json()["error"] == "no_session"


@pytest.mark.security("S-36")
def test_logout_revokes_and_a_replayed_cookie_is_dead(world: World, signed_in: Browser) -> None:
    """The copy that somebody kept does not open a session any more."""
    copy = dict(signed_in.cookies)
    answer = signed_in.post("/auth/logout")
    assert answer.status == 200
    assert answer.set_cookies == [CLEARED]
    assert world.cognito.is_revoked(world.cognito.refresh_tokens()[-1])
    signed_in.cookies = copy
    assert signed_in.post("/auth/refresh").json()["error"] == "session_expired"


@pytest.mark.security("S-36")
@pytest.mark.parametrize(
    "fault", [times_out, answers(500), answers(400, {"error": "invalid_request"})]
)
def test_logout_clears_the_cookie_even_if_revoking_failed(
    world: World, signed_in: Browser, fault: Any, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """The failure is in the log; the person is signed out here."""
    world.cognito.fail("revoke", fault)
    answer = signed_in.post("/auth/logout")
    assert answer.status == 200
    assert signed_in.cookies == {}
    assert "revoke_failed" in [line["event"] for line in log_lines()]


@pytest.mark.security("S-36")
@pytest.mark.parametrize("cause", ["secrets down", "client secret broken"])
def test_logout_clears_the_cookie_even_if_our_secrets_cannot_be_read(
    world: World, signed_in: Browser, cause: str
) -> None:
    """Whatever keeps us from revoking, the browser forgets the session."""
    from tests.component.world import SECRET_ARN

    if cause == "secrets down":
        world.secrets.fault = client_error("InternalServiceError")
    else:
        world.secrets.put(SECRET_ARN, {"client_id": "x"})
    world.restart()
    answer = signed_in.post("/auth/logout")
    assert (answer.status, signed_in.cookies) == (200, {})


@pytest.mark.security("S-36")
def test_an_expired_session_is_still_revoked_at_logout(world: World, signed_in: Browser) -> None:
    """Our deadline is not Cognito's: the token must die as well."""
    world.clock.advance(1900)
    assert signed_in.post("/auth/logout").status == 200
    assert world.cognito.is_revoked(world.cognito.refresh_tokens()[-1])


@pytest.mark.security("S-38")
def test_the_logout_address_is_fixed(world: World, signed_in: Browser) -> None:
    """Whatever the caller sends, the browser goes to Cognito and comes back to our page."""
    answer = signed_in.post(
        "/auth/logout?logout_uri=https://evil.example&return_to=//evil.example",
        {"logout_uri": "https://evil.example"},
        headers=[("X-Forwarded-Host", "evil.example")],
    )
    assert answer.json() == {
        "logout_url": f"{world.cognito.url}/logout?client_id=1example23456789"
        "&logout_uri=https%3A%2F%2Fa1b2c3.execute-api.eu-west-1.amazonaws.com%2Fapi%2F%3Fsigned_out%3D1"
    }


def test_logout_without_a_session_says_so_and_clears(world: World, browser: Browser) -> None:
    """401 no_session, with the useless cookie gone."""
    browser.cookies[SESSION] = Cookie("junk", "Strict", None)
    answer = browser.post("/auth/logout")
    assert (answer.status, answer.json()["error"]) == (401, "no_session")
    assert browser.cookies == {}


@pytest.mark.security("S-37")
@pytest.mark.parametrize(
    "claims",
    [
        {"client_id": "x"},
        {"sub": "x"},
        {"token_use": "id"},
        {"scope": "aws.cognito.signin.user.admin"},
    ],
)
def test_refreshed_tokens_are_verified_again(
    world: World, signed_in: Browser, claims: dict[str, str]
) -> None:
    """A wrong answer of the token endpoint reaches nobody, and ends the session."""
    world.cognito.access_claims.update(claims)
    answer = signed_in.post("/auth/refresh")
    assert (answer.status, answer.json()["error"]) == (401, "session_expired")
    assert "access_token" not in answer.body


@pytest.mark.security("S-37")
def test_expires_in_is_the_tokens_own_deadline(world: World, signed_in: Browser) -> None:
    """The page plans by `exp`, not by what the endpoint says about it."""
    world.cognito.access_claims["exp"] = int(world.clock()) + 77
    assert signed_in.post("/auth/refresh").json()["expires_in"] == 77


@pytest.mark.security("S-31")
def test_a_refresh_whose_cookie_would_not_fit_fails_cleanly(
    world: World, signed_in: Browser
) -> None:
    """An error in the envelope, never a cookie that the browser drops."""
    world.cognito.refresh_token_length = 3500
    answer = signed_in.post("/auth/refresh")
    assert answer.status == 500
    assert answer.set_cookies == []
    assert CLIENT_SECRET not in answer.body
