"""Tests of Gatehouse below a prefix of an app that has its own page and its own /health route."""

from typing import Any

import boto3
import pytest
import requests
from playwright.sync_api import Page, expect

from tests.e2e.device import Device
from tests.watched import Watched


def test_a_person_signs_in_and_out_below_the_prefix(page: Page, mounted: Watched) -> None:
    """The test covers the registered addresses, the page's modules, the cookies, the redirects, and the team's own
    routes."""
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


#: A script that runs on a page of the app's origin, and calls a route as a front end does. The script returns the
#: status. If the person must authenticate again, the script also returns the URL of the page for this authentication.
CALL = """async (root) => {
  const assets = document.querySelector('script[type=module]').src;
  const { createSession } = await import(new URL('session.js', assets));
  const { asksToConfirm, confirmUrl } = await import(new URL('step-up.js', assets));
  const session = createSession({ baseUrl: root, prefix: '/account' });
  await session.refresh();
  const answer = await session.fetch('refunds', { method: 'POST' });
  const asked = await asksToConfirm(answer);
  const url = confirmUrl(session, root);
  session.close();
  return { status: answer.status, url: asked && url };
}"""


def call(page: Page, info: Any) -> dict[str, Any]:
    answer: dict[str, Any] = page.evaluate(CALL, info["app_url"])
    return answer


def grow_old(info: Any) -> None:
    """Move every recorded proof one hour into the past, so that the test does not have to wait."""
    session = boto3.Session("test", "test", region_name=info["region"])
    table = session.client("dynamodb", endpoint_url=info["aws_endpoint_url"])
    name = "gatehouse-local-throttle"
    rows = [row for row in table.scan(TableName=name)["Items"] if "provedAt" in row]
    assert rows
    for row in rows:
        old = {"N": str(int(row["provedAt"]["N"]) - 3600)}
        table.put_item(TableName=name, Item={**row, "provedAt": old})


@pytest.mark.security("S-93")
@pytest.mark.security("S-94")
def test_people_confirm_where_a_route_wants_it(page: Page, mounted: Watched) -> None:
    """On the page, people authenticate again with a password or passkey. If Okta signs a person in without a password
    prompt, the sign-in gives no proof. A new sign-in with Okta's prompt gives a proof."""
    info = mounted.info
    grace = info["demo_users"][0]
    hello = page.get_by_role("heading", name="Hello, ")
    page.goto(f"{info['page_url']}#email")
    page.get_by_label("Email", exact=True).fill(grace["email"])
    page.get_by_label("Password", exact=True).fill(grace["password"])
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(hello).to_be_visible()
    assert call(page, info)["status"] == 200
    grow_old(info)
    stale = call(page, info)
    assert stale["status"] == 401
    page.goto(stale["url"])
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    page.get_by_label("Password", exact=True).fill(grace["password"])
    page.get_by_role("button", name="Continue", exact=True).click()
    page.wait_for_url(info["app_url"])  # the page that made the call
    page.goto(info["page_url"])
    assert call(page, info)["status"] == 200

    # The person authenticates with a passkey, without typing.
    Device(page)
    page.get_by_role("link", name="Passkeys").click()
    page.get_by_label("Password", exact=True).fill(grace["password"])
    page.get_by_role("button", name="Continue", exact=True).click()
    page.get_by_role("button", name="Set up a passkey").click()
    expect(page.get_by_text("Your passkey is ready.")).to_be_visible()
    page.get_by_role("button", name="Back").click()
    expect(hello).to_be_visible()
    grow_old(info)
    stale = call(page, info)
    assert stale["status"] == 401
    page.goto(stale["url"])
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(info["app_url"])
    page.goto(info["page_url"])
    assert call(page, info)["status"] == 200
    page.get_by_role("button", name="Sign out").click()

    page.get_by_role("link", name="Continue with Okta").click()
    page.get_by_label("Keep me signed in here").check()
    page.get_by_text("alice@example.com", exact=True).click()
    expect(hello).to_be_visible()
    assert call(page, info)["status"] == 200
    page.get_by_role("button", name="Sign out").click()
    # Okta signs the person in without a password prompt.
    page.get_by_role("link", name="Continue with Okta").click()
    expect(hello).to_be_visible()
    grow_old(info)
    stale = call(page, info)
    assert stale["status"] == 401
    page.goto(stale["url"])
    page.get_by_role("link", name="Continue with Okta").click()
    page.get_by_text("alice@example.com", exact=True).click()  # Okta shows its prompt
    page.wait_for_url(info["app_url"])
    page.goto(info["page_url"])
    assert call(page, info)["status"] == 200
