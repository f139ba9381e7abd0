"""Cases about refresh token rotation. Each refresh returns a new refresh token. The old token stays valid for a grace
period of 30 seconds. All tokens from one sign-in form a family."""

from __future__ import annotations

from typing import Any

from tests.cognitos.case import GUIDE, REFERENCE, case
from tests.cognitos.world import World, claims

PAGE = GUIDE + "amazon-cognito-user-pools-using-the-refresh-token.html"
LEVELS = GUIDE + "cognito-user-pools-step-up-authentication.html"
GRACE = REFERENCE + "API_RefreshTokenRotationType.html"
SECONDS = 30


@case([200, ["access_token", "id_token", "refresh_token"], True], PAGE, "endpoints")
def a_refresh_brings_a_successor(world: World) -> Any:
    """The response has three tokens, including a new refresh token."""
    token = world.tokens(world.person())["RefreshToken"]
    status, body = world.refresh(token)
    found = sorted(name for name in body if name.endswith("_token"))
    return [status, found, body.get("refresh_token") != token]


@case(200, PAGE, "endpoints")
def a_successor_renews(world: World) -> Any:
    """The case refreshes with the new token."""
    token = world.tokens(world.person())["RefreshToken"]
    return world.refresh(world.refresh(token)[1]["refresh_token"])[0]


@case([200, 200], GRACE, "endpoints")
def the_predecessor_works_during_the_grace(world: World) -> Any:
    """The old token must still work, because two tabs may refresh at once, or one tab may retry after a lost
    response."""
    token = world.tokens(world.person())["RefreshToken"]
    return [world.refresh(token)[0] for _ in range(2)]


@case([400, "invalid_grant"], GRACE, "endpoints", "clock")
def the_predecessor_dies_after_the_grace(world: World) -> Any:
    """After the grace period, only the successor is valid."""
    token = world.tokens(world.person())["RefreshToken"]
    world.refresh(token)
    world.port.wait(SECONDS + 1)
    status, body = world.refresh(token)
    return [status, body.get("error")]


@case([True, True], LEVELS, "endpoints")
def a_refresh_keeps_auth_time(world: World) -> Any:
    """The tokens before and after the refresh have the time of the sign-in. (The case makes other calls in between, so
    that the clock of a real pool has advanced.)"""
    result = world.tokens(world.person())
    began = claims(result["AccessToken"])["auth_time"]
    for _ in range(3):
        world.person()
    _, body = world.refresh(result["RefreshToken"])
    return [claims(body[name])["auth_time"] == began for name in ("access_token", "id_token")]


@case([400, "invalid_grant"], PAGE, "endpoints")
def revoking_a_successor_ends_the_family(world: World) -> Any:
    """Cognito also refuses the predecessor, even within its grace period."""
    token = world.tokens(world.person())["RefreshToken"]
    successor = world.refresh(token)[1]["refresh_token"]
    world.post("/oauth2/revoke", token=successor)
    status, body = world.refresh(token)
    return [status, body.get("error")]


@case([400, "invalid_grant"], PAGE, "endpoints", "clock")
def rotation_extends_no_session(world: World) -> Any:
    """After thirty days, Cognito also refuses the newest successor."""
    token = world.tokens(world.person())["RefreshToken"]
    world.port.wait(29 * 86_400)
    token = world.refresh(token)[1]["refresh_token"]
    world.port.wait(86_400)
    status, body = world.refresh(token)
    return [status, body.get("error")]


CALL = REFERENCE + "API_GetTokensFromRefreshToken.html"


def get_tokens(world: World, token: str, secret: str = "") -> dict[str, Any]:
    client = world.port.client
    answer = world.call(
        "get_tokens_from_refresh_token",
        ClientId=client.id,
        ClientSecret=secret or client.secret,
        RefreshToken=token,
    )
    return dict(answer["AuthenticationResult"])


@case(True, CALL)
def the_api_renews_its_own_tokens(world: World) -> Any:
    """GetTokensFromRefreshToken returns a new refresh token. (Reports disagree on whether AWS accepts tokens from
    AdminInitiateAuth in this call.)"""
    token = world.tokens(world.person())["RefreshToken"]
    return get_tokens(world, token).get("RefreshToken", token) != token


@case("NotAuthorizedException", CALL)
def the_api_wants_the_clients_secret_to_renew(world: World) -> Any:
    """The case sends a wrong secret, and Cognito refuses the refresh."""
    token = world.tokens(world.person())["RefreshToken"]
    return world.refused(get_tokens, world, token, "x" * 50)


@case("NotAuthorizedException", CALL)
def the_api_renews_no_revoked_token(world: World) -> Any:
    """The case revokes the token with RevokeToken."""
    token, client = world.tokens(world.person())["RefreshToken"], world.port.client
    world.call("revoke_token", Token=token, ClientId=client.id, ClientSecret=client.secret)
    return world.refused(get_tokens, world, token)
