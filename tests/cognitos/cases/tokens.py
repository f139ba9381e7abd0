"""Cases about the claims in tokens, and about how a client authenticates at the OAuth endpoints."""

from __future__ import annotations

from typing import Any

from tests.cognitos.case import GUIDE, REFERENCE, case
from tests.cognitos.world import AppClient, World, claims

ACCESS = GUIDE + "amazon-cognito-user-pools-using-the-access-token.html"
IDENTITY = GUIDE + "amazon-cognito-user-pools-using-the-id-token.html"
ENDPOINT = GUIDE + "token-endpoint.html"
REVOKE = GUIDE + "revocation-endpoint.html"
REVOKE_CALL = REFERENCE + "API_RevokeToken.html"


@case({"token_use": "access", "client": True, "aud": False, "sub": True}, ACCESS)
def an_access_token_names_its_client(world: World) -> Any:
    """The token contains the claim `client_id`. It does not contain `aud`."""
    address = world.person()
    said = claims(world.tokens(address)["AccessToken"])
    return {
        "token_use": said["token_use"],
        "client": said["client_id"] == world.port.client.id,
        "aud": "aud" in said,
        "sub": said["sub"] == world.user(address)["sub"],
    }


@case({"token_use": "id", "aud": True, "name": True, "email": True}, IDENTITY)
def an_id_token_names_its_audience_and_person(world: World) -> Any:
    """The token has the claims `aud`, `cognito:username` and `email`."""
    address = world.person()
    said = claims(world.tokens(address)["IdToken"])
    return {
        "token_use": said["token_use"],
        "aud": said["aud"] == world.port.client.id,
        "name": said["cognito:username"] == world.user(address)["Username"],
        "email": said["email"] == address,
    }


@case([True, 600, 600], ACCESS)
def both_tokens_live_ten_minutes(world: World) -> Any:
    """The access token and the ID token also have the same issuer."""
    result = world.tokens(world.person())
    access, identity = claims(result["AccessToken"]), claims(result["IdToken"])
    lives = [said["exp"] - said["iat"] for said in (access, identity)]
    return [access["iss"] == identity["iss"], *lives]


@case("aws.cognito.signin.user.admin", ACCESS)
def the_servers_own_client_may_change_the_person(world: World) -> Any:
    """A person signs in through the API, and no trigger adds scopes. The access token then has only the scope
    aws.cognito.signin.user.admin."""
    result = world.tokens(world.person(), world.port.server_client)
    return claims(result["AccessToken"])["scope"]


@case([400, "invalid_grant"], ENDPOINT, "endpoints")
def a_made_up_refresh_token_is_refused(world: World) -> Any:
    """The token is a text that Cognito never issued."""
    status, body = world.refresh("made-up")
    return [status, body.get("error")]


@case([400, "invalid_client"], ENDPOINT, "endpoints")
def the_token_endpoint_wants_the_clients_secret(world: World) -> Any:
    """The endpoint refuses another secret."""
    token = world.tokens(world.person())["RefreshToken"]
    status, body = world.refresh(token, AppClient(world.port.client.id, "wrong"))
    return [status, body.get("error")]


@case([400, "invalid_grant"], ENDPOINT, "endpoints")
def a_refresh_token_is_of_one_client(world: World) -> Any:
    """The app's client sends a refresh token that was issued to the server's own client."""
    token = world.tokens(world.person(), world.port.server_client)["RefreshToken"]
    status, body = world.refresh(token)
    return [status, body.get("error")]


@case([200, [400, "invalid_grant"]], REVOKE, "endpoints")
def a_revoked_token_renews_nothing(world: World) -> Any:
    """The case revokes the token at /oauth2/revoke. The refresh after the revocation fails."""
    token = world.tokens(world.person())["RefreshToken"]
    status, _ = world.post("/oauth2/revoke", token=token)
    refused, body = world.refresh(token)
    return [status, [refused, body.get("error")]]


@case([200, 200], REVOKE, "endpoints")
def revoking_twice_is_no_error(world: World) -> Any:
    """If the token is already revoked, the endpoint returns the same response as before."""
    token = world.tokens(world.person())["RefreshToken"]
    return [world.post("/oauth2/revoke", token=token)[0] for _ in range(2)]


@case("NotAuthorizedException", REVOKE_CALL)
def revoking_ends_the_access_token_as_well(world: World) -> Any:
    """After the revocation, the user-pool API refuses the access token from the same sign-in. The case uses this access
    token to set up an authenticator app."""
    client = world.port.server_client
    result = world.tokens(world.person(), client)
    world.call(
        "revoke_token",
        Token=result["RefreshToken"],
        ClientId=client.id,
        ClientSecret=client.secret,
    )
    access = result["AccessToken"]
    return world.refused(world.call, "associate_software_token", AccessToken=access)


@case([400, "invalid_grant"], REFERENCE + "API_AdminUserGlobalSignOut.html", "endpoints")
def a_global_sign_out_ends_every_session(world: World) -> Any:
    """After the sign-out, Cognito also refuses the refresh token of another sign-in."""
    address = world.person()
    token = world.tokens(address)["RefreshToken"]
    world.admin("admin_user_global_sign_out", Username=address)
    status, body = world.refresh(token)
    return [status, body.get("error")]


@case([400, "invalid_grant"], REFERENCE + "API_AdminDeleteUser.html", "endpoints")
def a_deleted_person_is_not_renewed(world: World) -> Any:
    """Cognito refuses the refresh token of a deleted person."""
    address = world.person()
    token = world.tokens(address)["RefreshToken"]
    world.admin("admin_delete_user", Username=address)
    status, body = world.refresh(token)
    return [status, body.get("error")]
