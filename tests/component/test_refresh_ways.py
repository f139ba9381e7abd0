"""Tests of POST /auth/refresh with Cognito's two refresh methods, the token endpoint and the user-pool API. The methods
may fail separately (S-34, S-35)."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from app import gate
from tests.component.direct import SESSION_COOKIE, Direct
from tests.component.world import World
from tests.doubles.aws_errors import connect_timeout
from tests.doubles.browser import Browser
from tests.doubles.cognito import ACCESS_KID, ID_KID, Person, answers, default_jwks, times_out
from tests.doubles.signing import public_jwk, rsa_key
from tests.doubles.user_pool_core import refusal

TOKEN = "/oauth2/token"
API = "get_tokens_from_refresh_token"
NAMES = ("email", "given_name", "family_name")


def ways(direct: Direct) -> tuple[int, int]:
    """Return the number of calls to each refresh method."""
    return direct.world.cognito.calls(TOKEN), direct.pool.called(API)


def jwks_calls(world: World) -> int:
    return sum(path.endswith("jwks.json") for _, path, _ in world.cognito.requests)


# The two refresh methods --------------------------------------------------------------------------


def test_a_direct_session_goes_on_by_the_endpoint_where_that_takes_it(direct: Direct) -> None:
    direct.sign_in()
    for _ in range(2):
        assert direct.post("refresh").status == 200
    assert ways(direct) == (2, 0)


def test_a_direct_session_falls_back_and_remembers_what_worked(direct: Direct) -> None:
    """After one refusal by the token endpoint, the session refreshes only through the user-pool API. The user-pool API
    also rotates the refresh token."""
    direct.world.cognito.takes_api_tokens = False
    direct.sign_in()
    for _ in range(3):
        direct.world.clock.advance(1200)
        answer = direct.post("refresh")
        assert answer.status == 200
        assert answer.json()["user"]["email"] == direct.grace.email
    assert ways(direct) == (1, 3)
    sent = [given["RefreshToken"] for name, given in direct.pool.calls if name == API]
    assert sent == direct.world.cognito.refresh_tokens()[:3]


@pytest.mark.parametrize("code", ["unauthorized_client", "unsupported_grant_type"])
def test_every_definite_no_of_the_endpoint_leads_to_the_other_way(
    direct: Direct, code: str
) -> None:
    direct.sign_in()
    direct.world.cognito.fail("token", answers(400, {"error": code}))
    assert direct.post("refresh").status == 200
    assert ways(direct) == (1, 1)


@pytest.mark.security("S-35")
@pytest.mark.parametrize("fault", [times_out, answers(500), answers(429), answers(200)])
def test_an_outage_of_the_endpoint_is_no_reason_to_try_the_other_way(
    direct: Direct, fault: Any
) -> None:
    """The token endpoint may already have rotated the token. If the server then sent the token to the user-pool API,
    Cognito would see a reuse of the token."""
    direct.sign_in()
    direct.world.cognito.fail("token", fault)
    answer = direct.post("refresh")
    assert (answer.status, answer.set_cookies) == (503, [])
    assert ways(direct) == (1, 0)
    assert direct.post("refresh").status == 200


@pytest.mark.security("S-35")
@pytest.mark.parametrize(
    "fault", [connect_timeout(), refusal("TooManyRequestsException", "GetTokensFromRefreshToken")]
)
def test_an_outage_of_the_api_keeps_the_session(direct: Direct, fault: Exception) -> None:
    direct.world.cognito.takes_api_tokens = False
    direct.sign_in()
    direct.pool.fail(API, fault)
    answer = direct.post("refresh")
    assert (answer.status, answer.set_cookies) == (503, [])
    assert direct.post("refresh").status == 200


@pytest.mark.security("S-35")
@pytest.mark.parametrize("takes", [True, False])
def test_a_direct_session_that_cognito_ended_ends(direct: Direct, takes: bool) -> None:
    """Cognito has ended the session. The refresh fails, whichever refresh method the session uses."""
    direct.world.cognito.takes_api_tokens = takes
    direct.sign_in()
    assert direct.post("refresh").status == 200
    direct.world.cognito.delete_person()
    answer = direct.post("refresh")
    assert (answer.status, answer.json()["error"]) == (401, "session_expired")
    assert SESSION_COOKIE not in direct.browser.cookies


@pytest.mark.security("S-35")
def test_a_refusal_that_says_nothing_of_the_token_ends_no_session(direct: Direct) -> None:
    """Each refresh method refuses the request, but neither refusal says that the session has ended."""
    direct.sign_in()
    direct.world.cognito.fail("token", answers(400, {"error": "unauthorized_client"}))
    direct.pool.fail(API, refusal("InvalidParameterException", "GetTokensFromRefreshToken"))
    answer = direct.post("refresh")
    assert (answer.status, answer.set_cookies) == (503, [])


def test_a_hosted_session_never_asks_the_api(world: World, signed_in: Browser) -> None:
    world.cognito.delete_person()
    assert signed_in.post("/auth/refresh").status == 401
    assert world.pool.called(API) == 0


@pytest.mark.security("S-59")
def test_the_api_is_asked_again_with_a_rotated_client_secret(direct: Direct) -> None:
    direct.world.cognito.takes_api_tokens = False
    direct.sign_in()
    assert direct.post("refresh").status == 200
    client = direct.world.settings.client_id
    direct.pool.clients[client] = "another-client-secret-0123456789abcd"
    content = {"client_id": client, "client_secret": direct.pool.clients[client]}
    direct.world.secrets.put(direct.world.settings.client_secret_arn, content)
    direct.world.clock.advance(60)
    assert direct.post("refresh").status == 200


def test_a_session_of_an_earlier_release_goes_on(world: World, signed_in: Browser) -> None:
    """The cookie of an earlier release does not name the refresh method."""
    flow = gate.services.sessions
    session = flow.open(signed_in.cookies[SESSION_COOKIE].value)
    fields = {name: value for name, value in vars(session).items() if name != "renewed_by"}
    signed_in.cookies[SESSION_COOKIE].value = flow._sealer.seal(
        "session", json.dumps(fields).encode()
    )
    assert signed_in.post("/auth/refresh").status == 200


# Without an ID token -------------------------------------------------------------------------------


def test_without_an_id_token_names_come_from_the_table_and_groups_from_the_access_token(
    world: World, browser: Browser
) -> None:
    world.sign_in(browser, Person(groups=("admins",)))
    world.cognito.openid = False
    user = browser.post("/auth/refresh").json()["user"]
    assert [user[name] for name in NAMES] == ["ada@example.org", "Ada", "Lovelace"]
    assert (user["groups"], user["provider"]) == (["admins"], "Okta")


def test_without_an_id_token_a_table_that_is_down_costs_the_names_alone(
    world: World, signed_in: Browser, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    world.cognito.openid = False
    world.dynamodb.faults["users"] = connect_timeout()
    answer = signed_in.post("/auth/refresh")
    assert answer.status == 200
    assert [answer.json()["user"][name] for name in NAMES] == ["", "", ""]
    assert "record_not_read" in [line["event"] for line in log_lines()]


@pytest.mark.security("S-16")
def test_nobody_signs_in_without_an_id_token(world: World, browser: Browser) -> None:
    """Without an ID token, the server cannot compare the nonce, and therefore refuses the sign-in."""
    world.cognito.openid = False
    assert world.sign_in(browser).location == "/api/?error=login_failed"
    assert world.cognito.is_revoked(world.cognito.refresh_tokens()[-1])


# New keys -------------------------------------------------------------------------------------------


def rotate_keys(world: World) -> None:
    """Let Cognito sign ID tokens with a new key. Cognito's JWKS lists the key only after a call to `publish`."""
    world.cognito.id_header["kid"] = "new-key"


def publish(world: World) -> None:
    new = {**public_jwk(rsa_key(ID_KID), "new-key")}
    world.cognito.jwks = [*default_jwks(), new]


@pytest.mark.security("S-76")
def test_a_new_key_is_looked_for_at_once(world: World, signed_in: Browser) -> None:
    """Cognito has signed the token with a new key. Within seconds, the server fetches the keys again, and the refresh
    succeeds."""
    world.clock.advance(1)
    rotate_keys(world)
    publish(world)
    before = jwks_calls(world)
    assert signed_in.post("/auth/refresh").status == 200
    assert world.sign_in(world.browser()).location == "/api/"
    assert jwks_calls(world) == before + 1


@pytest.mark.security("S-76")
def test_a_key_that_is_not_published_yet_ends_no_session(world: World, signed_in: Browser) -> None:
    """The server responds with 503 and stores the new refresh token in the cookie. Minutes later, after every grace
    period, the session continues."""
    world.clock.advance(1)
    rotate_keys(world)
    answer = signed_in.post("/auth/refresh")
    assert (answer.status, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert len(answer.set_cookies) == 1
    world.clock.advance(900)
    publish(world)
    assert signed_in.post("/auth/refresh").status == 200
    sent = [
        form["refresh_token"] for _, _, form in world.cognito.requests if "refresh_token" in form
    ]
    assert sent == world.cognito.refresh_tokens()[:2]


@pytest.mark.security("S-35")
def test_an_outage_after_the_rotation_keeps_the_new_token(world: World, signed_in: Browser) -> None:
    """The keys are unavailable when the new tokens arrive. The server nevertheless stores the new refresh token in the
    cookie."""
    world.clock.advance(120)
    rotate_keys(world)
    world.cognito.fail("jwks", times_out)
    answer = signed_in.post("/auth/refresh")
    assert (answer.status, len(answer.set_cookies)) == (503, 1)
    assert answer.headers["retry-after"] == "5"
    publish(world)
    world.clock.advance(900)
    assert signed_in.post("/auth/refresh").status == 200


@pytest.mark.security("S-76")
@pytest.mark.parametrize("door", ["hosted", "direct"])
def test_a_sign_in_with_an_unpublished_key_is_tried_again_later(direct: Direct, door: str) -> None:
    """Without a verified token, the server creates no session and writes nothing. The page reports a temporary problem."""
    world = direct.world
    rotate_keys(world)
    if door == "hosted":
        assert world.sign_in(direct.browser).location == "/api/?error=temporarily_unavailable"
    else:
        assert direct.sign_in().json()["error"] == "temporarily_unavailable"
    assert SESSION_COOKIE not in direct.browser.cookies
    assert world.cognito.is_revoked(world.cognito.refresh_tokens()[-1])


@pytest.mark.security("S-25")
def test_even_cognitos_own_tokens_cause_bounded_fetches(world: World) -> None:
    """The server fetches the keys at most once every two seconds, even if many people sign in."""
    world.sign_in(world.browser())
    rotate_keys(world)
    before = jwks_calls(world)
    for _ in range(10):
        world.clock.advance(0.5)
        world.sign_in(world.browser())
    assert jwks_calls(world) - before <= 4


# Two formats of the pool's issuer ---------------------------------------------------------------


@pytest.mark.security("S-20")
def test_a_pool_that_changes_its_issuer_ends_no_session(world: World, signed_in: Browser) -> None:
    """The pool's issuer changes from ORIGINAL to UPDATED and back. After each change, tokens with both formats of the
    issuer still work, and so do new sign-ins."""
    original = world.cognito.issuer
    assert original.startswith("https://cognito-idp.")
    for issuer in (original.replace("https://", "https://issuer-", 1), original):
        world.cognito.issuer = issuer
        assert signed_in.post("/auth/refresh").status == 200
        assert world.sign_in(world.browser()).location == "/api/"


@pytest.mark.security("S-20")
@pytest.mark.parametrize(
    "issuer",
    [
        "https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_TestPool2",
        "https://issuer-cognito-idp.eu-west-2.amazonaws.com/eu-west-1_TestPool1",
        "https://issuer-issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_TestPool1",
        "https://issuer-cognito-idp.eu-west-1.amazonaws.com.evil.example/eu-west-1_TestPool1",
        "http://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_TestPool1",
        "https://issuer.cognito-idp.eu-west-1.amazonaws.com/eu-west-1_TestPool1",
    ],
)
def test_the_other_form_is_exact_as_well(world: World, browser: Browser, issuer: str) -> None:
    world.cognito.issuer = issuer
    assert world.sign_in(browser).location == "/api/?error=login_failed"


def test_the_doubles_keys_differ() -> None:
    """If the keys were equal, the tests above would prove nothing."""
    assert {ID_KID, ACCESS_KID} == {key["kid"] for key in default_jwks()}
