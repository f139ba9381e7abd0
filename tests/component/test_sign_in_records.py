"""Tests of what happens when a sign-in finishes: the server writes a record, ends the old session, and handles a
rotated client secret."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from app import gate
from tests.component.test_authorized_routes import CLAIMS
from tests.component.world import World
from tests.doubles.aws_errors import client_error
from tests.doubles.browser import Answer, Browser, LambdaContext
from tests.doubles.cognito import Person
from tests.events import load_event

TOKEN = "/oauth2/token"


def begin(world: World, browser: Browser, query: str = "provider=Okta") -> dict[str, str]:
    """Start a sign-in and sign in at Cognito. Return the parameters of the callback URL."""
    back = world.cognito.authorize(browser.get(f"/auth/login?{query}").location, Person())
    return {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}


def come_back(browser: Browser, query: dict[str, str] | str) -> Answer:
    """Navigate to the callback from Cognito's site."""
    text = query if isinstance(query, str) else urlencode(query)
    return browser.get(f"/auth/callback?{text}", site="cross-site")


@pytest.mark.security("S-69")
def test_a_name_that_the_id_token_has_no_more_is_empty_in_the_record(
    world: World, browser: Browser
) -> None:
    """The name becomes empty, even if no trigger has reported the change. The ID token contains every name in the pool,
    so a name that the ID token lacks is also missing in the pool."""
    world.sign_in(browser)
    world.clock.advance(5)
    world.sign_in(browser, Person(family_name=""))
    record = world.users()["okta_00u1ada"]
    assert ("family_name" in record, record["given_name"]) == (False, "Ada")


@pytest.mark.security("S-57")
def test_sign_in_writes_the_record_that_no_trigger_wrote(world: World, browser: Browser) -> None:
    """No trigger has written the record, because an administrator created the person or because the trigger failed. The
    sign-in writes a record with exactly the documented names."""
    world.sign_in(browser)
    record = world.users()["okta_00u1ada"]
    now = "2026-01-02T03:04:05.678Z"
    assert record == {
        "userName": "okta_00u1ada",
        "ClientId": "1example23456789",
        "Email": "ada@example.org",
        "given_name": "Ada",
        "family_name": "Lovelace",
        "sub": Person().sub,
        "provider": "Okta",
        "status": "CONFIRMED",
        "createdAt": now,
        "updatedAt": now,
        "lastSignInAt": now,
        "lastSessionAt": now,
        "previousSignInAt": "",
    }


def test_the_previous_sign_in_is_not_the_present_one(world: World, browser: Browser) -> None:
    """Cognito's trigger reports each sign-in shortly before the callback. The trigger may also repeat an old event
    later. Neither report changes the time of the previous sign-in."""
    claims = {**CLAIMS, "username": "Okta_00u1ada"}

    def sign_in() -> str:
        gate.user_records(
            load_event("PostAuthentication_Authentication_federated"), LambdaContext()
        )
        world.clock.advance(1)
        world.sign_in(browser)
        previous: str = browser.get("/me", claims=claims).json()["previousSignInAt"]
        world.clock.advance(3600)
        return previous

    assert [sign_in() for _ in range(3)] == [
        "",
        "2026-01-02T03:04:06.678Z",
        "2026-01-02T04:04:07.678Z",
    ]
    gate.user_records(load_event("PostAuthentication_Authentication_federated"), LambdaContext())
    body = browser.get("/me", claims=claims).json()
    assert (body["previousSignInAt"], "lastSessionAt" in body) == (
        "2026-01-02T04:04:07.678Z",
        False,
    )


@pytest.mark.security("S-57")
def test_a_table_that_is_down_keeps_nobody_out_and_the_next_sign_in_heals(
    world: World, browser: Browser, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """The log reports the failure as an error. The table contains no partial record."""
    query = begin(world, browser)
    world.dynamodb.fault = client_error("ProvisionedThroughputExceededException")
    assert come_back(browser, query).location == "/api/"
    assert world.users() == {}
    assert "record_not_written" in [line["event"] for line in log_lines()]
    world.dynamodb.fault = None
    world.sign_in(browser)
    assert "okta_00u1ada" in world.users()


@pytest.mark.security("S-56")
def test_the_same_address_at_another_provider_is_another_person(
    world: World, browser: Browser
) -> None:
    """An equal address does not link two people. Two records exist, and the first record is unchanged."""
    world.sign_in(browser, Person())
    before = world.users()["okta_00u1ada"]
    other = Person(sub="other-sub", username="native-uuid", provider="COGNITO")
    world.clock.advance(60)
    world.sign_in(world.browser(), other, query="provider=COGNITO")
    assert world.users()["okta_00u1ada"] == before
    assert world.users()["native-uuid"]["sub"] == "other-sub"


@pytest.mark.security("S-47")
def test_a_sign_in_over_an_old_session_revokes_the_old_one(world: World, browser: Browser) -> None:
    """The browser sends the old session's cookie, and the server revokes the refresh token in the cookie."""
    world.sign_in(browser)
    (old,) = world.cognito.refresh_tokens()
    start = browser.get("/auth/login?provider=Okta")
    back = world.cognito.authorize(start.location, Person())
    browser.get(back, site="same-origin")
    assert world.cognito.is_revoked(old)
    assert browser.post("/auth/refresh").status == 200


@pytest.mark.security("S-59")
def test_a_rotated_client_secret_works_in_a_warm_container(world: World, browser: Browser) -> None:
    """After the error `invalid_client`, the server reads the secret once more, without the cache."""
    from tests.component.world import SECRET_ARN

    world.sign_in(browser)
    world.clock.advance(40)
    world.cognito.client_secret = "rotated-secret-rotated-secret-rotated"
    world.secrets.put(SECRET_ARN, {"client_secret": world.cognito.client_secret})
    assert world.sign_in(world.browser()).location == "/api/"


def test_a_wrong_client_secret_is_an_outage_and_not_a_refusal(
    world: World, browser: Browser
) -> None:
    """After two attempts, the response reports an outage. No session ends because of a wrong secret in the
    configuration."""
    world.cognito.client_secret = "rotated-but-not-stored"
    answer = world.sign_in(browser)
    assert answer.location == "/api/?error=temporarily_unavailable"
    assert world.cognito.calls(TOKEN) == 2
