"""The events of API Gateway and Cognito that the subjects receive. Every peer gets the same events."""

import json
from typing import Any

from benchmarks.loopback_aws import CLIENT_ID, DOMAIN, POOL, REGION
from benchmarks.processes import ROOT
from tests.doubles.browser import build_event

_PATHS = ("/whoami", "/me", "/auth/login", "/auth/callback", "/auth/refresh")

#: The claims of an access token, in the form in which API Gateway's authorizer passes claims to Lambda. Every value is
#: text.
CLAIMS = {
    "sub": "5d3c7b1e-0a6f-4c7e-9b1d-2f6a8c4e0d11",
    "username": "Okta_00u1ada",
    "token_use": "access",
    "client_id": CLIENT_ID,
    "scope": "openid profile email api/read api/write",
    "iss": f"https://cognito-idp.{REGION}.amazonaws.com/{POOL}",
}


def request(
    method: str, path: str, *, headers: dict[str, str] | None = None, authorized: bool = False
) -> dict[str, Any]:
    """Return the event of one request."""
    sent = {"Host": DOMAIN, "User-Agent": "benchmark", **(headers or {})}
    return build_event(
        {known: {} for known in _PATHS},
        method,
        path,
        domain=DOMAIN,
        stage="api",
        headers=sent.items(),
        claims=CLAIMS if authorized else None,
    )


def confirmation() -> dict[str, Any]:
    """Return the event PostConfirmation_ConfirmSignUp. On this event, the trigger writes the record of a new person."""
    file = ROOT / "tests" / "events" / "PostConfirmation_ConfirmSignUp.json"
    event: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return {**event, "userPoolId": POOL}
