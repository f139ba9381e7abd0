"""The deployed whole: what the local AWS cannot show of API Gateway and Cognito."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from chalicelib.gatehouse.edge.security_headers import SECURITY_HEADERS
from ops.doctor.check import diagnose
from ops.doctor.checks import CHECKS
from ops.doctor.deployment import Deployment
from tests.live.live_stage import LiveStage


def test_doctor_finds_nothing(live: LiveStage) -> None:
    """And on AWS every check could be made."""
    diagnosis = diagnose(Deployment(live.session, live.stage), CHECKS)
    assert diagnosis.findings == []
    lacking = {check.id for check in CHECKS if check.not_locally} if live.stage.is_local else set()
    assert set(diagnosis.not_checked) == lacking


def test_every_answer_has_the_headers(live: LiveStage) -> None:
    """Ours, the authorizer's refusal, and the one for a path that nobody declared."""
    browser = live.browser()
    for path, status in (("", 200), ("health", 200), ("me", 401), ("nothing/here", 404)):
        answer = browser.get(path)
        assert answer.status_code == status, path
        for name in ("Strict-Transport-Security", "X-Content-Type-Options", "Referrer-Policy"):
            assert answer.headers.get(name) == SECURITY_HEADERS[name], (path, name)
        if status != 200:
            assert set(answer.json()) == {"error", "message"}


def test_forged_token_is_refused_by_the_gateway(live: LiveStage) -> None:
    """Not by our function."""
    assert live.browser().get("me", token="a.b.c").status_code == 401


def test_login_leads_to_cognitos_page(live: LiveStage) -> None:
    """With PKCE, state, nonce and our scopes; the page answers."""
    browser = live.browser()
    start = browser.get("auth/login")
    assert start.status_code == 302
    query = parse_qs(urlsplit(start.headers["Location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == [f"{live.root}auth/callback"]
    page = browser.get(start.headers["Location"])
    for _ in range(3):
        if page.status_code != 302:
            break
        page = browser.get(
            page.headers["Location"]
            if "://" in page.headers["Location"]
            else live.stage.environment["COGNITO_URL"] + page.headers["Location"]
        )
    assert page.status_code == 200, page.text[:300]


def test_callback_without_its_transaction_is_refused(live: LiveStage) -> None:
    """A fixed code, a clean URL."""
    answer = live.browser().get("auth/callback?code=x&state=y")
    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["error"] == ["login_unknown"]


def test_refresh_without_a_session_is_refused(live: LiveStage) -> None:
    """And without the page's header it is a foreign site's."""
    browser = live.browser()
    assert browser.post("auth/refresh").json()["error"] == "no_session"
    bare = browser._send("POST", "auth/refresh", {}, {})
    assert (bare.status_code, bare.json()["error"]) == (403, "csrf")
