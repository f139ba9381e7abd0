"""Tests in which the token endpoint returns forged tokens. Every case of tests/data/token_forgeries.json runs at the
callback and at a refresh."""

import base64
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.component.forging import forge
from tests.component.world import World
from tests.doubles.browser import Browser
from tests.doubles.cognito import ACCESS_KID, ID_KID, CognitoDouble, Person

CORPUS = Path(__file__).parents[1] / "data" / "token_forgeries.json"
CASES: list[dict[str, Any]] = json.loads(CORPUS.read_text(encoding="utf-8"))["cases"]
SESSION = "__Host-gatehouse"
BOB = Person(sub="b0b", username="Okta_00u1bob", email="bob@example.org")


def parameters() -> list[Any]:
    return [
        pytest.param(
            case, kind, id=f"{case['id']} ({kind})", marks=pytest.mark.security(case["sid"])
        )
        for case in CASES
        for kind in ("id", "access")
        if case.get("of", kind) == kind
    ]


@pytest.fixture
def forgery(world: World, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Replace the next tokens of one kind by the forgeries of a case. Return the list of the issued forgeries."""
    issued: list[str] = []

    def switch(case: dict[str, Any], kind: str) -> list[str]:
        method = f"{kind}_token"
        genuine = getattr(world.cognito, method)

        def forged(self: CognitoDouble, person: Person, *arguments: Any) -> str:
            token = genuine(person, *arguments)
            other = genuine(BOB, *arguments)
            if case.get("swap"):
                made = arguments[1] if kind == "id" else world.cognito.id_token(person, None, "x")
            else:
                made = forge(case, kind, token, other, int(world.clock()))
            issued.append(made)
            return made

        monkeypatch.setattr(type(world.cognito), method, forged)
        return issued

    return switch


def test_the_corpus_is_whole() -> None:
    """Every case has a unique name, and some cases are valid tokens."""
    assert len({case["id"] for case in CASES}) == len(CASES) >= 500
    assert sum(bool(case.get("good")) for case in CASES) >= 10


@pytest.mark.parametrize(("case", "kind"), parameters())
def test_a_forged_token_lets_nobody_in_and_ends_a_session(
    world: World,
    browser: Browser,
    forgery: Any,
    capsys: pytest.CaptureFixture[str],
    case: dict[str, Any],
    kind: str,
) -> None:
    """After a forged token, the callback leads to the page, without a cookie or a record. At a refresh, a forged token
    ends the session. No response and no log line contains the token.

    If the key of a token is missing in the pool's list, the server refuses the token but keeps the session (S-76).
    """
    other = world.browser()
    world.sign_in(other)
    records = world.users()
    issued = forgery(case, kind)
    back = world.sign_in(browser)
    renewed = other.post("/auth/refresh")
    if case.get("good"):
        assert (back.location, renewed.status) == ("/api/", 200)
        return
    unpublished = names_unknown_key(issued[0])
    code = "temporarily_unavailable" if unpublished else "login_failed"
    assert (back.status, back.location) == (303, f"/api/?error={code}")
    assert browser.cookies == {}
    if unpublished:
        assert (renewed.status, renewed.json()["error"]) == (503, code)
        assert SESSION in other.cookies
    elif case.get("refresh") == "good":
        assert renewed.status == 200
    else:
        assert (renewed.status, renewed.json()["error"]) == (401, "session_expired")
        assert SESSION not in other.cookies
    assert world.users() == records
    asked = {path for method, path, _ in world.cognito.requests if method == "GET"}
    assert asked == {urlsplit(world.settings.jwks_url).path}
    said = capsys.readouterr().out + renewed.body + repr([a.headers for a in browser.answers])
    assert not [token for token in issued if len(token) > 8 and token in said]


def names_unknown_key(token: str) -> bool:
    """Return whether the `kid` is the only difference between the header and Cognito's header."""
    parts = token.split(".")
    if len(parts) != 3 or not all(re.fullmatch("[A-Za-z0-9_-]+", part) for part in parts):
        return False
    try:
        header = json.loads(
            base64.urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)).decode()
        )
    except (ValueError, RecursionError):
        return False
    if not isinstance(header, dict) or header.get("alg") != "RS256":
        return False
    return isinstance(header.get("kid"), str) and header["kid"] not in (ID_KID, ACCESS_KID)
