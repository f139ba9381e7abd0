"""Cases about passkeys. People register a passkey with their access token, and sign in with `USER_AUTH`. Each challenge
is valid for one response."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.cognitos.case import GUIDE, REFERENCE, case
from tests.cognitos.pool import PASSKEYS
from tests.cognitos.world import ACCEPTED, World
from tests.doubles.authenticator import Authenticator

START = REFERENCE + "API_StartWebAuthnRegistration.html"
COMPLETE = REFERENCE + "API_CompleteWebAuthnRegistration.html"
LIST = REFERENCE + "API_ListWebAuthnCredentials.html"
DELETE = REFERENCE + "API_DeleteWebAuthnCredential.html"
INITIATE = REFERENCE + "API_AdminInitiateAuth.html"
ANSWER = REFERENCE + "API_AdminRespondToAuthChallenge.html"
AS_FACTOR = REFERENCE + "API_WebAuthnMfaSettingsType.html"
FLOWS = GUIDE + "amazon-cognito-user-pools-authentication-flow-methods.html"


def token(world: World, address: str) -> str:
    """Return an access token of the client that only our server uses. The token has the scope
    aws.cognito.signin.user.admin."""
    return str(world.tokens(address, world.port.server_client)["AccessToken"])


def options(world: World, access: str) -> dict[str, Any]:
    return dict(
        world.call("start_web_authn_registration", AccessToken=access)["CredentialCreationOptions"]
    )


def register(world: World, access: str, device: Authenticator, **lies: Any) -> str:
    """Register a passkey. Return whether Cognito accepted it, or the name of the error."""
    credential = device.create(options(world, access), **lies)
    return world.refused(
        world.call,
        "complete_web_authn_registration",
        AccessToken=access,
        Credential=credential,
    )


def owner(world: World) -> tuple[str, Authenticator]:
    """Make a person with one passkey. Return the address and the device."""
    address, device = world.person(), Authenticator()
    assert register(world, token(world, address), device) == ACCEPTED
    return address, device


def begin(world: World, address: str, **changed: str) -> dict[str, Any]:
    """Begin a sign-in with a passkey by calling AdminInitiateAuth."""
    parameters = {
        "USERNAME": address,
        "PREFERRED_CHALLENGE": "WEB_AUTHN",
        "SECRET_HASH": world.secret_hash(address),
        **changed,
    }
    return world.admin(
        "admin_initiate_auth",
        ClientId=world.port.client.id,
        AuthFlow="USER_AUTH",
        AuthParameters=parameters,
    )


def asked(challenge: Mapping[str, Any]) -> dict[str, Any]:
    return dict(json.loads(challenge["ChallengeParameters"]["CREDENTIAL_REQUEST_OPTIONS"]))


def outcome(
    world: World, address: str, challenge: Mapping[str, Any], credential: Mapping[str, Any]
) -> str:
    username = world.user(address)["Username"]
    return world.refused(world.answer, challenge, username, CREDENTIAL=json.dumps(credential))


def lied(world: World, **lies: Any) -> str:
    """Sign in with a passkey whose response contains false data. Return the result."""
    address, device = owner(world)
    challenge = begin(world, address)
    return outcome(world, address, challenge, device.get(asked(challenge), **lies))


@case({"party": PASSKEYS["RelyingPartyId"], "resident": "required", "verified": "required"}, START)
def a_registration_asks_for_a_discoverable_key(world: World) -> Any:
    """The options contain the pool's relying party, and the pool's requirement for user verification."""
    found = options(world, token(world, world.person()))
    selection = found["authenticatorSelection"]
    return {
        "party": found["rp"]["id"],
        "resident": selection["residentKey"],
        "verified": selection["userVerification"],
    }


@case({"outcome": ACCEPTED, "listed": 1, "party": PASSKEYS["RelyingPartyId"]}, COMPLETE)
def a_registration_is_listed(world: World) -> Any:
    """The list has the passkey with its relying party."""
    access = token(world, world.person())
    done = register(world, access, Authenticator())
    listed = world.call("list_web_authn_credentials", AccessToken=access)["Credentials"]
    return {"outcome": done, "listed": len(listed), "party": listed[0]["RelyingPartyId"]}


@case("NotAuthorizedException", START)
def the_browsers_token_registers_nothing(world: World) -> Any:
    """Cognito refuses two tokens: one without the scope aws.cognito.signin.user.admin, and one that was revoked."""
    address = world.person()
    tokens = world.tokens(address, world.port.server_client)
    client = world.port.server_client
    world.call(
        "revoke_token",
        Token=tokens["RefreshToken"],
        ClientId=client.id,
        ClientSecret=client.secret,
    )
    return world.refused(
        world.call, "start_web_authn_registration", AccessToken=tokens["AccessToken"]
    )


@case("WebAuthnOriginNotAllowedException", COMPLETE)
def another_sites_registration_is_refused(world: World) -> Any:
    """The origin in the client data does not belong to the relying party."""
    access = token(world, world.person())
    return register(world, access, Authenticator(), origin="https://app.example.net")


@case("WebAuthnRelyingPartyMismatchException", COMPLETE)
def another_relying_partys_registration_is_refused(world: World) -> Any:
    """The authenticator made the passkey for another RP ID."""
    access = token(world, world.person())
    return register(world, access, Authenticator(), rp_id="app.example.net")


@case("WebAuthnCredentialNotSupportedException", COMPLETE)
def a_registration_without_user_verification_is_refused(world: World) -> Any:
    """The pool requires user verification."""
    access = token(world, world.person())
    return register(world, access, Authenticator(), verified=False)


@case("WebAuthnChallengeNotFoundException", COMPLETE)
def a_registration_serves_once(world: World) -> Any:
    """The case sends the same response twice."""
    access, device = token(world, world.person()), Authenticator()
    given = {"AccessToken": access, "Credential": device.create(options(world, access))}
    world.call("complete_web_authn_registration", **given)
    return world.refused(world.call, "complete_web_authn_registration", **given)


@case({"name": "WEB_AUTHN", "party": PASSKEYS["RelyingPartyId"], "verified": "required"}, INITIATE)
def a_passkey_is_asked_for_by_choice(world: World) -> Any:
    """The call uses `USER_AUTH` with `PREFERRED_CHALLENGE`. The challenge has a parameter that contains the options as
    JSON."""
    challenge = begin(world, owner(world)[0])
    found = asked(challenge)
    return {
        "name": challenge["ChallengeName"],
        "party": found["rpId"],
        "verified": found["userVerification"],
    }


@case("SELECT_CHALLENGE", FLOWS)
def somebody_without_a_passkey_is_offered_others(world: World) -> Any:
    """The call prefers a passkey. The person has none, so Cognito offers other challenges."""
    return begin(world, world.person())["ChallengeName"]


@case("NotAuthorizedException", INITIATE)
def a_passkey_needs_the_secret_hash(world: World) -> Any:
    """Every flow of a client with a secret needs the secret hash."""
    return world.refused(begin, world, world.person(), SECRET_HASH="bm90IGl0")


@case({"outcome": ACCEPTED}, ANSWER)
def a_passkey_signs_in(world: World) -> Any:
    """The sign-in needs no password."""
    return {"outcome": lied(world)}


@case("NotAuthorizedException", ANSWER)
def a_passkeys_challenge_serves_once(world: World) -> Any:
    """The case sends the same response twice."""
    address, device = owner(world)
    challenge = begin(world, address)
    credential = device.get(asked(challenge))
    assert outcome(world, address, challenge, credential) == ACCEPTED
    return outcome(world, address, challenge, credential)


@case("NotAuthorizedException", ANSWER)
def the_answer_to_another_challenge_is_refused(world: World) -> Any:
    """The response belongs to the challenge of an earlier sign-in of the same person."""
    address, device = owner(world)
    earlier, challenge = begin(world, address), begin(world, address)
    return outcome(world, address, challenge, device.get(asked(earlier)))


@case("NotAuthorizedException", ANSWER)
def another_persons_passkey_is_refused(world: World) -> Any:
    """The response comes from another person's passkey, and contains that person's user handle."""
    address, _ = owner(world)
    _, other = owner(world)
    challenge = begin(world, address)
    return outcome(world, address, challenge, other.get(asked(challenge)))


@case("NotAuthorizedException", ANSWER)
def another_sites_answer_is_refused(world: World) -> Any:
    """The client data has the origin of a phishing page."""
    return lied(world, origin="https://app.example.net")


@case("NotAuthorizedException", ANSWER)
def another_relying_partys_answer_is_refused(world: World) -> Any:
    """The authenticator data has another RP ID."""
    return lied(world, rp_id="app.example.net")


@case("NotAuthorizedException", ANSWER)
def an_answer_without_user_verification_is_refused(world: World) -> Any:
    """The pool requires user verification."""
    return lied(world, verified=False)


@case("NotAuthorizedException", FLOWS)
def a_counter_that_goes_back_is_refused(world: World) -> Any:
    """A lower counter may mean that an attacker has copied the key (Web Authentication 7.2, step 22)."""
    address, device = owner(world)
    for counter, expected in ((7, ACCEPTED), (7, None)):
        challenge = begin(world, address)
        seen = outcome(world, address, challenge, device.get(asked(challenge), counter=counter))
        if expected:
            assert seen == expected
    return seen


@case({"outcome": ACCEPTED, "listed": 0, "next": "SELECT_CHALLENGE"}, DELETE)
def a_deleted_passkey_is_asked_for_no_more(world: World) -> Any:
    """After the deletion, the passkey is also missing from the person's list of passkeys."""
    address, _ = owner(world)
    access = token(world, address)
    found = world.call("list_web_authn_credentials", AccessToken=access)["Credentials"]
    done = world.refused(
        world.call,
        "delete_web_authn_credential",
        AccessToken=access,
        CredentialId=found[0]["CredentialId"],
    )
    left = world.call("list_web_authn_credentials", AccessToken=access)["Credentials"]
    return {
        "outcome": done,
        "listed": len(left),
        "next": begin(world, address)["ChallengeName"],
    }


@case("ResourceNotFoundException", DELETE)
def an_unknown_passkey_is_not_deleted(world: World) -> Any:
    """The request contains an id that belongs to none of the person's passkeys."""
    access = token(world, world.person())
    return world.refused(
        world.call, "delete_web_authn_credential", AccessToken=access, CredentialId="bm9uZQ"
    )


@case({"before": "SELECT_CHALLENGE", "after": "WEB_AUTHN"}, AS_FACTOR)
def with_a_second_factor_a_passkey_must_count_as_one(world: World) -> Any:
    """The person has an authenticator app. SetUserMFAPreference makes the passkey a second factor as well."""
    address, _ = owner(world)
    access = token(world, address)
    secret = str(world.call("associate_software_token", AccessToken=access)["SecretCode"])
    world.call("verify_software_token", AccessToken=access, UserCode=world.totp(secret))
    app = {"Enabled": True, "PreferredMfa": True}
    world.call("set_user_mfa_preference", AccessToken=access, SoftwareTokenMfaSettings=app)
    before = begin(world, address)["ChallengeName"]
    world.call(
        "set_user_mfa_preference",
        AccessToken=access,
        SoftwareTokenMfaSettings=app,
        WebAuthnMfaSettings={"Enabled": True},
    )
    return {"before": before, "after": begin(world, address)["ChallengeName"]}
