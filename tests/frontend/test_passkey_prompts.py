"""Tests of the browser's own prompt for a passkey, when the prompt ends without a passkey. Chromium then rejects the
call with NotAllowedError, as if the person had pressed "Cancel".

Chromium's virtual authenticator waits for a touch until the timeout in the options is over. The touch never comes.
DevTools cannot cancel a prompt: if a test removes the authenticator or switches WebAuthn off, the prompt stays open.
"""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.device import Device

from .fake_api import Answer, FakeApi, challenge
from .test_passkeys import bodies, open_form, use
from .views import PASSKEY, open_passkeys, press

SHORTLY = {
    "challenge": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "timeout": 500,
}
#: The script stores the name of the browser's last error in `said`.
NOTING = """
for (const name of navigator.credentials ? ['get', 'create'] : []) {
  const real = navigator.credentials[name].bind(navigator.credentials);
  navigator.credentials[name] = (options) => real(options).catch((error) => {
    window.said = error.name;
    throw error;
  });
}
"""


@pytest.fixture
def device(context: BrowserContext, page: Page, api: FakeApi) -> Device:
    """Yield an authenticator that waits for a touch, in a separate profile with the page open."""
    api.offer_passkeys()
    page.add_init_script(NOTING)
    return Device(page, automaticPresenceSimulation=False)


def test_a_sign_in_without_an_answer_leaves_the_other_ways(
    page: Page, api: FakeApi, device: Device
) -> None:
    """The page sends no request, and the person can still try the passkey and the password."""
    asked: dict[str, Any] = {**SHORTLY, "rpId": "localhost", "userVerification": "required"}
    api.answers["POST /auth/direct/passkey"] = challenge("WEB_AUTHN", options=asked)
    open_form(page, api)
    use(page)
    expect(page.get_by_text("No passkey was used.")).to_be_visible()
    assert page.evaluate("said") == "NotAllowedError"
    assert bodies(api, "direct/challenge") == []
    expect(page.get_by_role("button", name="Use a passkey")).to_be_enabled()
    expect(page.get_by_label("Password", exact=True)).to_be_editable()
    expect(page.get_by_role("link", name="Forgot your password?")).to_be_visible()


def test_a_passkey_that_was_not_made_can_be_made_again(
    page: Page, api: FakeApi, device: Device
) -> None:
    """At the second attempt, the touch comes soon enough."""
    options = {
        **SHORTLY,
        "rp": {"id": "localhost", "name": "localhost"},
        "user": {"id": "Ym8", "name": "bo@example.com", "displayName": "Bo"},
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
    }
    api.answers["POST /auth/passkeys/setup"] = Answer(200, {"options": options})
    api.answers["POST /auth/passkeys/verify"] = Answer(200, {"passkeys": [PASSKEY]})
    open_passkeys(page, api)
    press(page, "Set up a passkey")
    expect(page.get_by_text("No passkey was set up.")).to_be_visible()
    assert page.evaluate("said") == "NotAllowedError"
    assert bodies(api, "passkeys/verify") == []
    device.send("setAutomaticPresenceSimulation", enabled=True)
    press(page, "Set up a passkey")
    expect(page.get_by_text("Your passkey is ready.")).to_be_visible()
    assert len(device.keys()) == 1
