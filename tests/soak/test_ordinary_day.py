"""A test of ordinary use, which must work even if a defence is switched off. If this test passes and another test
fails, the cause is the missing defence, and not a broken app."""

from tests.component.direct import Direct
from tests.component.world import build_world
from tests.doubles.clock import Clock
from tests.doubles.cognito import Person


def test_ordinary_day(clock: Clock) -> None:
    """The day has two kinds of sign-in, a refresh, the person's own record, and a sign-out."""
    world = build_world(clock)
    direct = Direct(world)
    ada = world.browser()
    assert world.sign_in(ada).status == 303
    refreshed = ada.post("/auth/refresh")
    assert refreshed.status == 200
    assert refreshed.json()["user"]["sub"] == Person().sub
    claims = {
        "sub": Person().sub,
        "username": Person().username,
        "token_use": "access",
        "client_id": world.settings.client_id,
        "scope": "openid email profile api/read api/write",
        "iss": world.settings.issuer,
    }
    assert ada.get("/whoami", claims=claims).json()["sub"] == Person().sub
    grace = world.browser()
    assert direct.sign_in(browser=grace).status == 200
    assert grace.post("/auth/refresh").json()["user"]["email"] == direct.grace.email
    for browser in (ada, grace):
        assert browser.post("/auth/logout").status == 200
        assert browser.post("/auth/refresh").status == 401
