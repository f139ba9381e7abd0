"""Tests of passkeys in the page: the button, autofill, the offer, the list. tests/e2e/test_passkeys.py uses a real
authenticator."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from .fake_api import Answer, FakeApi, Request, challenge, error, throttled
from .test_keyboard import tab_to
from .views import (
    EMAIL,
    PASSKEY,
    PASSWORD,
    confirm_by_passkey,
    fill,
    heading,
    open_passkeys,
    press,
)

OPTIONS = {
    "challenge": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "rpId": "localhost",
    "timeout": 60000,
    "userVerification": "required",
    "allowCredentials": [],
}
#: A fake authenticator that answers or refuses at once. `window.asked` lists the requests to the authenticator.
AUTHENTICATOR = """
window.asked = [];
const answer = (kind) => async (options) => {
  window.asked.push({ kind, mediation: options.mediation ?? null, challenge: options.publicKey.challenge.byteLength });
  if (window.refuses) throw new DOMException('', window.refuses);
  return { toJSON: () => ({ id: 'made' }) };
};
if (navigator.credentials) {
  navigator.credentials.get = answer('get');
  navigator.credentials.create = answer('create');
}
if (globalThis.PublicKeyCredential) PublicKeyCredential.isConditionalMediationAvailable = async () => window.fills === true;
if (globalThis.PublicKeyCredential) PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable = async () => true;
"""


#: Counts how often an element is added above or between the buttons of a profile that is already shown.
WATCH_PROFILE = """() => {
  window.grown = 0;
  new MutationObserver((changes) => {
    if (document.body?.dataset.view !== 'profile') return;
    for (const { target, addedNodes } of changes)
      if (document.getElementById('view').contains(target) && target.id !== 'view' && addedNodes.length)
        window.grown += [...addedNodes].filter((node) => node.nodeType === 1).length;
  }).observe(document, { subtree: true, childList: true });
}"""


@pytest.fixture(autouse=True)
def _passkeys(api: FakeApi, context: BrowserContext, page: Page) -> None:
    """Open the page in a separate browser profile, because the page gets a fake authenticator."""
    api.offer_passkeys()
    page.add_init_script(AUTHENTICATOR)


def bodies(api: FakeApi, path: str) -> list[Any]:
    return [dict(request.body) for request in api.sent(f"POST /auth/{path}")]


def answered(request: Request) -> Answer:
    """Return the response to a request for a challenge. A request without an address is for autofill."""
    if "email" in request.body:
        return challenge("WEB_AUTHN", options=OPTIONS)
    return Answer(200, {"challenge": None})


def use(page: Page) -> None:
    page.get_by_role("button", name="Use a passkey").click()


def open_form(page: Page, api: FakeApi) -> None:
    page.goto(f"{api.url}#email")
    fill(page, Email=EMAIL)


def test_a_passkey_signs_in(page: Page, api: FakeApi) -> None:
    """The page sends the address, "keep me signed in" and the authenticator's response. After this sign-in the page
    offers no passkey."""
    api.answers["POST /auth/direct/passkey"] = answered
    api.answers["POST /auth/direct/challenge"] = lambda _: api.native()
    open_form(page, api)
    page.get_by_label("Keep me signed in on this device").check()
    use(page)
    heading(page, "Hello, Bo")
    assert bodies(api, "direct/passkey") == [{"email": EMAIL, "remember": True}]
    assert bodies(api, "direct/challenge") == [{"name": "WEB_AUTHN", "credential": {"id": "made"}}]
    assert page.evaluate("asked") == [{"kind": "get", "mediation": None, "challenge": 32}]
    expect(page.get_by_text("Next time without a password?")).to_have_count(0)


def test_the_address_comes_first(page: Page, api: FakeApi) -> None:
    page.goto(f"{api.url}#email")
    use(page)
    expect(page.get_by_text("Enter your email address")).to_be_visible()
    expect(page.get_by_label("Email", exact=True)).to_be_focused()
    assert bodies(api, "direct/passkey") == []


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        ({"refuses": "NotAllowedError"}, "No passkey was used."),
        (
            {"answer": error(401, "invalid_credentials")},
            "This passkey was not accepted.",
        ),
        ({"answer": error(401, "challenge_expired")}, "That took too long."),
        ({"asked": Answer(200, {"challenge": None})}, "This account has no passkey yet."),
        ({"asked": throttled(15)}, "Too many attempts."),
        ({"asked": error(503, "temporarily_unavailable")}, "temporarily unavailable"),
    ],
    ids=["cancelled", "refused", "too late", "none", "paused", "outage"],
)
def test_what_did_not_work_is_said(
    page: Page, api: FakeApi, prepare: dict[str, Any], said: str
) -> None:
    """The person can still use the password."""
    api.answers["POST /auth/direct/passkey"] = prepare.get("asked", answered)
    api.answers["POST /auth/direct/challenge"] = prepare.get("answer", error(500, "internal_error"))
    open_form(page, api)
    page.evaluate("(refuses) => { window.refuses = refuses; }", prepare.get("refuses"))
    use(page)
    expect(page.get_by_text(said)).to_be_visible()
    expect(page.get_by_label("Password", exact=True)).to_be_editable()


def test_a_passkey_confirms_and_leads_on(page: Page, api: FakeApi) -> None:
    """The signed-in person confirms their identity with a passkey, by keyboard and without typing any text. Then the
    page repeats the call that needed the confirmation."""
    record = api.answers["GET /me"]
    insufficient = error(401, "insufficient_user_authentication")
    answers = [insufficient, record]
    api.embed()
    api.native()
    api.answers["GET /me"] = lambda _: answers.pop(0) if len(answers) > 1 else answers[0]
    api.offer_passkeys()
    api.answers["POST /auth/direct/passkey"] = answered
    page.goto(api.url)
    heading(page, "Confirm that it is you")
    button = page.get_by_role("button", name="Use a passkey")
    expect(button).to_be_visible()
    for _ in range(8):
        page.keyboard.press("Tab")
        if button.evaluate("(node) => node === document.activeElement"):
            break
    # The person cancels the browser's prompt. The form still has the password field, and the next attempt works.
    page.evaluate("window.refuses = 'NotAllowedError'")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No passkey was used.")).to_be_visible()
    expect(button).to_be_focused()
    assert bodies(api, "direct/challenge") == []
    page.evaluate("window.refuses = null")
    api.answers["POST /auth/direct/challenge"] = lambda _: api.native()
    page.keyboard.press("Enter")
    heading(page, "Hello, Bo")
    expect(page.get_by_text("bo@example.com")).to_be_visible()
    assert bodies(api, "direct/passkey") == [{"email": "bo@example.com", "remember": False}] * 2
    assert bodies(api, "direct/challenge") == [{"name": "WEB_AUTHN", "credential": {"id": "made"}}]


@pytest.mark.parametrize(
    ("asked", "answer", "said"),
    [
        (answered, error(401, "invalid_credentials"), "This passkey was not accepted."),
        (answered, error(401, "challenge_expired"), "That took too long."),
        (Answer(200, {"challenge": None}), None, "This account has no passkey yet."),
        (throttled(15), None, "Too many attempts."),
    ],
    ids=["refused", "too late", "none", "paused"],
)
def test_a_passkey_that_does_not_confirm_is_said(
    page: Page, api: FakeApi, asked: Any, answer: Any, said: str
) -> None:
    """The person stays signed in on the same view, which has the password field and the link back."""
    confirm_by_passkey(page, api)
    api.answers["POST /auth/direct/passkey"] = asked
    api.answers["POST /auth/direct/challenge"] = answer
    use(page)
    expect(page.get_by_text(said)).to_be_visible()
    expect(page.get_by_label("Password", exact=True)).to_be_editable()
    press(page, "Back")
    heading(page, "Hello, Bo")


def test_without_passkeys_the_password_confirms(page: Page, api: FakeApi) -> None:
    """The stage or the browser does not support passkeys, so the page asks for the password."""
    page.add_init_script("delete globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON")
    api.native()
    page.goto(f"{api.url}#confirm")
    expect(page.get_by_label("Password", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Use a passkey")).to_have_count(0)


def test_a_known_browser_fills_in_by_itself(page: Page, api: FakeApi) -> None:
    """The page sends no address, because the server recognises the person by the browser's cookie."""
    page.add_init_script("window.fills = true")
    api.answers["POST /auth/direct/passkey"] = challenge("WEB_AUTHN", options=OPTIONS)
    api.answers["POST /auth/direct/challenge"] = lambda _: api.native()
    page.goto(f"{api.url}#email")
    heading(page, "Hello, Bo")
    assert bodies(api, "direct/passkey") == [{"remember": False}]
    assert page.evaluate("asked[0].mediation") == "conditional"


def test_without_passkeys_nothing_of_them_is_loaded(page: Page, api: FakeApi) -> None:
    """The page loads the code for passkeys only if the stage and the browser support passkeys."""
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    page.add_init_script("delete globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON")
    page.goto(f"{api.url}#email")
    expect(page.get_by_label("Password", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Use a passkey")).to_have_count(0)
    del api.config["passkeys"]
    api.native()
    page.goto(f"{api.url}?again")
    heading(page, "Hello, Bo")
    expect(page.get_by_role("link", name="Passkeys")).to_have_count(0)
    assert [url for url in loaded if url.endswith(("/passkeys.js", "/passkey-list.js"))] == []


def sign_in(page: Page, api: FakeApi) -> None:
    api.accept_password()
    open_form(page, api)
    fill(page, Password=PASSWORD)
    page.locator("form button[type=submit]").click()
    heading(page, "Hello, Bo")


def test_it_is_offered_after_a_password(page: Page, api: FakeApi) -> None:
    """The offer leads to the list of passkeys. A reload shows no offer."""
    sign_in(page, api)
    expect(page.get_by_text("Next time without a password?")).to_be_visible()
    page.get_by_role("link", name="Set up a passkey").click()
    heading(page, "Passkeys")
    press(page, "Back")
    page.reload()
    heading(page, "Hello, Bo")
    expect(page.get_by_role("link", name="Passkeys")).to_be_visible()
    expect(page.get_by_text("Next time without a password?")).to_have_count(0)
    assert bodies(api, "passkeys/offer") == [{}]


def test_the_offer_moves_nothing(page: Page, api: FakeApi) -> None:
    """The page draws the profile once. If the server has answered in time, the profile has the offer; otherwise the
    profile stays without the offer. A late offer would move a button away from the person's finger."""
    held: list[Route] = []
    page.route("**/auth/passkeys/offer", lambda route: held.append(route))
    page.add_init_script(f"({WATCH_PROFILE})()")
    sign_in(page, api)
    with page.expect_response("**/auth/passkeys/offer"):
        held.pop().continue_()
    page.get_by_role("link", name="Passkeys").click()
    heading(page, "Passkeys")
    press(page, "Back")
    heading(page, "Hello, Bo")
    expect(page.get_by_text("Next time without a password?")).to_have_count(0)
    assert page.evaluate("window.grown") == 0


@pytest.mark.parametrize("remembered", [Answer(200, {"offer": False}), error(503, "x")], ids=str)
def test_not_now_takes_the_offer_away(page: Page, api: FakeApi, remembered: Answer) -> None:
    """The button works by keyboard, even if the server does not respond. The focus moves to the link to the list."""
    sign_in(page, api)
    expect(page.get_by_text("Next time without a password?")).to_be_visible()
    api.answers["POST /auth/passkeys/offer"] = remembered
    with page.expect_response("**/auth/passkeys/offer"):
        page.get_by_role("button", name="Not now").press("Enter")
    expect(page.get_by_text("Next time without a password?")).to_have_count(0)
    expect(page.get_by_role("link", name="Passkeys")).to_be_focused()
    assert bodies(api, "passkeys/offer") == [{}, {"not_now": True}]


@pytest.mark.parametrize("said", [Answer(200, {"offer": False}), error(503, "x")], ids=str)
def test_it_is_not_offered_again(page: Page, api: FakeApi, said: Answer) -> None:
    """The page offers a passkey only if the server's response allows the offer."""
    api.answers["POST /auth/passkeys/offer"] = said
    with page.expect_response("**/auth/passkeys/offer"):
        sign_in(page, api)
    expect(page.get_by_role("link", name="Passkeys")).to_be_visible()
    expect(page.get_by_text("Next time without a password?")).to_have_count(0)


def test_the_list_is_opened_by_the_password_and_a_code(page: Page, api: FakeApi) -> None:
    """If the person has an authenticator app, the page also asks for the app's code. The person can close the list
    again."""
    api.native()

    def opened(request: Request) -> Answer:
        if "code" not in request.body:
            return error(409, "code_required")
        return Answer(200, {"passkeys": [{**PASSKEY, "name": "My laptop"}]})

    api.answers["POST /auth/passkeys/open"] = opened
    page.goto(api.url)
    page.get_by_role("link", name="Passkeys").click()
    fill(page, Password=PASSWORD)
    press(page, "Continue")
    fill(page, Code="123456")
    press(page, "Continue")
    expect(page.get_by_text("My laptop")).to_be_visible()
    assert bodies(api, "passkeys/open")[-1] == {"password": PASSWORD, "code": "123456"}
    page.get_by_role("button", name="Back").click()
    heading(page, "Hello, Bo")
    assert len(bodies(api, "passkeys/close")) == 1


def test_the_list_says_what_a_new_password_has_ended(page: Page, api: FakeApi) -> None:
    """The page says why the earlier passkeys are removed, and that the person has no passkey now."""
    api.native()
    api.answers["POST /auth/passkeys/open"] = Answer(200, {"passkeys": [], "ended": 2})
    page.goto(f"{api.url}#passkeys")
    fill(page, Password=PASSWORD)
    press(page, "Continue")
    expect(page.get_by_text("your earlier passkeys are removed")).to_be_visible()
    expect(page.get_by_text("You have no passkey.")).to_be_visible()


def test_it_is_not_offered_where_the_device_can_keep_none(page: Page, api: FakeApi) -> None:
    """The page still shows the link to the list, because the person may have a security key."""
    page.add_init_script(
        "PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable = async () => false"
    )
    sign_in(page, api)
    expect(page.get_by_role("link", name="Passkeys")).to_be_visible()
    expect(page.get_by_text("Next time without a password?")).to_have_count(0)


def test_a_passkey_is_set_up_named_and_removed(page: Page, api: FakeApi) -> None:
    options = {
        "rp": {"id": "localhost", "name": "localhost"},
        "user": {"id": "Ym8", "name": EMAIL, "displayName": EMAIL},
        "challenge": OPTIONS["challenge"],
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
    }
    api.answers["POST /auth/passkeys/setup"] = Answer(200, {"options": options})
    api.answers["POST /auth/passkeys/verify"] = Answer(200, {"passkeys": [PASSKEY]})
    api.answers["POST /auth/passkeys/rename"] = Answer(
        200, {"passkeys": [{**PASSKEY, "name": "Mine"}]}
    )
    api.answers["POST /auth/passkeys/remove"] = Answer(200, {"passkeys": []})
    open_passkeys(page, api)
    press(page, "Set up a passkey")
    expect(page.get_by_text("Your passkey is ready.")).to_be_visible()
    assert bodies(api, "passkeys/verify") == [{"credential": {"id": "made"}}]
    press(page, "Rename")
    page.get_by_label("Name of the passkey").fill("Mine")
    press(page, "Save")
    expect(page.get_by_text("Mine", exact=True)).to_be_visible()
    press(page, "Remove")
    expect(page.get_by_text("You will no longer be able to sign in with “Mine”.")).to_be_visible()
    press(page, "Remove")
    expect(page.get_by_text("You have no passkey.")).to_be_visible()
    assert bodies(api, "passkeys/rename") == [{"id": PASSKEY["id"], "name": "Mine"}]
    assert bodies(api, "passkeys/remove") == [{"id": PASSKEY["id"]}]


def test_a_passkey_is_set_up_without_a_mouse(page: Page, api: FakeApi) -> None:
    """The person starts at the profile. In each view, also on the way back, the focus is on the next control."""
    options = {
        "rp": {"id": "localhost", "name": "localhost"},
        "user": {"id": "Ym8", "name": EMAIL, "displayName": EMAIL},
        "challenge": OPTIONS["challenge"],
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
    }
    api.native()
    api.answers["POST /auth/passkeys/open"] = Answer(200, {"passkeys": []})
    api.answers["POST /auth/passkeys/setup"] = Answer(200, {"options": options})
    api.answers["POST /auth/passkeys/verify"] = Answer(200, {"passkeys": [PASSKEY]})
    page.goto(api.url)
    heading(page, "Hello, Bo")
    tab_to(page, "Passkeys")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    page.keyboard.insert_text(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_text("You have no passkey.")).to_be_visible()
    tab_to(page, "Set up a passkey")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your passkey is ready.")).to_be_visible()
    tab_to(page, "Back")
    page.keyboard.press("Enter")
    heading(page, "Hello, Bo")


@pytest.mark.parametrize(
    ("refuses", "said"),
    [
        ("NotAllowedError", "No passkey was set up."),
        ("InvalidStateError", "This device already has a passkey for your account."),
    ],
)
def test_a_passkey_that_was_not_made_is_said(
    page: Page, api: FakeApi, refuses: str, said: str
) -> None:
    api.answers["POST /auth/passkeys/setup"] = Answer(
        200,
        {
            "options": {
                "rp": {"id": "localhost", "name": "x"},
                "user": {"id": "Ym8", "name": "x", "displayName": "x"},
                "challenge": OPTIONS["challenge"],
                "pubKeyCredParams": [],
            }
        },
    )
    open_passkeys(page, api)
    page.evaluate("(refuses) => { window.refuses = refuses; }", refuses)
    press(page, "Set up a passkey")
    expect(page.get_by_text(said)).to_be_visible()
    assert bodies(api, "passkeys/verify") == []


def test_a_list_that_was_open_too_long_asks_for_the_password(page: Page, api: FakeApi) -> None:
    api.answers["POST /auth/passkeys/remove"] = error(401, "challenge_expired")
    open_passkeys(page, api)
    press(page, "Remove")
    press(page, "Remove")
    expect(page.get_by_text("That took too long.")).to_be_visible()
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
