"""Tests of links that start a sign-in: app tiles by GET or form, an address as a hint, a removed provider."""

from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from tests.component.direct import Direct
from tests.component.test_callback_state import come_back
from tests.component.test_used_callbacks import told
from tests.component.world import World
from tests.doubles.browser import Answer, Browser

HTML = ("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
ISSUER = "https://acme.okta.com"


@pytest.mark.security("S-06")
@pytest.mark.parametrize("provider", ["provider=COGNITO&", "provider=Okta&", ""])
def test_an_address_is_handed_on_as_the_hint(world: World, browser: Browser, provider: str) -> None:
    """The person types the address only once. If the hint is not an address, the server does not pass the hint on."""
    for name in ("email", "login_hint"):
        start = browser.get(f"/auth/login?{provider}{name}=ada%2Bx@example.org")
        assert world.cognito.read_authorize_url(start.location)["login_hint"] == "ada+x@example.org"
        for odd in ("a%0d%0ab@x.example", "a b@x.example", "x" * 300 + "@x.example", "@", "ada"):
            start = browser.get(f"/auth/login?provider=Okta&{name}={odd}")
            assert "login_hint" not in world.cognito.read_authorize_url(start.location)


def put_tenant(world: World, name: str, issuer: str, *domains: str) -> None:
    world.dynamodb.put(
        world.settings.providers_table,
        {
            "name": {"S": name},
            "issuer": {"S": issuer},
            "domains": {"L": [{"S": domain} for domain in domains]},
        },
    )
    world.cognito.providers |= {name}


@pytest.mark.parametrize("issuer", [ISSUER, ISSUER + "/"])
def test_a_tile_leads_to_its_own_tenant(world: World, browser: Browser, issuer: str) -> None:
    """Okta opens the tile by GET, or by a form POST from another site. `iss` names the provider. The server passes the
    hint on to the provider, and uses the tile's target."""
    put_tenant(world, "Acme", ISSUER, "acme.example")
    put_tenant(world, "Beta", "https://beta.okta.com", "beta.example")
    given = {
        "iss": issuer,
        "login_hint": "ada@acme.example",
        "target_link_uri": f"{browser.root}reports",
    }
    by_form = browser.send(
        "POST",
        "/auth/login",
        [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Origin", ISSUER),
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Mode", "navigate"),
        ],
        body=urlencode(given),
        site="cross-site",
    )
    assert (by_form.status, by_form.set_cookies) == (303, [])
    assert by_form.location.startswith("/api/auth/login?")
    for target in (f"/auth/login?{urlencode(given)}", by_form.location.removeprefix("/api")):
        start = browser.get(target, site="cross-site")
        query = world.cognito.read_authorize_url(start.location)
        assert (query["identity_provider"], query["login_hint"]) == ("Acme", "ada@acme.example")
        assert come_back(browser, begin_at(world, start)).location == "/api/reports"


def begin_at(world: World, start: Answer) -> dict[str, str]:
    from tests.doubles.cognito import Person

    back = world.cognito.authorize(start.location, Person())
    return {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}


@pytest.mark.security("S-06")
@pytest.mark.parametrize(
    "issuer", ["", "https://evil.example", "https://acme.okta.com.evil.example", "/", "Acme"]
)
def test_an_issuer_of_nobody_reaches_no_provider(
    world: World, browser: Browser, issuer: str
) -> None:
    """The request matches no provider, not even a provider without an issuer in its row."""
    put_tenant(world, "Acme", ISSUER)
    answer = browser.get(f"/auth/login?iss={quote(issuer, safe='')}")
    assert (answer.status, answer.json()["error"]) == (400, "unknown_provider")
    in_a_browser = browser.get(f"/auth/login?iss={quote(issuer, safe='')}", headers=[HTML])
    assert told(in_a_browser) == {"error": ["unknown_provider"]}


@pytest.mark.security("S-41")
def test_issuers_are_counted_as_names_are(direct: Direct) -> None:
    """A request that names an issuer counts as a guess. Otherwise a stranger could collect the list of providers."""
    statuses = [
        direct.browser.get(f"/auth/login?iss=https://t{n}.okta.com", headers=[HTML]).location
        for n in range(60)
    ]
    assert statuses[0] == "/api/?error=unknown_provider"
    assert statuses[-1] == "/api/?error=too_many_attempts"


@pytest.mark.security("S-29")
@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("iss=a&iss=b", "application/x-www-form-urlencoded", 400),
        ("iss=%ff", "application/x-www-form-urlencoded", 400),
        ("x=" + "y" * 20_000, "application/x-www-form-urlencoded", 413),
        ('{"iss": "https://acme.okta.com"}', "application/json", 415),
        ("iss=a", "text/plain", 415),
        ("", "application/x-www-form-urlencoded", 303),
        ("provider=Okta&return_to=//evil.example&x=1", "application/x-www-form-urlencoded", 303),
    ],
)
def test_a_posted_login_takes_three_fields_and_begins_nothing(
    world: World, browser: Browser, body: str, content_type: str, status: int
) -> None:
    """The route reads only the three fields of a tile and ignores every other field. The request writes nothing."""
    headers = [("Content-Type", content_type), ("Origin", "https://evil.example")]
    answer = browser.send("POST", "/auth/login", headers, body=body, site="cross-site")
    assert (answer.status, answer.set_cookies) == (status, [])
    assert (world.cognito.requests, world.dynamodb.writes) == ([], 0)
    if status == 303:
        assert answer.location == "/api/auth/login?"


@pytest.mark.parametrize("query", ["provider=Renamed", "provider=", "provider=Okta&provider=Okta"])
def test_a_gone_provider_is_explained_to_people_and_told_to_programs(
    browser: Browser, query: str
) -> None:
    """A client that requests HTML receives the page. All other clients receive an error in our format."""
    assert told(browser.get(f"/auth/login?{query}", headers=[HTML]))["error"][0] in (
        "unknown_provider",
        "login_failed",
    )
    assert browser.get(f"/auth/login?{query}").status == 400
