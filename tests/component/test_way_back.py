"""Tests of the target after a sign-in. The target survives a failure, and the redirect never leads to a foreign
address."""

from urllib.parse import quote

import pytest

from tests.component.direct import Direct
from tests.component.test_callback_state import begin, come_back
from tests.component.test_used_callbacks import told
from tests.component.world import World
from tests.doubles.browser import Browser
from tests.doubles.cognito import answers, times_out

OTHER = "https://notes.example.com"


@pytest.mark.parametrize(
    "fault", [times_out, answers(500), answers(400, {"error": "invalid_grant"})]
)
def test_where_the_person_wanted_to_go_outlives_a_failure(
    world: World, browser: Browser, fault: object
) -> None:
    """If a sign-in with a valid transaction fails, the page receives the target. The next attempt has the same
    target."""
    target = "/api/reports?filter={a|b}^`#x"
    encoded = "/api/reports?filter=%7Ba%7Cb%7D%5E%60#x"
    query = begin(world, browser, f"provider=Okta&return_to={quote(target)}")
    world.cognito.fail("token", fault)  # type: ignore[arg-type]  # scripted faults
    failed = told(come_back(browser, query))
    assert failed["return_to"] == [encoded]
    refused = begin(world, browser, f"provider=Okta&return_to={quote(failed['return_to'][0])}")
    denied = told(come_back(browser, {"state": refused["state"], "error": "access_denied"}))
    assert denied == {"error": ["access_denied"], "return_to": [encoded]}
    again = begin(world, browser, f"provider=Okta&return_to={quote(denied['return_to'][0])}")
    assert come_back(browser, again).location == encoded


def test_a_long_way_back_survives(world: World, browser: Browser) -> None:
    """Browsers keep the cookie even if the target has 2,048 characters."""
    target = "/api/search?q=" + "x" * 2034
    answer = world.sign_in(browser, query=f"provider=Okta&return_to={quote(target)}")
    assert answer.location == target
    assert browser.rejected == []


@pytest.mark.security("S-07")
def test_the_page_gets_no_foreign_address_from_a_failure(world: World, browser: Browser) -> None:
    """An older release or a bug has sealed a foreign address in the transaction."""
    from app import gate

    transactions = gate.services.transactions
    made = transactions.begin(return_to="https://evil.example/", provider=None, remember=False)
    browser.keep(f"{made.cookie_name}={transactions.seal(made)}; Path=/; Secure; SameSite=Lax")
    answer = come_back(browser, {"state": made.state, "error": "access_denied"})
    assert told(answer) == {"error": ["access_denied"]}


@pytest.mark.security("S-07")
@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (None, None),
        ("/api/", None),
        ("/api/?x=1", None),
        ("/api/reports", "/api/reports"),
        (f"{OTHER}/a|b", f"{OTHER}/a%7Cb"),
        ("https://evil.example/", None),
        ("//evil.example", None),
        ("/api/../x", None),
    ],
)
def test_the_configuration_says_where_a_sign_in_on_the_page_leads(
    world: World, browser: Browser, wish: str | None, expected: str | None
) -> None:
    """The page takes the target only from the configuration, because anybody can write a link to the page with another
    target."""
    world.restart(allowed_origins=frozenset({OTHER}))
    query = "" if wish is None else f"?return_to={quote(wish, safe='')}"
    assert browser.get(f"/auth/config{query}").json()["return_to"] == expected


def test_a_stage_says_where_people_go_who_named_no_place(world: World, browser: Browser) -> None:
    """`AFTER_SIGN_IN` applies to the page and to the hosted sign-in. An explicit target has priority."""
    world.restart(allowed_origins=frozenset({OTHER}), after_sign_in=f"{OTHER}/home")
    assert browser.get("/auth/config").json()["return_to"] == f"{OTHER}/home"
    assert world.sign_in(browser).location == f"{OTHER}/home"
    assert (
        world.sign_in(browser, query="provider=Okta&return_to=//evil").location == f"{OTHER}/home"
    )
    named = world.sign_in(browser, query="provider=Okta&return_to=/api/reports")
    assert named.location == "/api/reports"
    world.restart(allowed_origins=frozenset())
    assert world.sign_in(browser).location == "/api/", "an origin that left the list"


def test_where_the_form_is_ours_a_sign_in_begins_at_it(direct: Direct) -> None:
    """The form offers every sign-in method, and keeps the target and "remember me". A request can still ask for managed
    login."""
    browser = direct.browser
    query = told(browser.get("/auth/login?return_to=/api/reports&remember=1"))
    assert query == {"return_to": ["/api/reports"], "remember": ["1"]}
    assert browser.get("/auth/login?return_to=//evil.example").location == "/api/"
    assert browser.cookies == {}
    for named in ("provider=COGNITO", "email=bo@elsewhere.example", "managed=1"):
        assert browser.get(f"/auth/login?{named}").status == 302
