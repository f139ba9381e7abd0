"""Tests of the first view, which the HTML already contains. The view in the HTML equals the view that the script would
draw. The script keeps the input that the person has made before."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from chalicelib.gatehouse.brand import Brand
from chalicelib.gatehouse.page.static_files import StaticFiles

from .fake_api import FakeApi, error

TITLED = "Sign in · Acme Reports"
#: The view as data: names, texts and attributes. The script normalizes addresses and lists of classes.
VIEW = """() => {
  const place = ({ pathname, searchParams, hash }) => [pathname, [...searchParams], hash].join();
  const tell = (node) => node.nodeType === Node.TEXT_NODE ? node.data : [
    node.localName,
    Object.fromEntries([...node.attributes].map(({ name, value }) => [name,
      name === 'class' ? [...node.classList].join(' ')
        : name === 'href' ? place(new URL(value, location.href))
        : value])),
    [...node.childNodes].map(tell),
  ];
  const shown = [...document.getElementById('view').children].filter((node) => !node.matches('noscript, .late'));
  return [document.body.dataset.view, shown.map(tell)];
}"""
OTHERS = [{"name": "Okta", "label": "Acme <b>Okta</b> & \"Co\""}, {"name": "a+b ~*", "label": "{label} {{x}}"}]  # fmt: skip


@pytest.fixture
def script(page: Page) -> list[Route]:
    """Hold back the page's script until the test calls `arrive`. Return the requests that wait."""
    held: list[Route] = []
    page.route("**/app.js", lambda route: held.append(route))
    return held


def arrive(page: Page, script: list[Route]) -> None:
    script.pop().continue_()
    expect(page).to_have_title(TITLED)


def changed(**config: Any) -> Callable[[FakeApi], object]:
    return lambda api: api.config.update(config)


@pytest.mark.security("S-54")
@pytest.mark.parametrize(
    "settings",
    [
        changed(),
        changed(direct_sign_in="off"),
        changed(direct_sign_in="embedded"),
        changed(providers=[]),
        changed(providers=OTHERS),
        changed(providers=OTHERS, discover=True),
        changed(direct_sign_in="off", discover=True),
    ],
)
@pytest.mark.parametrize("query", ["", "?return_to=%2Fapi%2Fa%2520b%3Fx%3D%257E%26y%3D1"])
def test_it_is_what_the_script_draws(
    page: Page, api: FakeApi, settings: Callable[[FakeApi], object], query: str
) -> None:
    """The test compares the views of every kind of stage, with texts that contain markup."""
    settings(api)
    api.ask_for_config()
    page.goto(api.url + query)
    expect(page).to_have_title(TITLED)
    drawn = page.evaluate(VIEW)
    api.answers["GET /auth/config"] = api.configured
    page.route("**/app.js", lambda route: route.abort())
    page.goto(api.url + query)
    assert page.evaluate(VIEW) == drawn
    assert drawn[0] == "choose"


@pytest.mark.parametrize(
    ("settings", "query"),
    [
        (changed(auto_sign_in="Okta"), ""),
        (changed(direct_sign_in="embedded", providers=[]), ""),
        (changed(direct_sign_in="off", providers=[]), ""),
        (changed(), "?error=access_denied"),
        (changed(), "?signed_out=1"),
        (changed(), "?remember=1"),
        (lambda api: api.sign_in(), ""),
        (lambda api: api.answers.update({"GET /auth/config": error(503, "temporarily_unavailable")}), ""),
    ],
)  # fmt: skip
def test_a_view_that_is_not_certain_waits_for_the_script(
    page: Page, api: FakeApi, settings: Callable[[FakeApi], object], query: str
) -> None:
    settings(api)
    page.route("**/app.js", lambda route: route.abort())
    page.goto(api.url + query)
    assert page.evaluate("document.body.dataset.view") == "loading"
    expect(page.get_by_role("heading")).to_have_count(0)


def test_what_the_person_did_before_the_script_came_stays(
    page: Page, api: FakeApi, script: list[Route]
) -> None:
    """When the script starts, the page keeps its elements, the ticked checkbox and the focus. No element moves."""
    api.embed()
    page.goto(api.url, wait_until="commit")
    box = page.get_by_label("Keep me signed in on this device")
    box.check()
    link = page.get_by_role("link", name="Continue with Okta")
    assert "remember" not in (link.get_attribute("href") or "")
    link.focus()
    link.evaluate("(node) => { node.mine = 1; }")
    before = [link.bounding_box(), box.bounding_box(), page.locator("footer").bounding_box()]
    arrive(page, script)
    assert "remember=1" in (link.get_attribute("href") or "")
    assert link.evaluate("(node) => [node.mine, document.activeElement === node]") == [1, True]
    assert [link.bounding_box(), box.bounding_box(), page.locator("footer").bounding_box()] == before  # fmt: skip
    box.uncheck()
    assert "remember" not in (link.get_attribute("href") or "")
    page.get_by_role("link", name="Continue with email").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in with email")


def test_a_tick_before_the_script_came_reaches_another_first_view(
    page: Page, api: FakeApi, script: list[Route]
) -> None:
    """The server does not see the part of the URL after #. The HTML therefore shows the choice of sign-in methods,
    until the script draws the form."""
    api.embed()
    page.goto(f"{api.url}#email", wait_until="commit")
    page.get_by_label("Keep me signed in on this device").check()
    script.pop().continue_()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in with email")
    expect(page.get_by_label("Keep me signed in on this device")).to_be_checked()


def test_a_click_on_email_waits_for_the_script(
    page: Page, api: FakeApi, script: list[Route]
) -> None:
    """The form needs the script. Until the script has loaded, the address bar keeps the person's choice."""
    api.embed()
    page.goto(api.url, wait_until="commit")
    page.get_by_role("link", name="Continue with email").click()
    expect(page.get_by_role("link", name="Sign in without this page")).to_be_hidden()
    script.pop().continue_()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in with email")


def test_a_provider_needs_no_script(page: Page, api: FakeApi, script: list[Route]) -> None:
    page.goto(f"{api.url}?return_to=/api/reports", wait_until="commit")
    page.get_by_role("link", name="Continue with Okta").click()
    page.wait_for_url("**/auth/login?provider=Okta&return_to=%2Fapi%2Freports")
    assert len(script) == 1


def test_a_notice_replaces_it(context: BrowserContext, page: Page, api: FakeApi) -> None:
    """Only the script can detect that the browser blocks cookies."""
    page.add_init_script(
        "Object.defineProperty(Document.prototype, 'cookie', {get: () => '', set: () => {}})"
    )
    page.goto(api.url)
    expect(page.get_by_text("This browser blocks cookies for this site")).to_be_visible()


@pytest.mark.security("S-109")
def test_an_old_copy_of_the_page_decides_nothing(page: Page, api: FakeApi) -> None:
    """With the Back button, browsers show a stored page without a request. The person may have signed in after the
    browser stored the page."""
    page.goto(api.url)
    expect(page).to_have_title(TITLED)
    page.get_by_role("link", name="Continue with Okta").click()
    page.wait_for_url("**/auth/login?provider=Okta")
    api.sign_in()
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Ada")
    assert len(api.sent("GET /")) == 1


@pytest.mark.security("S-109")
def test_a_session_whose_cookie_the_browser_withheld_is_found(page: Page, api: FakeApi) -> None:
    """Browser engines differ in when they send the cookie. If the request for the page has no cookie, the HTML shows
    the sign-in methods, and the script finds the session."""
    api.sign_in()
    api.withholds = True
    page.route("**/app.js", lambda route: route.abort())
    page.goto(api.url)
    assert page.evaluate("document.body.dataset.view") == "choose"
    page.unroute_all()
    page.goto(api.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Ada")


def test_a_view_that_is_out_of_date_is_drawn_again(page: Page, api: FakeApi) -> None:
    """A stored copy may offer sign-in methods that no longer exist."""
    api.answers["GET /auth/config"] = api.configured
    page.goto(api.url, wait_until="commit")
    expect(page).to_have_title(TITLED)
    page.get_by_role("link", name="Continue with Okta").click()
    page.wait_for_url("**/auth/login?provider=Okta")
    api.config["providers"] = [{"name": "Other", "label": "Other"}]
    page.go_back()
    expect(page.get_by_role("link", name="Continue with Other")).to_be_visible()
    expect(page.get_by_role("link", name="Continue with Okta")).to_be_hidden()


def test_after_a_sign_in_the_page_asks_for_the_session_at_once(page: Page, api: FakeApi) -> None:
    """After a redirect from another site, the browser sends no Strict cookie. The HTML therefore does not say who is
    signed in."""
    api.sign_in()
    api.is_return = True
    page.goto(api.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Ada")
    assert (len(api.sent("GET /auth/config")), len(api.sent("POST /auth/refresh"))) == (0, 1)


def test_it_speaks_the_persons_language(page: Page, api: FakeApi) -> None:
    """The browser of these tests prefers British English."""
    api.files = StaticFiles(brand=Brand(languages=("de",)))
    page.route("**/app.js", lambda route: route.abort())
    page.goto(api.url)
    expect(page.get_by_role("link", name="Weiter mit Okta")).to_be_visible()
    expect(page.get_by_label("Auf diesem Gerät angemeldet bleiben")).to_be_visible()
