"""Cases about SignUp: its results and its errors."""

from __future__ import annotations

from typing import Any

from tests.cognitos.case import GUIDE, REFERENCE, case
from tests.cognitos.world import OTHER_PASSWORD, World, attributes

SIGN_UP = REFERENCE + "API_SignUp.html"
ATTRIBUTES = GUIDE + "user-pool-settings-attributes.html"


@case({"confirmed": False, "status": "UNCONFIRMED", "verified": False}, SIGN_UP)
def sign_up_makes_an_unconfirmed_account(world: World) -> Any:
    """The account is unconfirmed, and its address is unverified."""
    address = world.port.address()
    answer = world.sign_up(address)
    user = world.user(address)
    verified = user.get("email_verified") == "true"
    status = user["UserStatus"]
    return {"confirmed": answer["UserConfirmed"], "status": status, "verified": verified}


@case(True, ATTRIBUTES)
def the_user_name_is_the_sub(world: World) -> Any:
    """If people sign in by address, the pool creates the user name. The user name is the same as the `sub`."""
    address = world.port.address()
    sub = world.sign_up(address)["UserSub"]
    user = world.user(address)
    return user["Username"] == user["sub"] == sub != address


@case({"medium": "EMAIL", "attribute": "email", "masked": True}, SIGN_UP)
def a_sign_ups_destination_is_masked(world: World) -> Any:
    """The response shows where Cognito sent the code, but hides a part of the address."""
    address = world.port.address()
    details = world.sign_up(address)["CodeDeliveryDetails"]
    return _masked(details, address)


def _masked(details: dict[str, Any], address: str) -> dict[str, Any]:
    told = details["Destination"]
    masked = "***" in told and address not in told and told[0] == address[0]
    return {
        "medium": details["DeliveryMedium"],
        "attribute": details["AttributeName"],
        "masked": masked,
    }


@case({"medium": "EMAIL", "attribute": "email", "masked": True}, SIGN_UP)
def a_resent_codes_destination_is_masked(world: World) -> Any:
    """ResendConfirmationCode also hides a part of the address in its response."""
    address = world.port.address()
    world.sign_up(address)
    return _masked(world.resend(address)["CodeDeliveryDetails"], address)


@case("UsernameExistsException", SIGN_UP)
def an_address_signs_up_once(world: World) -> Any:
    """Cognito refuses a second sign-up of the address, even with another password."""
    address = world.port.address()
    world.sign_up(address)
    return world.refused(world.sign_up, address, Password=OTHER_PASSWORD)


@case("UsernameExistsException", SIGN_UP)
def an_invited_address_does_not_sign_up(world: World) -> Any:
    """An administrator has already invited the address, so Cognito refuses the sign-up."""
    return world.refused(world.sign_up, world.person())


@case("InvalidParameterException", ATTRIBUTES)
def a_user_name_must_be_an_address(world: World) -> Any:
    """In a pool where people sign in by address, Cognito refuses any other user name."""
    return world.refused(world.sign_up, "no-address", UserAttributes=[])


@case("InvalidParameterException", ATTRIBUTES)
def the_attribute_must_be_the_user_names_address(world: World) -> Any:
    """The attribute `email` may be omitted. Otherwise it must be the same as the user name."""
    told = attributes(email=world.port.address())
    return world.refused(world.sign_up, world.port.address(), UserAttributes=told)


@case("InvalidParameterException", ATTRIBUTES)
def attributes_outside_of_the_schema_are_refused(world: World) -> Any:
    """The case sends a custom attribute that the pool does not have."""
    address = world.port.address()
    told = attributes(**{"email": address, "custom:unheard": "x"})
    return world.refused(world.sign_up, address, UserAttributes=told)


@case(["Ada", "Lovelace"], SIGN_UP)
def names_are_kept_as_they_were_given(world: World) -> Any:
    """The profile has the given name and the family name of the sign-up."""
    address = world.port.address()
    told = attributes(email=address, given_name="Ada", family_name="Lovelace")
    world.sign_up(address, UserAttributes=told)
    user = world.user(address)
    return [user["given_name"], user["family_name"]]


@case("ResourceNotFoundException", SIGN_UP)
def an_unknown_client_signs_nobody_up(world: World) -> Any:
    """The call has a client id that no pool has."""
    return world.refused(world.sign_up, world.port.address(), ClientId="0" * 26)
