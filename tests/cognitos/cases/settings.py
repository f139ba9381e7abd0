"""Cases about pool settings that AWS refuses, or resets to the default. `ops` relies on this behaviour."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.cognitos.case import REFERENCE, case
from tests.cognitos.world import World

POOL = REFERENCE + "API_UpdateUserPool.html"
CLIENT = REFERENCE + "API_UpdateUserPoolClient.html"
CREATE = REFERENCE + "API_CreateUserPoolClient.html"
ROTATION = REFERENCE + "API_RefreshTokenRotationType.html"
REFUSED = "InvalidParameterException"


@contextmanager
def client(world: World, **settings: Any) -> Iterator[dict[str, Any]]:
    """A separate client for one case, which is deleted afterwards."""
    made = world.admin("create_user_pool_client", ClientName="settings", **settings)
    found = dict(made["UserPoolClient"])
    try:
        yield found
    finally:
        world.admin("delete_user_pool_client", ClientId=found["ClientId"])


def refused(world: World, **settings: Any) -> str:
    def make() -> None:
        with client(world, **settings):
            pass

    return world.refused(make)


@contextmanager
def pool(world: World, **settings: Any) -> Iterator[str]:
    """A separate pool for one case, which is deleted afterwards."""
    made = world.call("create_user_pool", PoolName="gatehouse-cases-settings", **settings)
    pool_id = str(made["UserPool"]["Id"])
    try:
        yield pool_id
    finally:
        world.refused(world.call, "delete_user_pool", UserPoolId=pool_id)


@case([[], "OFF"], POOL, "settings")
def an_update_of_the_pool_resets_what_it_omits(world: World) -> Any:
    """UpdateUserPool sets one setting. Afterwards all other settings have their default values again."""
    settings = {"AutoVerifiedAttributes": ["email"], "MfaConfiguration": "OFF"}
    with pool(world, **settings) as pool_id:
        world.call("update_user_pool", UserPoolId=pool_id, DeletionProtection="INACTIVE")
        found = world.call("describe_user_pool", UserPoolId=pool_id)["UserPool"]
    return [found.get("AutoVerifiedAttributes", []), found["MfaConfiguration"]]


@case([[], False], CLIENT, "settings")
def an_update_of_a_client_resets_what_it_omits(world: World) -> Any:
    """UpdateUserPoolClient resets all settings that the call omits. The secret stays the same."""
    settings = {"ReadAttributes": ["email"], "GenerateSecret": True}
    with client(world, **settings, LogoutURLs=[], CallbackURLs=["https://a.example/"]) as made:
        world.admin("update_user_pool_client", ClientId=made["ClientId"], ClientName="renamed")
        found = world.admin("describe_user_pool_client", ClientId=made["ClientId"])
    found = found["UserPoolClient"]
    return [found.get("CallbackURLs", []), "ClientSecret" not in found]


@case(REFUSED, CREATE, "settings")
def an_access_token_lives_five_minutes_at_least(world: World) -> Any:
    """The case sets four minutes."""
    return refused(world, AccessTokenValidity=4, TokenValidityUnits={"AccessToken": "minutes"})


@case(REFUSED, CREATE, "settings")
def an_access_token_lives_a_day_at_most(world: World) -> Any:
    """The case sets 25 hours."""
    return refused(world, AccessTokenValidity=25, TokenValidityUnits={"AccessToken": "hours"})


@case(REFUSED, CREATE, "settings")
def a_refresh_token_lives_an_hour_at_least(world: World) -> Any:
    """The case sets 59 minutes."""
    return refused(world, RefreshTokenValidity=59, TokenValidityUnits={"RefreshToken": "minutes"})


@case(REFUSED, ROTATION, "settings")
def a_grace_is_a_minute_at_most(world: World) -> Any:
    """The case sets 61 seconds."""
    rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 61}
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    return refused(world, RefreshTokenRotation=rotation, ExplicitAuthFlows=flows)


@case(REFUSED, ROTATION, "settings")
def a_client_that_rotates_has_no_refresh_flow(world: World) -> Any:
    """Cognito refuses `ALLOW_REFRESH_TOKEN_AUTH` together with rotation."""
    rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}
    flows = ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"]
    return refused(world, RefreshTokenRotation=rotation, ExplicitAuthFlows=flows)


@case(REFUSED, CREATE, "settings")
def a_session_lasts_fifteen_minutes_at_most(world: World) -> Any:
    """The case sets an AuthSessionValidity of 16 minutes."""
    return refused(world, AuthSessionValidity=16)


@case(REFUSED, CREATE, "settings")
def a_callback_url_has_no_fragment(world: World) -> Any:
    """The case sets a URL with `#`."""
    return refused(world, CallbackURLs=["https://app.example.org/#callback"])


@case(REFUSED, CREATE, "settings")
def a_callback_url_is_https(world: World) -> Any:
    """Cognito accepts http:// only for localhost."""
    return refused(world, CallbackURLs=["http://app.example.org/callback"])


@case("ScopeDoesNotExistException", CREATE, "settings")
def a_scope_must_exist(world: World) -> Any:
    """The case sets a scope that belongs to no resource server."""
    return refused(
        world,
        AllowedOAuthFlows=["code"],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthScopes=["api/unheard"],
        CallbackURLs=["https://app.example.org/callback"],
        SupportedIdentityProviders=["COGNITO"],
    )


@case(REFUSED, POOL, "settings")
def a_protected_pool_is_not_deleted(world: World) -> Any:
    """Cognito refuses the deletion until DeletionProtection is turned off."""
    with pool(world, DeletionProtection="ACTIVE") as pool_id:
        outcome = world.refused(world.call, "delete_user_pool", UserPoolId=pool_id)
        world.refused(
            world.call, "update_user_pool", UserPoolId=pool_id, DeletionProtection="INACTIVE"
        )
    return outcome
