"""Tests of the whole deployment. The tests check how API Gateway and Cognito behave, where the local AWS cannot prove
this behaviour."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from chalicelib.gatehouse.edge.security_headers import SECURITY_HEADERS
from ops.doctor.check import diagnose
from ops.doctor.checks import CHECKS
from ops.doctor.deployment import Deployment
from tests.live.live_stage import LiveStage
from tests.live.record import StageRecord


def test_doctor_finds_nothing(live: LiveStage, record: StageRecord) -> None:
    """The transcript records the notes of `ops doctor`, and the checks that the command could not make."""
    diagnosis = diagnose(Deployment(live.session, live.stage), CHECKS)
    told = {"notes": [note.id for note in diagnosis.notes], "not_checked": diagnosis.not_checked}
    record.note(record.test, doctor=told)
    assert diagnosis.findings == []


def test_every_answer_has_the_headers(live: LiveStage) -> None:
    """The test covers three kinds of responses: the app's own responses, the authorizer's refusal, and the response for
    an undeclared path."""
    browser = live.browser()
    names = ["X-Content-Type-Options", "Referrer-Policy"]
    if (
        not live.stage.is_local
        # the local proxy removes this header, because browsers would apply the header to all of localhost
    ):
        names.append("Strict-Transport-Security")
    for path, status in (("", 200), ("health", 200), ("me", 401), ("nothing/here", 404)):
        answer = browser.get(path)
        assert answer.status_code == status, path
        for name in names:
            assert answer.headers.get(name) == SECURITY_HEADERS[name], (path, name)
        if status != 200:
            assert set(answer.json()) == {"error", "message"}


def test_forged_token_is_refused_by_the_gateway(live: LiveStage) -> None:
    """API Gateway refuses the token, and does not call our function."""
    assert live.browser().get("me", token="a.b.c").status_code == 401


def test_login_leads_to_cognitos_page(live: LiveStage) -> None:
    """The URL has PKCE, state, nonce and our scopes. Cognito's page answers a browser that keeps Cognito's cookies.

    The request names the provider, because a stage with its own form would otherwise not redirect to Cognito.
    """
    browser = live.browser()
    start = browser.get("auth/login?provider=COGNITO")
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
    """The redirect has a fixed error code and a clean URL."""
    answer = live.browser().get("auth/callback?code=x&state=y")
    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["error"] == ["login_unknown"]


def test_refresh_without_a_session_is_refused(live: LiveStage) -> None:
    """Without the page's header, the server treats the request as a request from another site."""
    browser = live.browser()
    assert browser.post("auth/refresh").json()["error"] == "no_session"
    bare = browser._send("POST", "auth/refresh", {}, {})
    assert (bare.status_code, bare.json()["error"]) == (403, "csrf")
