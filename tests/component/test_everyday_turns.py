"""Turns of everyday life: a callback once more, too late or fetched ahead; a way back that outlives a failure; a tile."""

from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from app import app
from chalicelib.gatehouse.routes.table import SPENDING
from tests.component.direct import Direct
from tests.component.test_authorized_routes import CLAIMS
from tests.component.test_callback_state import TOKEN, begin, come_back
from tests.component.world import World
from tests.doubles.browser import Answer, Browser, Cookie
from tests.doubles.cognito import answers, times_out

HTML = ("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
ISSUER = "https://acme.okta.com"
OTHER = "https://notes.example.com"
AHEAD = [
    ("Sec-Purpose", "prefetch"),
    ("Sec-Purpose", "prefetch;prerender"),
    ("Sec-Purpose", "Prefetch;anonymous-client-ip"),
    ("Purpose", "prefetch"),
    ("X-Moz", "prefetch"),
    ("X-Purpose", "preview"),
]


def told(answer: Answer) -> dict[str, list[str]]:
    """Return the query with which the page is opened."""
    assert answer.status == 303
    assert urlsplit(answer.location).path == "/api/"
    return parse_qs(urlsplit(answer.location).query)


def test_a_callback_once_more_says_that_it_was_used(world: World, browser: Browser) -> None:
    """Back, a restored tab, a bookmark; after a success and after a failure alike."""
    good, bad = begin(world, browser), begin(world, browser)
    assert come_back(browser, good).location == "/api/"
    come_back(browser, {"state": bad["state"], "error": "access_denied"})
    for query in (good, bad, good):
        assert told(come_back(browser, query)) == {"error": ["login_used"]}
    assert world.cognito.calls(TOKEN) == 1
    assert "__Host-gatehouse" in browser.cookies


def test_a_late_callback_says_that_it_is_late_and_not_that_it_is_unknown(
    world: World, browser: Browser
) -> None:
    """The browser has dropped the transaction's cookie by then; the state says when it began."""
    query = begin(world, browser)
    world.clock.advance(601)
    assert told(come_back(browser, query)) == {"error": ["login_expired"]}


def test_the_oldest_of_six_sign_ins_is_unknown_and_ends_no_other(
    world: World, browser: Browser
) -> None:
    """Its place was taken; the person who finished another one stays signed in."""
    queries = []
    for _ in range(6):
        world.clock.advance(1)
        queries.append(begin(world, browser))
    assert come_back(browser, queries[-1]).location == "/api/"
    session = browser.cookies["__Host-gatehouse"]
    assert told(come_back(browser, queries[0])) == {"error": ["login_unknown"]}
    assert browser.cookies["__Host-gatehouse"] == session
    assert browser.post("/auth/refresh").status == 200


def test_the_list_of_used_sign_ins_stays_small_and_lets_nobody_in(
    world: World, browser: Browser
) -> None:
    """Four short names, whatever was in it before."""
    name = "__Host-gatehouse-used"
    for _ in range(6):
        come_back(browser, begin(world, browser))
    assert len(browser.notes[name].value) == 4 * 8 + 3
    for value in ("x" * 3000, "a.b.c", "....", "6155eb33." * 300):
        browser.notes[name] = Cookie(value, "Lax", None)
        query = begin(world, browser)
        assert come_back(browser, {**query, "state": "guessed"}).status == 303
        assert come_back(browser, query).location == "/api/"
        assert len(browser.notes[name].value) <= 4 * 8 + 3


@pytest.mark.security("S-11")
@pytest.mark.parametrize("header", AHEAD, ids=str)
def test_a_prefetched_callback_spends_neither_state_nor_code(
    world: World, browser: Browser, header: tuple[str, str]
) -> None:
    """Refused and not kept; the person who then goes there is signed in."""
    query = begin(world, browser)
    before = dict(browser.cookies)
    target = f"/auth/callback?{urlencode(query)}"
    answer = browser.get(target, site="cross-site", headers=[header])
    assert (answer.status, answer.json()["error"]) == (503, "prefetch_refused")
    assert answer.headers["cache-control"] == "no-store"
    assert (answer.set_cookies, browser.cookies) == ([], before)
    assert world.cognito.calls(TOKEN) == 0
    assert come_back(browser, query).location == "/api/"


@pytest.mark.security("S-29")
@pytest.mark.parametrize("header", AHEAD, ids=str)
def test_a_prefetched_login_begins_nothing(direct: Direct, header: tuple[str, str]) -> None:
    """No cookie, no attempt, no look at the tables."""
    calls = len(direct.world.dynamodb.calls)
    for query in ("provider=Okta", "email=bo@elsewhere.example", "iss=https://x.example", ""):
        answer = direct.browser.get(f"/auth/login?{query}", headers=[header])
        assert (answer.status, answer.set_cookies) == (503, [])
        assert "location" not in answer.headers
    assert len(direct.world.dynamodb.calls) == calls


@pytest.mark.parametrize(
    ("header", "value"), [("Purpose", "navigate"), ("Sec-Purpose", ""), ("X-Moz", "no-prefetch")]
)
def test_nothing_else_counts_as_a_prefetch(browser: Browser, header: str, value: str) -> None:
    assert browser.get("/auth/login?provider=Okta", headers=[(header, value)]).status == 302


@pytest.mark.parametrize(
    "fault", [times_out, answers(500), answers(400, {"error": "invalid_grant"})]
)
def test_where_the_person_wanted_to_go_outlives_a_failure(
    world: World, browser: Browser, fault: object
) -> None:
    """Whatever failed after the transaction was found: the page gets the address, and the next try has it."""
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
    """Up to 2,048 characters, in a cookie that browsers keep."""
    target = "/api/search?q=" + "x" * 2034
    answer = world.sign_in(browser, query=f"provider=Okta&return_to={quote(target)}")
    assert answer.location == target
    assert browser.rejected == []


@pytest.mark.security("S-07")
def test_the_page_gets_no_foreign_address_from_a_failure(world: World, browser: Browser) -> None:
    """Of a transaction that was sealed with one, by an older release or a bug."""
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
    """The page follows that alone: what stands in its own address anybody can write."""
    world.restart(allowed_origins=frozenset({OTHER}))
    query = "" if wish is None else f"?return_to={quote(wish, safe='')}"
    assert browser.get(f"/auth/config{query}").json()["return_to"] == expected


def test_a_stage_says_where_people_go_who_named_no_place(world: World, browser: Browser) -> None:
    """AFTER_SIGN_IN, through the page and through the hosted sign-in; a place that is named comes first."""
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
    """With every door, the way back and "remember me"; managed login is still to be had, by its own name."""
    browser = direct.browser
    query = told(browser.get("/auth/login?return_to=/api/reports&remember=1"))
    assert query == {"return_to": ["/api/reports"], "remember": ["1"]}
    assert browser.get("/auth/login?return_to=//evil.example").location == "/api/"
    assert browser.cookies == {}
    for named in ("provider=COGNITO", "email=bo@elsewhere.example", "managed=1"):
        assert browser.get(f"/auth/login?{named}").status == 302


@pytest.mark.security("S-06")
@pytest.mark.parametrize("provider", ["provider=COGNITO&", "provider=Okta&", ""])
def test_an_address_is_handed_on_as_the_hint(world: World, browser: Browser, provider: str) -> None:
    """So that nobody types it twice; what is no address is not handed on."""
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
    """By GET and by form POST of another site: `iss` names the tenant, the hint goes along, and the target counts."""
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
    """Also not those that have no issuer in their row yet."""
    put_tenant(world, "Acme", ISSUER)
    answer = browser.get(f"/auth/login?iss={quote(issuer, safe='')}")
    assert (answer.status, answer.json()["error"]) == (400, "unknown_provider")
    in_a_browser = browser.get(f"/auth/login?iss={quote(issuer, safe='')}", headers=[HTML])
    assert told(in_a_browser) == {"error": ["unknown_provider"]}


@pytest.mark.security("S-41")
def test_issuers_are_counted_as_names_are(direct: Direct) -> None:
    """Or the list of tenants could be read off there."""
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
    """It cannot choose anything but what a tile says, and it writes nothing."""
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
    """Who asks for HTML sees the page; all others get the envelope."""
    assert told(browser.get(f"/auth/login?{query}", headers=[HTML]))["error"][0] in (
        "unknown_provider",
        "login_failed",
    )
    assert browser.get(f"/auth/login?{query}").status == 400


HEADS = sorted(path for path, methods in app.routes.items() if "GET" in methods)


@pytest.mark.parametrize("path", HEADS)
def test_head_answers_where_get_does(signed_in: Browser, path: str) -> None:
    """For uptime monitors, with the same status and headers and no content; login and callback would spend something."""
    if path in SPENDING:
        assert "HEAD" not in app.routes[path]
        return
    target = path.replace("{version}", "0").replace("{name}", "app.js")
    for claims in (None, CLAIMS):
        head = signed_in.send("HEAD", target, claims=claims)
        get = signed_in.send("GET", target, claims=claims)
        assert (head.status, head.body) == (get.status, "")
        assert {**head.headers, "etag": ""} == {**get.headers, "etag": ""}


def leave(browser: Browser, wish: object, origin: str | None = None) -> Answer:
    """Sign out, and come back from Cognito as the browser does; return what it is answered."""
    headers = [] if origin is None else [("Origin", origin), ("Sec-Fetch-Site", "same-site")]
    answer = browser.post("/auth/logout", {"return_to": wish}, headers=headers)
    assert answer.status == 200
    (back,) = parse_qs(urlsplit(answer.json()["logout_url"]).query)["logout_uri"]
    assert back == f"{browser.root}?signed_out=1"
    return browser.get(back, site="cross-site")


@pytest.mark.security("S-38")
@pytest.mark.parametrize("target", [f"{OTHER}/bye|x", "/api/reports"])
def test_a_sign_out_comes_back_to_where_it_was_wanted(
    world: World, signed_in: Browser, target: str
) -> None:
    """Cognito's logout_uri stays fixed: the way on waits in a cookie, and serves once."""
    world.restart(allowed_origins=frozenset({OTHER}))
    answer = leave(signed_in, target, OTHER)
    assert (answer.status, answer.location) == (303, target.replace("|", "%7C"))
    assert signed_in.cookies == {}
    assert signed_in.get("/?signed_out=1", site="cross-site").status == 200


@pytest.mark.security("S-29")
def test_head_does_not_spend_the_way_on(signed_in: Browser) -> None:
    signed_in.post("/auth/logout", {"return_to": "/api/reports"})
    assert signed_in.send("HEAD", "/?signed_out=1", site="cross-site").status == 200
    assert signed_in.get("/?signed_out=1", site="cross-site").location == "/api/reports"


@pytest.mark.security("S-07")
@pytest.mark.parametrize(
    "wish",
    [None, 7, ["/api/x"], "", "/api/", "https://evil.example/", "//evil.example", "/api/../x"],
)
def test_a_sign_out_leads_nowhere_else(signed_in: Browser, wish: object) -> None:
    answer = leave(signed_in, wish)
    assert (answer.status, signed_in.cookies) == (200, {})


@pytest.mark.security("S-38")
@pytest.mark.security("S-07")
def test_a_way_on_is_sealed_short_lived_and_checked_again(world: World, signed_in: Browser) -> None:
    """A forged one, one of yesterday and one to an origin that left the list lead to the page."""
    world.restart(allowed_origins=frozenset({OTHER}))
    signed_in.post("/auth/logout", {"return_to": f"{OTHER}/bye"})
    (name, cookie), *rest = signed_in.cookies.items()
    assert (name, rest) == ("__Host-gatehouse-after", [])
    assert OTHER not in cookie.value
    page = "/?signed_out=1"
    for value in ("junk", cookie.value[:-2], f"{OTHER}/bye"):
        other = world.browser()
        other.cookies[name] = Cookie(value, "Lax", None)
        assert other.get(page, site="cross-site").status == 200
    world.restart(allowed_origins=frozenset())
    kept = world.browser()
    kept.cookies[name] = Cookie(cookie.value, "Lax", None)
    assert kept.get(page, site="cross-site").location == "/api/"
    world.restart(allowed_origins=frozenset({OTHER}))
    world.clock.advance(121)
    late = world.browser()
    late.cookies[name] = Cookie(cookie.value, "Lax", None)
    assert late.get(page, site="cross-site").status == 200
