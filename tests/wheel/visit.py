"""A person who uses an app with Gatehouse, both in Chromium and with a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def sign_in(browser: Browser, info: dict[str, Any]) -> tuple[Any, str]:
    """Sign in with Okta in Chromium, starting at the app's page. Return the page and the access token."""
    page = browser.new_page()
    page.set_default_timeout(60_000)
    page.goto(info["page_url"])
    page.get_by_role("link", name="Continue with Okta").click()
    with page.expect_response(lambda answer: answer.url.endswith("/account/auth/refresh")) as got:
        page.get_by_text("alice@example.com", exact=True).click()
    page.get_by_role("heading", name="Hello, Alice").wait_for()
    return page, str(got.value.json()["access_token"])


def call(info: dict[str, Any], method: str, path: str, token: str = "", **more: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = info["app_url"] + path
    return requests.request(
        method, url, headers=headers, verify=info["ca_file"], timeout=30, **more
    )


def walk(info: dict[str, Any], token: str) -> None:
    """Call the team's own routes. The routes answer 200, 401 or 403, and the public routes stay public."""
    assert call(info, "GET", "health").json() == {"status": "ok"}
    assert call(info, "GET", "orders").status_code == 401
    made = call(info, "POST", "orders", token, json={"item": "tea", "count": 2})
    assert made.status_code == 200, made.text
    listed = call(info, "GET", "orders", token)
    assert listed.status_code == 200
    assert listed.headers["Access-Control-Allow-Origin"] == "*"
    assert made.json() in listed.json()["orders"]
    deleted = call(info, "DELETE", f"orders/{made.json()['id']}", token)
    assert (deleted.status_code, deleted.json()["error"]) == (403, "forbidden")
    preflight = call(info, "OPTIONS", "orders")
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert call(info, "GET", "account/me", token).json()["Email"] == "alice@example.com"
