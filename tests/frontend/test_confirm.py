"""Tests of the view in which people confirm their identity again, and of the calls that open this view (step-up.js)."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from .fake_api import Answer, FakeApi, Request, challenge, error
from .views import PASSWORD, fill, heading, press

TITLE = "Confirm that it is you"
INSUFFICIENT = Answer(
    401, {"error": "insufficient_user_authentication", "message": "A sentence.", "max_age": 300}
)
#: The script of a front end whose page has the same origin. When a route requires a confirmation of identity, `confirm`
#: says whether the person confirms it.
FRONT_END = """async ({ url, confirm }) => {
  const { createSession } = await import(`${url}assets/%s/session.js`);
  const { confirmUrl, withConfirmation } = await import(`${url}assets/%s/step-up.js`);
  const session = createSession({ baseUrl: url });
  await session.refresh();
  let asked = 0;
  const call = withConfirmation(session, async () => { asked += 1; return confirm; });
  const { status } = await call('refunds', { method: 'POST', body: '{}' });
  session.close();
  return [status, asked, confirmUrl(session, '/api/orders')];
}"""


def call(page: Page, api: FakeApi, confirm: bool) -> Any:
    script = FRONT_END % (api.files.version, api.files.version)
    return page.evaluate(script, {"url": api.url, "confirm": confirm})


def test_a_call_is_repeated_once_after_the_person_has_confirmed(page: Page, api: FakeApi) -> None:
    """The front end gets the second response, even if the server refuses the repeated call. If the person does not
    confirm their identity, the front end gets the first response. If the server refuses the call for another reason,
    the front end does not ask for a confirmation."""
    api.sign_in()
    page.goto(api.url)
    answers = [INSUFFICIENT, Answer(200)]
    api.answers["POST /refunds"] = lambda _: answers.pop(0)
    status, asked, url = call(page, api, True)
    assert (status, asked) == (200, 1)
    assert urlsplit(url).path == "/api/auth/login"
    assert parse_qs(urlsplit(url).query) == {"return_to": ["/api/orders"], "prompt": ["login"]}
    for first, confirm, expected in (
        (INSUFFICIENT, True, (401, 1)),
        (INSUFFICIENT, False, (401, 1)),
        (error(401, "unauthorized"), True, (401, 0)),
        (Answer(401, "<p>no JSON</p>"), True, (401, 0)),
        (error(403, "forbidden"), True, (403, 0)),
    ):
        api.answers["POST /refunds"] = first
        assert tuple(call(page, api, confirm)[:2]) == expected


def test_the_password_confirms_and_leads_on(page: Page, api: FakeApi) -> None:
    """The page sends the signed-in person's own address with the password. A wrong password shows an error at the
    field."""
    api.embed()
    api.native()
    page.goto(f"{api.url}?return_to=/api/orders#confirm")
    heading(page, TITLE)
    fill(page, Password="wrong")
    press(page, "Continue")
    expect(page.get_by_text("This is not your password.")).to_be_visible()
    api.accept_password()
    api.answers["GET /orders"] = Answer(200, "orders", {"Content-Type": "text/plain"})
    fill(page, Password=PASSWORD)
    press(page, "Continue")
    page.wait_for_url(f"{api.origin}/api/orders")
    sent = api.sent("POST /auth/direct/sign-in")[-1].body
    assert sent == {"email": "bo@example.com", "password": PASSWORD, "remember": False}


def test_a_call_of_the_page_itself_waits_for_it(page: Page, api: FakeApi) -> None:
    """The page asks for the confirmation of identity in the same view, and then repeats the call. The code that made
    the call gets the second response."""
    api.embed()
    api.native()
    record = api.answers["GET /me"]
    answers = [INSUFFICIENT, record]
    api.answers["GET /me"] = lambda _: answers.pop(0) if len(answers) > 1 else answers[0]
    page.goto(api.url)
    heading(page, TITLE)
    api.answers["POST /auth/direct/sign-in"] = api.answers["POST /auth/refresh"]
    fill(page, Password=PASSWORD)
    press(page, "Continue")
    heading(page, "Hello, Bo")
    expect(page.get_by_text("bo@example.com")).to_be_visible()


def test_a_second_factor_is_asked_as_ever(page: Page, api: FakeApi) -> None:
    """After the second factor the page shows the profile, unless a front end waits for the response."""
    api.embed()
    api.native()
    api.answers["POST /auth/direct/sign-in"] = challenge("SOFTWARE_TOKEN_MFA")
    page.goto(f"{api.url}#confirm")
    fill(page, Password=PASSWORD)
    press(page, "Continue")
    fill(page, Code="123456")
    api.answers["POST /auth/direct/challenge"] = lambda _: api.native()
    press(page, "Continue")
    heading(page, "Hello, Bo")
    assert urlsplit(page.url).fragment == ""


def test_a_providers_person_goes_there(page: Page, api: FakeApi) -> None:
    """The person signs in again at the provider, and then returns to the page that made the call. The person can also
    return without this sign-in."""
    api.sign_in()
    api.answers["GET /orders"] = Answer(200, "orders", {"Content-Type": "text/plain"})
    asked: list[Request] = []
    api.answers["GET /auth/login"] = lambda request: asked.append(request) or Answer(200)
    page.goto(f"{api.url}?return_to=/api/orders#confirm")
    heading(page, TITLE)
    page.get_by_role("link", name="Continue with Okta").click()
    page.wait_for_url("**/auth/login?*")
    query = parse_qs(urlsplit(asked[0].path).query)
    assert query == {"provider": ["Okta"], "return_to": ["/api/orders"], "prompt": ["login"]}
    page.goto(f"{api.url}?return_to=/api/orders#confirm")
    press(page, "Back")
    page.wait_for_url(f"{api.origin}/api/orders")


def test_who_is_signed_out_signs_in(page: Page, api: FakeApi) -> None:
    """A new sign-in also counts as a recent confirmation of identity."""
    page.goto(f"{api.url}?return_to=/api/orders#confirm")
    expect(page.get_by_role("link", name="Continue with Okta")).to_be_visible()
