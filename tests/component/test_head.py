"""Tests that every GET route without side effects also responds to HEAD. Uptime monitors send HEAD requests."""

import pytest

from app import app
from chalicelib.gatehouse.routes.table import SPENDING
from tests.component.test_authorized_routes import CLAIMS
from tests.doubles.browser import Browser

HEADS = sorted(path for path, methods in app.routes.items() if "GET" in methods)


@pytest.mark.parametrize("path", HEADS)
def test_head_answers_where_get_does(signed_in: Browser, path: str) -> None:
    """The response has the same status and headers as for GET, but no body. A route with side effects does not respond
    to HEAD."""
    if path in SPENDING:
        assert "HEAD" not in app.routes[path]
        return
    target = path.replace("{version}", "0").replace("{name}", "app.js")
    target = target.replace("{userName}", "nobody")
    for claims in (None, CLAIMS):
        head = signed_in.send("HEAD", target, claims=claims)
        get = signed_in.send("GET", target, claims=claims)
        assert (head.status, head.body) == (get.status, "")
        assert {**head.headers, "etag": ""} == {**get.headers, "etag": ""}
