"""Tests that put every line of tests/data/header_injections.txt into every input. The line must not appear in a header,
in a page, or as a line of the log."""

import json
import re
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest

from tests.component.direct import CHALLENGE_COOKIE, SESSION_COOKIE, Direct
from tests.component.test_authorized_routes import CLAIMS
from tests.data_lines import attack_lines
from tests.doubles.browser import Answer, Browser, Cookie
from tests.doubles.pool_users import PoolUser

LINES = attack_lines("header_injections.txt")
ADMIN = {**CLAIMS, "cognito:groups": "admins"}
#: The headers that responses of these routes may contain.
HEADERS = frozenset(
    {
        *("content-security-policy", "strict-transport-security", "x-content-type-options"),
        *("referrer-policy", "cross-origin-opener-policy", "cross-origin-resource-policy"),
        *("permissions-policy", "cache-control", "content-type", "location", "retry-after"),
        *("etag", "vary", "content-language", "allow"),
    }
)
QUERIES = (
    *(("/auth/login", name) for name in ("provider", "email", "return_to", "remember")),
    *(("/auth/callback", n) for n in ("state", "code", "error", "error_description", "iss")),
    *((path, None) for path in ("/", "/health", "/auth/config", "/auth/login", "/auth/callback")),
)
BODIES = (
    ("/auth/discover", ("email",)),
    ("/auth/direct/sign-in", ("email", "password", "remember", "captcha")),
    ("/auth/direct/challenge", ("name", "code", "password", "choice")),
    ("/auth/direct/sign-up", ("email",)),
    ("/auth/direct/confirm", ("email", "code", "password", "given_name", "family_name")),
    ("/auth/direct/resend-code", ("email",)),
    ("/auth/direct/forgot-password", ("email",)),
    ("/auth/direct/reset-password", ("email", "code", "password")),
    ("/auth/mfa/setup", ("password",)),
    ("/auth/mfa/verify", ("code",)),
    ("/auth/mfa/disable", ("password", "code")),
    ("/auth/mfa/recovery-codes", ("password", "code")),
    ("/auth/direct/recovery-code", ("code",)),
    ("/auth/direct/passkey", ("email", "remember")),
    ("/auth/passkeys/open", ("password", "code")),
    ("/auth/passkeys/rename", ("id", "name")),
    ("/auth/refresh", ("x",)),
    ("/auth/logout", ("x",)),
)
SENT_HEADERS = (
    *("Host", "Origin", "Referer", "User-Agent", "X-Gatehouse", "X-Forwarded-For", "Forwarded"),
    *("X-Forwarded-Host", "X-Forwarded-Proto", "X-Request-Id", "X-Amzn-Trace-Id", "Accept"),
    *("Accept-Language", "If-None-Match", "Content-Type", "Sec-Fetch-Site", "Sec-Fetch-Mode"),
    *("Authorization", "Cookie"),
)
GOOD = {"email": "ada@example.org", "password": "a good password", "code": "123456"}


def queries(line: str) -> Iterator[str]:
    for path, name in QUERIES:
        yield f"{path}?{urlencode({name or line: line}, errors='surrogatepass')}"
    segment = segment_of(line)
    yield f"/assets/{segment}/app.js"
    yield f"/assets/0/{segment}"


def segment_of(line: str) -> str:
    return quote(line, safe="", errors="surrogatepass")


def answers_to(line: str, browser: Browser) -> Iterator[tuple[str, Answer]]:
    """Put the line into every input. Yield each input's name, and the response to it."""
    for target in queries(line):
        yield target.partition("?")[0], browser.get(target)
    for name in ("limit", "cursor"):
        target = f"/users?{urlencode({name: line}, errors='surrogatepass')}"
        yield name, browser.get(target, claims=ADMIN)
    target = f"/users/{segment_of(line)}/sign-out"
    yield "userName", browser.send("POST", target, claims=ADMIN)
    for path, names in BODIES:
        for name in names:
            yield f"{path} {name}", browser.post(path, {**GOOD, name: line})
        yield f"{path} member's name", browser.post(path, {**GOOD, line: line})
    for name in SENT_HEADERS:
        yield name, browser.post("/auth/refresh", headers=[(name, line)])
        if name != "Content-Type":  # These requests have no body, so they need no content type.
            yield name, browser.get("/auth/login", headers=[(name, line)])
            yield name, browser.send("OPTIONS", "/auth/refresh", [(name, line)])
    yield "header's name", browser.get("/auth/login", headers=[(line, "x"), (f"X-{line}", line)])
    for name in (SESSION_COOKIE, CHALLENGE_COOKIE, "__Host-gatehouse-login-00000000", line):
        other = Browser(browser._app, browser._clock)
        other.cookies[name] = Cookie(line, "Lax", None)
        yield f"cookie {name}", other.post("/auth/refresh")
        yield f"cookie {name}", other.get("/auth/login")
        yield f"cookie {name}", other.get("/auth/callback?state=x&code=y", site="cross-site")


def assert_clean(place: str, answer: Answer) -> None:
    assert answer.status < 500, place
    assert set(answer.headers) <= HEADERS, place
    values = [*answer.headers.values(), *answer.set_cookies]
    for value in values:
        assert re.fullmatch(r"[\x20-\x7e]*", value), place
    for cookie in answer.set_cookies:
        assert cookie.startswith("__Host-gatehouse"), place
        assert cookie.count(";") <= 5, place
    assert "injected" not in answer.body + repr(values), place


def test_the_corpus_is_large() -> None:
    """Every line contains the word that the tests search for."""
    assert len(set(LINES)) == len(LINES) >= 120
    assert all("injected" in line for line in LINES)


@pytest.mark.security("S-62")
@pytest.mark.security("S-07")
@pytest.mark.security("S-13")
@pytest.mark.parametrize("line", LINES, ids=range(len(LINES)))
def test_nothing_that_is_sent_ends_up_in_a_header_a_page_or_a_line_of_its_own(
    direct: Direct, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The responses have only permitted header names and printable values. They do not repeat the line, and no status
    is 5xx. Each line of the log is still one JSON object. No sign-in succeeds."""
    direct.pool.add(
        PoolUser("root@example.org", "x" * 12, sub=ADMIN["sub"], username=ADMIN["username"])
    ).groups = ("admins",)
    people = len(direct.pool.users)
    for place, answer in answers_to(line, direct.browser):
        assert_clean(place, answer)
        assert SESSION_COOKIE not in direct.browser.cookies
    out, err = capsys.readouterr()
    assert err == ""
    assert all(isinstance(json.loads(text), dict) for text in out.splitlines())
    assert direct.world.users() == {}
    assert len(direct.pool.users) <= people + 1
