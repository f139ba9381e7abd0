"""Tests of POST /auth/discover, which finds the identity provider for an email address by its domain."""

import pytest

from chalicelib.gatehouse.store.throttle import FREE_ATTEMPTS_SOURCE
from tests.component.world import THROTTLE_TABLE, World
from tests.doubles.aws_errors import connect_timeout
from tests.doubles.browser import Answer, Browser


@pytest.fixture
def tenants(world: World) -> World:
    """Register two providers with domains, and Okta without domains."""
    for name in ("Contoso", "Fabrikam"):
        world.dynamodb.put(
            world.settings.providers_table,
            {
                "name": {"S": name},
                "label": {"S": f"{name} Inc."},
                "domains": {"L": [{"S": f"{name.lower()}.example"}]},
            },
        )
    world.restart(throttle_table=THROTTLE_TABLE)
    return world


def ask(browser: Browser, email: str) -> Answer:
    return browser.post("/auth/discover", {"email": email})


@pytest.mark.parametrize(
    "email",
    [
        "bo@contoso.example",
        " Bo@CONTOSO.example ",
        "bo@contoso\u3002example",
        "x@\uff43ontoso.example",
    ],
)
def test_the_domain_picks_the_tenant(tenants: World, browser: Browser, email: str) -> None:
    assert ask(browser, email).json() == {
        "provider": {"name": "Contoso", "label": "Contoso Inc."},
        "direct": False,
    }


@pytest.mark.parametrize(
    ("mode", "direct"), [("managed", True), ("embedded", True), ("off", False)]
)
def test_a_provider_may_leave_its_people_the_choice(
    tenants: World, browser: Browser, mode: str, direct: bool
) -> None:
    """People of a provider can use a password only if the provider's row allows it and the stage allows it. The same
    rule applies at sign-up."""
    tenants.dynamodb.put(
        tenants.settings.providers_table,
        {
            "name": {"S": "Contoso"},
            "domains": {"L": [{"S": "contoso.example"}]},
            "native_sign_up": {"BOOL": True},
        },
    )
    tenants.restart(direct_sign_in=mode)
    assert ask(browser, "bo@contoso.example").json() == {
        "provider": {"name": "Contoso", "label": "Contoso"},
        "direct": direct,
    }


@pytest.mark.parametrize(
    "email", ["bo@elsewhere.example", "bo@sub.contoso.example", "bo@contoso.example.evil"]
)
@pytest.mark.parametrize(("mode", "direct"), [("managed", True), ("off", False)])
def test_other_domains_have_no_provider(
    tenants: World, browser: Browser, email: str, mode: str, direct: bool
) -> None:
    """If the domain has no provider, the page shows the password field, or names a contact. Okta has a button but no
    domain, so the response never names Okta."""
    tenants.restart(direct_sign_in=mode)
    assert ask(browser, email).json() == {"provider": None, "direct": direct}


@pytest.mark.security("S-40")
def test_no_account_is_looked_at(tenants: World, browser: Browser) -> None:
    """People with and without an account receive the same response. The route does not call Cognito."""
    tenants.sign_in(browser)
    calls = len(tenants.cognito.requests)
    known, unknown = ask(browser, "ada@example.org"), ask(browser, "nobody@example.org")
    assert (known.status, known.body) == (unknown.status, unknown.body)
    assert len(tenants.cognito.requests) == calls
    assert tenants.pool.calls == []


@pytest.mark.security("S-41")
def test_the_customer_list_cannot_be_read_off_by_trying(tenants: World, browser: Browser) -> None:
    """After fifty wrong guesses, requests from this source address must wait, even if they name a customer's domain.
    Other sources are not affected."""
    for n in range(FREE_ATTEMPTS_SOURCE):
        assert ask(browser, f"a@guess{n}.example").status == 200
    for email in ("a@guess.example", "bo@contoso.example"):
        refused = ask(browser, email)
        assert (refused.status, refused.json()["error"]) == (429, "too_many_attempts")
        assert int(refused.headers["retry-after"]) > 0
    other = tenants.browser()
    other.source_ip = "198.51.100.9"
    assert ask(other, "bo@contoso.example").status == 200


def test_people_of_one_office_do_not_bar_each_other(tenants: World, browser: Browser) -> None:
    """A request for a provider's domain does not count as a guess."""
    for n in range(FREE_ATTEMPTS_SOURCE + 10):
        assert ask(browser, f"person{n}@contoso.example").json()["provider"]["name"] == "Contoso"


@pytest.mark.security("S-28")
def test_only_our_own_page_may_ask(tenants: World, browser: Browser) -> None:
    """Without the check, any site could let its visitors try domains."""
    body = {"email": "bo@contoso.example"}
    for drop in (["X-Gatehouse"], ["Origin", "Sec-Fetch-Site"]):
        answer = browser.post("/auth/discover", body, drop=drop)
        assert (answer.status, answer.json()["error"]) == (403, "csrf")


@pytest.mark.parametrize("email", [None, "", "no-address", "a@b@c", "a b@c.example", 7])
def test_what_is_no_address_is_400(tenants: World, browser: Browser, email: object) -> None:
    """A malformed request is refused, but does not count as a wrong guess."""
    answer = browser.post("/auth/discover", {"email": email})
    assert (answer.status, answer.json()["error"]) == (400, "invalid_request")
    assert tenants.dynamodb.items(THROTTLE_TABLE) == {}


def test_a_table_that_is_down_is_503(tenants: World, browser: Browser) -> None:
    """If the counter cannot be read, the route refuses every guess."""
    tenants.dynamodb.fault = connect_timeout()
    assert ask(browser, "bo@contoso.example").status == 503


@pytest.mark.security("S-63")
def test_a_stage_without_a_throttle_table_answers_nobody(world: World, browser: Browser) -> None:
    """The route always checks the counter, so the missing table is an error. The log names the setting that is
    missing."""
    answer = ask(browser, "bo@contoso.example")
    assert (answer.status, answer.json()["error"]) == (500, "misconfigured")
    assert "THROTTLE" not in answer.body


@pytest.mark.security("S-41")
@pytest.mark.parametrize("query", ["email=a@guess{}.example", "provider=Guess{}"])
def test_nor_by_starting_sign_ins(tenants: World, browser: Browser, query: str) -> None:
    """The redirect at the start of a sign-in reveals whether a provider exists. For this reason, wrong guesses count
    there as well. People can still start a sign-in through a public provider."""
    for n in range(FREE_ATTEMPTS_SOURCE):
        browser.get(f"/auth/login?{query.format(n)}")
    for good in ("email=bo@contoso.example", "provider=Contoso", "email=a@x.example"):
        refused = browser.get(f"/auth/login?{good}")
        assert (refused.status, refused.json()["error"]) == (429, "too_many_attempts")
        assert int(refused.headers["retry-after"]) > 0
    for public in ("", "provider=Okta", "provider=COGNITO"):
        assert browser.get(f"/auth/login?{public}").status == 302
    assert ask(browser, "bo@contoso.example").status == 200
    other = tenants.browser()
    other.source_ip = "198.51.100.9"
    assert other.get("/auth/login?provider=Contoso").status == 302


def test_people_of_one_office_start_sign_ins_without_barring_each_other(
    tenants: World, browser: Browser
) -> None:
    """A request for a provider's domain does not count as a guess."""
    for query in ("email=bo@contoso.example", "provider=Contoso"):
        for _ in range(FREE_ATTEMPTS_SOURCE + 5):
            assert browser.get(f"/auth/login?{query}").status == 302


@pytest.mark.security("S-28")
@pytest.mark.parametrize(
    ("mode", "dest"), [("no-cors", "image"), ("cors", "empty"), ("navigate", "iframe")]
)
def test_other_sites_cannot_use_up_an_offices_attempts(
    tenants: World, browser: Browser, mode: str, dest: str
) -> None:
    """Another site shows an image or a frame with this route's address. The route refuses such a request and does not
    count it."""
    headers = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", mode), ("Sec-Fetch-Dest", dest)]
    answer = browser.send("GET", "/auth/login?email=a@guess.example", headers)
    assert (answer.status, answer.json()["error"]) == (400, "invalid_request")
    assert tenants.dynamodb.items(THROTTLE_TABLE) == {}
