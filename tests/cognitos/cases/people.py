"""Cases about the calls of administrators. Administrators invite, change, list and delete people, and help people who
have lost their phone."""

from __future__ import annotations

from typing import Any

from tests.cognitos.case import REFERENCE, case
from tests.cognitos.world import ACCEPTED, OTHER_PASSWORD, World, attributes

CREATE = REFERENCE + "API_AdminCreateUser.html"
UPDATE = REFERENCE + "API_AdminUpdateUserAttributes.html"
LIST = REFERENCE + "API_ListUsers.html"


@case({"status": "FORCE_CHANGE_PASSWORD", "verified": "true", "enabled": "True"}, CREATE)
def an_invited_person_waits_for_a_password(world: World) -> Any:
    """The address is verified if the administrator's call sets `email_verified`."""
    address = world.port.address()
    world.invite(address, email_verified="true")
    user = world.user(address)
    verified, enabled = user.get("email_verified"), user["Enabled"]
    return {"status": user["UserStatus"], "verified": verified, "enabled": enabled}


@case("UnsupportedUserStateException", CREATE)
def a_confirmed_person_is_not_invited_again(world: World) -> Any:
    """RESEND works only for people who have never signed in."""
    address = world.person()
    return world.refused(
        world.admin,
        "admin_create_user",
        Username=address,
        MessageAction="RESEND",
        DesiredDeliveryMediums=["EMAIL"],
    )


@case("UserNotFoundException", CREATE)
def an_unknown_person_is_not_invited_again(world: World) -> Any:
    """RESEND does not create an account for an unknown address."""
    return world.refused(
        world.admin,
        "admin_create_user",
        Username=world.port.address(),
        MessageAction="RESEND",
        DesiredDeliveryMediums=["EMAIL"],
    )


@case("InvalidPasswordException", REFERENCE + "API_AdminSetUserPassword.html")
def an_administrators_password_holds_to_the_policy(world: World) -> Any:
    """Cognito refuses a short password."""
    return world.refused(
        world.admin,
        "admin_set_user_password",
        Username=world.person(),
        Password="short",
        Permanent=True,
    )


@case(["CONFIRMED", ACCEPTED], REFERENCE + "API_AdminSetUserPassword.html")
def an_administrators_password_confirms(world: World) -> Any:
    """The administrator's call also confirms a sign-up that was not confirmed yet (seen in aws-sdk-js issue 2976)."""
    address = world.port.address()
    world.sign_up(address)
    world.admin(
        "admin_set_user_password", Username=address, Password=OTHER_PASSWORD, Permanent=True
    )
    status = world.user(address)["UserStatus"]
    return [status, world.refused(world.tokens_with, address, OTHER_PASSWORD)]


@case("Grace", UPDATE)
def a_changed_name_is_stored(world: World) -> Any:
    """The operation is AdminUpdateUserAttributes."""
    address = world.person(given_name="Ada")
    told = attributes(given_name="Grace")
    world.admin("admin_update_user_attributes", Username=address, UserAttributes=told)
    return world.user(address)["given_name"]


@case(False, UPDATE)
def a_blank_value_deletes_an_attribute(world: World) -> Any:
    """After the call, the profile no longer has the attribute."""
    address = world.person(given_name="Ada")
    told = attributes(given_name="")
    world.admin("admin_update_user_attributes", Username=address, UserAttributes=told)
    return "given_name" in world.user(address)


@case(False, REFERENCE + "API_AdminDeleteUserAttributes.html")
def an_attribute_is_deleted_by_name(world: World) -> Any:
    """The operation is AdminDeleteUserAttributes."""
    address = world.person(given_name="Ada")
    world.admin("admin_delete_user_attributes", Username=address, UserAttributeNames=["given_name"])
    return "given_name" in world.user(address)


@case([1, 0], LIST)
def a_filter_finds_an_address_exactly(world: World) -> Any:
    """The filter does not find a longer address with the same beginning."""
    address = world.person()
    return [
        len(world.admin("list_users", Filter=f'email = "{wanted}"')["Users"])
        for wanted in (address, address[:-1])
    ]


@case(1, LIST)
def a_filter_finds_an_address_by_its_beginning(world: World) -> Any:
    """The filter uses the comparison `^=`."""
    address = world.person()
    beginning = address.partition("@")[0]
    return len(world.admin("list_users", Filter=f'email ^= "{beginning}"')["Users"])


@case([1, True], LIST)
def a_list_comes_in_pages(world: World) -> Any:
    """Each page contains the requested number of people, and a token for the next page."""
    world.person()
    world.person()
    page = world.admin("list_users", Limit=1)
    return [len(page["Users"]), bool(page.get("PaginationToken"))]


@case("UserNotFoundException", REFERENCE + "API_AdminGetUser.html")
def an_unknown_person_is_not_found(world: World) -> Any:
    """AdminGetUser raises UserNotFoundException."""
    return world.refused(world.user, world.port.address())


@case("UserNotFoundException", REFERENCE + "API_AdminDeleteUser.html")
def a_deleted_person_is_gone(world: World) -> Any:
    """Cognito no longer finds the deleted person's user name."""
    address = world.person()
    username = world.user(address)["Username"]
    world.admin("admin_delete_user", Username=address)
    return world.refused(world.user, username)


@case(ACCEPTED, REFERENCE + "API_SignUp.html")
def a_deleted_address_signs_up_again(world: World) -> Any:
    """The new account has another `sub`."""
    address = world.person()
    world.admin("admin_delete_user", Username=address)
    return world.refused(world.sign_up, address)


@case(["SOFTWARE_TOKEN_MFA"], REFERENCE + "API_AdminGetUser.html")
def an_administrator_sees_the_factors(world: World) -> Any:
    """The person has an authenticator app."""
    address = world.person()
    world.enrol(address)
    return world.admin("admin_get_user", Username=address).get("UserMFASettingList", [])


@case(ACCEPTED, REFERENCE + "API_AdminDeleteSoftwareToken.html")
def a_lost_app_is_forgotten(world: World) -> Any:
    """The case makes the same two calls as `ops user reset-mfa`. After these calls, the person can sign in with only
    the password."""
    address = world.person()
    world.enrol(address)
    world.admin(
        "admin_set_user_mfa_preference",
        Username=address,
        SoftwareTokenMfaSettings={"Enabled": False, "PreferredMfa": False},
    )
    world.admin("admin_delete_software_token", Username=address)
    return world.refused(world.tokens, address)


@case(ACCEPTED, REFERENCE + "API_AdminSetUserMFAPreference.html")
def an_app_that_an_administrator_switched_off_is_not_asked_for(world: World) -> Any:
    """When a person uses a recovery code, our server makes the same call to turn off the authenticator app. The person
    can then sign in with only the password. Cognito still stores the app's key."""
    address = world.person()
    world.enrol(address)
    world.admin(
        "admin_set_user_mfa_preference",
        Username=world.user(address)["Username"],
        SoftwareTokenMfaSettings={"Enabled": False, "PreferredMfa": False},
    )
    return world.refused(world.tokens, address)
