"""Gatehouse below a prefix of an app that has a page and a /health of its own, deployed as any other."""

import requests
from playwright.sync_api import Page, expect

from tests.watched import Watched


def test_a_person_signs_in_and_out_below_the_prefix(page: Page, mounted: Watched) -> None:
    """The registered addresses, the page's modules, cookies and the way back; the team's own routes beside it."""
    info = mounted.info
    root = str(info["app_url"])
    assert info["page_url"] == f"{root}account"
    trust = info["ca_file"]
    for path, body in (("health", {"of": "the team"}), ("", {"page of": "the team"})):
        assert requests.get(root + path, timeout=30, verify=trust).json() == body
    assert requests.get(f"{root}account/health", timeout=30, verify=trust).json()["status"] == "ok"
    assert requests.get(f"{root}whoami", timeout=30, verify=trust).status_code == 401

    page.goto(info["page_url"])
    page.get_by_role("link", name="Continue with Okta").click()
    page.get_by_text("alice@example.com", exact=True).click()
    expect(page.get_by_role("heading", name="Hello, Alice")).to_be_visible()
    assert page.url == info["page_url"]
    page.reload()
    expect(page.get_by_role("heading", name="Hello, Alice")).to_be_visible()
    with page.expect_response(f"{root}account/auth/refresh") as answer:
        page.reload()
    token = answer.value.json()["access_token"]
    own = {"Authorization": f"Bearer {token}"}
    assert requests.get(f"{root}whoami", headers=own, timeout=30, verify=trust).status_code == 200
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Continue with Okta")).to_be_visible()
    assert page.url == info["page_url"]
