"""Tests of `authorized(…, max_age=…)`, which requires a recent, interactive authentication in this browser (S-93 … S-95)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chalicelib.gatehouse.cognito.authentication_time import (
    LONGEST_AGE,
    PROVED_AT,
    SEEN_AT,
)
from chalicelib.gatehouse.guard.authorization import authorized
from chalicelib.gatehouse.store.proofs import KEPT_SECONDS
from tests.component.direct import EMAIL, PASSWORD
from tests.component.passkeys import Passkeys
from tests.component.step_up import MAX_AGE, ROUTE, Shop
from tests.component.test_authorized_routes import CLAIMS
from tests.component.world import THROTTLE_TABLE, World
from tests.doubles.aws_errors import connect_timeout
from tests.doubles.browser import Answer, Browser, LambdaContext
from tests.doubles.cognito import Person
from tests.doubles.pool_users import PoolUser

CODE = "insufficient_user_authentication"


@pytest.fixture
def shop(world: World) -> Shop:
    return Shop(world)


@pytest.fixture
def ada(shop: Shop) -> Browser:
    """A browser in which Ada has not signed in yet. She uses Okta."""
    return shop.browser()


def refused(answer: Answer) -> bool:
    """Return whether the route requires a recent authentication. Any other refusal fails the test."""
    if answer.status == 401:
        assert answer.json()["error"] == CODE
        return True
    assert answer.status == 200, answer.body
    return False


def now(shop: Shop) -> int:
    return int(shop.world.clock())


@pytest.mark.security("S-93")
def test_an_old_proof_is_401_as_rfc_9470_has_it(shop: Shop, ada: Browser) -> None:
    """Standard clients read the header of RFC 9470. The body repeats the values, because API Gateway renames the
    header."""
    shop.from_okta(ada, now(shop))
    token = shop.refresh(ada)
    assert shop.call(token).json() == {"refunded_by": Person().sub}
    shop.world.clock.advance(MAX_AGE + 1)
    answer = shop.call(token)
    assert answer.status == 401
    assert answer.json() == {
        "error": CODE,
        "message": "Please confirm that it is you.",
        "max_age": MAX_AGE,
    }
    assert answer.headers["www-authenticate"] == (
        f'Bearer error="{CODE}", max_age={MAX_AGE}, '
        'error_description="More recent authentication is required"'
    )
    assert answer.set_cookies == []


@pytest.mark.security("S-93")
def test_the_second_of_max_age_still_counts(shop: Shop) -> None:
    browser = shop.browser()
    token = shop.by_password(browser)
    proved = int(shop.world.clock())
    shop.world.clock.advance(proved + MAX_AGE - shop.world.clock())
    assert not refused(shop.call(token))
    shop.world.clock.advance(1)
    assert refused(shop.call(token))


@pytest.mark.security("S-94")
@pytest.mark.parametrize("door", ["okta", "password"])
def test_a_refresh_keeps_the_time(shop: Shop, door: str) -> None:
    """A refresh keeps the time of the authentication, in every container. A new authentication replaces the time."""
    browser = shop.browser()
    sign_in = (
        (lambda: shop.from_okta(browser, now(shop)))
        if door == "okta"
        else lambda: shop.by_password(browser)
    )
    sign_in()
    for _ in range(2):
        shop.world.clock.advance(MAX_AGE / 2 - 1)
        shop.restart()
        assert not refused(shop.call(shop.refresh(browser)))
    shop.world.clock.advance(5)
    assert refused(shop.call(shop.refresh(browser)))
    sign_in()
    assert not refused(shop.call(shop.refresh(browser)))


@pytest.mark.security("S-94")
def test_a_passkey_proves_at_the_moment_of_its_answer(shop: Shop) -> None:
    """The time of the proof is the time of the device's response. The proof is valid only in this browser."""
    passkeys = Passkeys(shop.direct)
    passkeys.set_up()
    shop.restart()
    browser, other = shop.browser(), shop.browser()
    shop.by_password(browser)
    shop.by_password(other)
    shop.world.clock.advance(MAX_AGE + 1)
    assert refused(shop.call(shop.refresh(browser)))
    options = passkeys.ask(browser=browser).json()["challenge"]["options"]
    shop.world.clock.advance(60)
    confirmed = passkeys.answer(passkeys.device.get(options), browser).json()["access_token"]
    proved = int(shop.world.clock())
    assert refused(shop.call(shop.refresh(other)))
    shop.world.clock.advance(proved + MAX_AGE - shop.world.clock())
    assert not refused(shop.call(confirmed))
    assert not refused(shop.call(shop.refresh(browser)))
    shop.world.clock.advance(1)
    assert refused(shop.call(shop.refresh(browser)))


@pytest.mark.security("S-94")
@pytest.mark.parametrize("whose", ["another person", "nobody verified", "another site"])
def test_a_passkey_that_is_refused_confirms_nothing(shop: Shop, whose: str) -> None:
    """The person stays signed in, and the route still requires a recent authentication. Afterwards the person
    authenticates with their own passkey, and the route accepts the proof."""
    passkeys = Passkeys(shop.direct)
    theirs = passkeys.set_up()
    passkeys.direct.pool.add(PoolUser("ada@example.org", PASSWORD))
    shop.restart()
    browser = shop.browser()
    shop.by_password(browser)
    shop.world.clock.advance(MAX_AGE + 1)
    email, lies = {
        "another person": ("ada@example.org", {"passkey": theirs}),
        "nobody verified": (EMAIL, {"verified": False}),
        "another site": (EMAIL, {"origin": "https://app.example.net"}),
    }[whose]
    assert passkeys.sign_in(browser, email, **lies).status == 401
    assert refused(shop.call(shop.refresh(browser)))
    confirmed = passkeys.sign_in(browser).json()["access_token"]
    assert not refused(shop.call(confirmed))


@pytest.mark.security("S-94")
def test_a_silent_single_sign_on_proves_nothing(shop: Shop, ada: Browser) -> None:
    """The redirects and Cognito's `auth_time` are recent, but only the provider's `auth_time` counts."""
    shop.from_okta(ada, now(shop) - 3600)
    assert refused(shop.call(shop.refresh(ada)))


@pytest.mark.security("S-94")
def test_nor_beside_a_proof_in_another_browser(shop: Shop, ada: Browser) -> None:
    """In this browser, the provider signs the person in without a password. In another browser, the person enters the
    password, earlier or later. Only the session in the other browser has the proof."""
    shop.from_okta(ada, now(shop) - 3600)
    shop.world.clock.advance(MAX_AGE / 4)
    other = shop.browser()
    shop.from_okta(other, now(shop))
    assert not refused(shop.call(shop.refresh(other)))
    assert refused(shop.call(shop.refresh(ada)))
    shop.world.clock.advance(15)
    third = shop.browser()
    shop.from_okta(third, now(shop) - 3600)
    assert refused(shop.call(shop.refresh(third)))


@pytest.mark.security("S-94")
@pytest.mark.parametrize(
    "told", [None, "", "now", "-1", -1, True, 1.5, [1], {}, "9" * 13, "٣", "1767323045.0"]
)
def test_a_provider_that_does_not_say_when_is_never_fresh(
    shop: Shop, ada: Browser, told: object
) -> None:
    """If the provider sends no time for a sign-in, the server deletes any earlier proof."""
    shop.from_okta(ada, now(shop))
    shop.from_okta(ada, told)
    assert refused(shop.call(shop.refresh(ada)))


@pytest.mark.security("S-94")
@pytest.mark.parametrize("form", [str, lambda at: "Fri Jan 02 03:04:05 UTC 2026"])
def test_the_providers_time_is_read_in_cognitos_spellings(
    shop: Shop, ada: Browser, form: Callable[[int], object]
) -> None:
    """Cognito passes the provider's time as a number in text form, or as a date in the format of `exp`."""
    shop.from_okta(ada, form(now(shop)))
    assert not refused(shop.call(shop.refresh(ada)))


@pytest.mark.security("S-94")
def test_userinfo_tells_of_no_sign_in(shop: Shop, ada: Browser) -> None:
    """The provider signs only the ID token for this sign-in. UserInfo may contain any time."""
    shop.from_okta(ada, now(shop), part="userInfo")
    assert refused(shop.call(shop.refresh(ada)))


@pytest.mark.security("S-93")
@pytest.mark.parametrize(("ahead", "fits"), [(30, True), (31, False)])
def test_clocks_may_differ_a_little_and_the_future_is_refused(
    shop: Shop, ada: Browser, ahead: int, fits: bool
) -> None:
    shop.from_okta(ada, now(shop) + ahead)
    assert refused(shop.call(shop.refresh(ada))) != fits


@pytest.mark.security("S-93")
@pytest.mark.parametrize("claim", [PROVED_AT, SEEN_AT, "auth_time"])
@pytest.mark.parametrize("value", [None, "", "soon", "-5", "1e9", "9" * 14, "[1767323045]"])
def test_a_claim_that_is_missing_or_unreadable_is_no_proof(
    shop: Shop, claim: str, value: str | None
) -> None:
    browser = shop.browser()
    token = shop.by_password(browser)
    assert not refused(shop.call(token))
    assert refused(shop.call(token, **{claim: value}))


@pytest.mark.security("S-93")
def test_a_cognito_that_resets_auth_time_at_a_refresh_makes_nobody_fresh(shop: Shop) -> None:
    """AWS documents that a refresh keeps `auth_time`. Some people observed a new `auth_time` with rotation. The server
    treats a session with a new `auth_time` as a session without a proof."""
    shop.world.cognito.resets_auth_time = True
    browser = shop.browser()
    shop.by_password(browser)
    shop.world.clock.advance(120)
    assert refused(shop.call(shop.refresh(browser)))


@pytest.mark.security("S-94")
@pytest.mark.parametrize("seconds", [0, 40, MAX_AGE / 2])
@pytest.mark.parametrize("linked", [True, False])
def test_managed_login_does_not_say_whether_it_asked(
    shop: Shop, seconds: float, linked: bool
) -> None:
    """For an hour, the cookie of managed login signs people in without a password. A moment ago, the person entered the
    password in another browser."""
    if linked:
        shop.direct.grace.identities.append(("Okta", "00u1grace"))
    grace = shop.direct.grace.person()
    browser = shop.browser()
    shop.by_password(shop.browser())
    shop.world.clock.advance(seconds)
    start = browser.get("/auth/login?provider=COGNITO").location
    browser.get(shop.world.cognito.authorize(start, grace), site="cross-site")
    assert refused(shop.call(shop.refresh(browser)))
    shop.world.clock.advance(MAX_AGE / 3)
    assert refused(shop.call(shop.refresh(browser)))


def _forge(shop: Shop, person: Person, source: str) -> dict[str, Any]:
    """Set every value that a person could forge: attributes of the profile, and ClientMetadata."""
    event = shop.token_event(person, source)
    told = {name: str(now(shop)) for name in (PROVED_AT, SEEN_AT, "auth_time")}
    custom = {f"custom:{name}": value for name, value in told.items()}
    event["request"]["userAttributes"] |= {**told, **custom}
    event["request"]["clientMetadata"] = {**told, **custom}
    answer = shop.gate.token_claims(event, LambdaContext())
    details = answer["response"]["claimsAndScopeOverrideDetails"]["accessTokenGeneration"]
    added: dict[str, Any] = details.get("claimsToAddOrOverride", {})
    return added


@pytest.mark.security("S-94")
@pytest.mark.parametrize("person", [Person(), Person(provider="COGNITO", username="u-1")])
@pytest.mark.parametrize("source", ["RefreshTokens", "HostedAuth", "AuthenticateDevice"])
def test_attributes_and_metadata_that_anybody_can_write_are_no_proof(
    shop: Shop, person: Person, source: str
) -> None:
    """Only times from our own triggers count as a proof."""
    assert _forge(shop, person, f"TokenGeneration_{source}") == {}


@pytest.mark.security("S-94")
def test_a_providers_person_proves_nothing_by_a_password(shop: Shop) -> None:
    """A provider's person has no password. If Cognito nevertheless accepts a password, the sign-in did not come from
    Okta, and the server stores no proof."""
    assert _forge(shop, Person(), "TokenGeneration_Authentication") == {}


@pytest.mark.security("S-94")
def test_a_linked_person_may_confirm_through_either_door(shop: Shop) -> None:
    """The person can sign in with the password or through Okta. A proof from one of the two methods does not count for
    sessions that began with the other method."""
    grace = shop.direct.grace
    grace.identities.append(("Okta", "00u1grace"))
    linked = Person(grace.sub, grace.username, grace.email, provider="Okta", subject="00u1grace")
    by_okta, by_password = shop.browser(), shop.browser()
    shop.from_okta(by_okta, now(shop), linked, subject="00u1grace")
    assert not refused(shop.call(shop.refresh(by_okta)))
    shop.world.clock.advance(MAX_AGE / 2)
    token = shop.by_password(by_password)
    assert not refused(shop.call(token))
    shop.from_okta(by_okta, now(shop) - 3600, linked, subject="00u1grace")
    assert refused(shop.call(shop.refresh(by_okta)))


@pytest.mark.security("S-93")
def test_scope_and_group_are_asked_first(world: World) -> None:
    """The route checks scope and group first, and then the time of the authentication. After a recent authentication,
    the route returns its data."""
    shop = Shop(world, group="admins")
    browser = shop.browser()
    token = shop.by_password(browser)
    answer = shop.call(token)
    assert (answer.status, answer.json()["error"]) == (403, "forbidden")
    admin = {"cognito:groups": "[admins]"}
    assert shop.call(token, scope="openid", **admin).status == 403
    assert not refused(shop.call(token, **admin))
    shop.world.clock.advance(MAX_AGE + 1)
    assert refused(shop.call(token, **admin))


@pytest.mark.security("S-93")
def test_it_goes_together_with_fresh(world: World) -> None:
    """The cheaper check, for a recent proof, comes first. The server queries the pool only for people who pass the
    first check."""
    shop = Shop(world, fresh=True)
    browser = shop.browser()
    token = shop.by_password(browser)
    assert not refused(shop.call(token))
    asked = world.pool.called("admin_get_user")
    assert refused(shop.call(token, **{PROVED_AT: "0"}))
    assert world.pool.called("admin_get_user") == asked
    shop.direct.grace.enabled = False
    assert shop.call(token).json()["error"] == "unauthorized"


@pytest.mark.parametrize(
    "max_age", [0, -1, 29, 86_401, True, 300.0, "300", 10**20, float("nan"), [300]]
)
def test_an_age_that_is_none_stops_the_app_while_it_loads(max_age: Any) -> None:
    """The error message shows an example of a valid value."""
    with pytest.raises(ValueError, match=r"from 30 to 86400.*write max_age=300"):
        authorized("api/read", max_age=max_age)


def test_rows_last_as_long_as_the_longest_age() -> None:
    assert KEPT_SECONDS == LONGEST_AGE
    for max_age in (30, LONGEST_AGE):
        assert authorized("api/read", max_age=max_age).max_age == max_age


@pytest.mark.security("S-95")
def test_a_table_that_is_out_costs_the_proof_and_nobody_the_sign_in(
    shop: Shop, ada: Browser, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """The table fails at the provider's sign-in, at the first tokens, and at a refresh. The log reports each of the
    failures."""
    table, events = shop.world.dynamodb, list[str]()
    for call in ("update_item", "get_item"):
        original = getattr(table, call)

        def broken(original: Callable[..., Any] = original, **arguments: Any) -> Any:
            if arguments["TableName"] == THROTTLE_TABLE:
                raise connect_timeout()
            return original(**arguments)

        setattr(table, call, broken)
        shop.from_okta(ada, now(shop))
        assert refused(shop.call(shop.refresh(ada)))
        setattr(table, call, original)
        events = [line["event"] for line in log_lines()]
        assert ("proof_not_noted" if call == "update_item" else "proof_left_out") in events
    assert not refused(shop.call(shop.refresh(ada)))


@pytest.mark.security("S-95")
def test_a_row_that_nobody_can_read_is_no_proof(shop: Shop, ada: Browser) -> None:
    shop.from_okta(ada, now(shop))
    for row in shop.world.dynamodb.items(THROTTLE_TABLE).values():
        if "provedAt" in row:
            shop.world.dynamodb.put(THROTTLE_TABLE, {**row, "provedAt": {"S": "now"}})
    assert refused(shop.call(shop.refresh(ada)))


def test_rows_hold_no_names_and_expire(shop: Shop, ada: Browser) -> None:
    """A row has a hash, two timestamps, and an expiry for DynamoDB."""
    shop.from_okta(ada, now(shop))
    rows = [r for k, r in shop.world.dynamodb.items(THROTTLE_TABLE).items() if "proof/" in k]
    assert len(rows) == 1
    assert "00u1" not in str(rows)
    assert rows[0]["expiresAt"] == {"N": str(now(shop) + KEPT_SECONDS)}


def test_an_app_without_such_a_route_notes_nothing(world: World) -> None:
    """A sign-in stores no proof, a refresh reads no proof, and no token contains a claim about a proof."""
    from app import gate

    shop = Shop(world)
    shop.gate = gate
    browser = world.browser()
    shop.from_okta(browser, now(shop))
    assert PROVED_AT not in str(shop.world.cognito.access_tokens)
    assert not [k for k in world.dynamodb.items(THROTTLE_TABLE) if "proof/" in k]
    assert browser.get("/whoami", claims=CLAIMS).status == 200


def test_other_origins_may_read_what_is_asked(world: World) -> None:
    """Scripts of an allowed origin can read the header under its standard name, `WWW-Authenticate`, and under API
    Gateway's name."""
    world.settings = world.settings._replace(allowed_origins=frozenset({"https://app.example.org"}))
    shop = Shop(world)
    token = shop.by_password(shop.browser())
    answer = shop.call(token, origin="https://app.example.org", **{PROVED_AT: "0"})
    assert refused(answer)
    exposed = answer.headers["access-control-expose-headers"].lower().split(", ")
    assert {"www-authenticate", "x-amzn-remapped-www-authenticate"} <= set(exposed)


def test_the_openapi_document_says_which_routes_want_it(world: World, tmp_path: Path) -> None:
    """A team describes its route as usual. Gatehouse adds the maximum age and the 401 response to the document."""
    described = {"post": {"operationId": "refund", "responses": {"200": {"description": "Done."}}}}
    (tmp_path / "shop.json").write_text(json.dumps({ROUTE: described}))
    shop = Shop(world, openapi=str(tmp_path))
    document = json.loads(shop.browser().get("/openapi.json").body)
    operation = document["paths"][ROUTE]["post"]
    assert operation["x-max-age"] == MAX_AGE
    assert CODE in json.dumps(operation["responses"]["401"])
    others = [item for path, item in document["paths"].items() if path != ROUTE]
    assert "x-max-age" not in json.dumps(others)


def test_the_claims_of_docs_your_routes_open_it(shop: Shop) -> None:
    """A team's component test can call the route with the claims that docs/your-routes.md gives."""
    told = str(now(shop))
    claims = {**CLAIMS, "auth_time": told, SEEN_AT: told, PROVED_AT: told}
    assert (SEEN_AT, PROVED_AT) == ("gatehouse:seen_at", "gatehouse:proved_at")
    answer = shop.browser().send("POST", ROUTE, claims=claims)
    assert answer.json() == {"refunded_by": CLAIMS["sub"]}


@pytest.mark.parametrize("mode", ["embedded", "managed"])
def test_login_with_prompt_sends_somebody_to_confirm(world: World, mode: str) -> None:
    """With `prompt=login`, a named provider asks the person to sign in again. Without a named provider, our page asks the
    person to sign in again."""
    world.restart(direct_sign_in=mode, throttle_table=THROTTLE_TABLE)
    browser = world.browser()
    named = world.cognito.read_authorize_url(
        browser.get("/auth/login?provider=Okta&prompt=login").location
    )
    assert (named["prompt"], named["max_age"]) == ("login", "0")
    page = browser.get("/auth/login?prompt=login&return_to=/api/orders")
    assert (page.status, page.location) == (303, "/api/?return_to=%2Fapi%2Forders#confirm")
    for other in ("", "&prompt=none", "&prompt=login%20consent"):
        query = browser.get(f"/auth/login?provider=Okta{other}").location
        assert "prompt=" not in query
        assert "max_age=" not in query


@pytest.mark.parametrize("door", ["okta", "password"])
@pytest.mark.parametrize("remembered", [True, False])
def test_who_confirms_stays_as_remembered_as_before(
    shop: Shop, door: str, remembered: bool
) -> None:
    """The person ticked "remember me" at the first sign-in. The new session replaces the old session, and is remembered
    as well."""
    browser = shop.browser()
    if door == "okta":
        shop.from_okta(browser, now(shop), query="&remember=1" * remembered)
        shop.from_okta(browser, now(shop), query="&prompt=login")
    else:
        shop.by_password(browser, remember=remembered)
        shop.by_password(browser)
    assert (browser.cookies["__Host-gatehouse"].expires_at is not None) == remembered


@pytest.mark.parametrize("door", ["okta", "password"])
def test_another_person_does_not_inherit_that(shop: Shop, door: str) -> None:
    """The first person ticked the box "remember me". If another person signs in, the server ignores this choice."""
    browser = shop.browser()
    shop.from_okta(browser, now(shop), query="&remember=1")
    if door == "okta":
        bob = Person(sub="s2", username="Okta_00u2", email="bob@example.org", subject="00u2")
        shop.from_okta(browser, now(shop), bob, query="&prompt=login", subject="00u2")
    else:
        shop.by_password(browser)
    assert browser.cookies["__Host-gatehouse"].expires_at is None
