"""Cases about passwords: the policy, the errors of a sign-in, and the lockout."""

from __future__ import annotations

from typing import Any

from tests.cognitos.case import GUIDE, REFERENCE, case
from tests.cognitos.world import ACCEPTED, PASSWORD, World

POLICY = GUIDE + "user-pool-settings-policies.html"
SIGN_IN = REFERENCE + "API_AdminInitiateAuth.html"
UNKNOWN = GUIDE + "cognito-user-pool-managing-errors.html"
LOCKOUT = GUIDE + "authentication.html#authentication-flow-lockout-behavior"
WRONG = "not-the-password-at-all"


@case("InvalidPasswordException", POLICY)
def a_short_password_is_refused(world: World) -> Any:
    """The password has eleven characters; the policy requires twelve."""
    return world.refused(world.sign_up, world.port.address(), Password="a" * 11)


@case(ACCEPTED, POLICY)
def letters_alone_are_a_password(world: World) -> Any:
    """The pool requires a minimum length. It does not require certain kinds of characters."""
    return world.refused(world.sign_up, world.port.address(), Password="a" * 12)


@case("InvalidParameterException", POLICY)
def a_password_does_not_begin_with_a_space(world: World) -> Any:
    """Cognito refuses a password that begins or ends with a space."""
    return world.refused(world.sign_up, world.port.address(), Password=" " + PASSWORD)


@case(
    {"tokens": ["AccessToken", "IdToken", "RefreshToken"], "type": "Bearer", "seconds": 600},
    SIGN_IN,
)
def the_right_password_brings_three_tokens(world: World) -> Any:
    """The access token and the ID token are valid for ten minutes."""
    result = world.tokens(world.person())
    found = sorted(name for name in result if name.endswith("Token"))
    return {"tokens": found, "type": result["TokenType"], "seconds": result["ExpiresIn"]}


@case("NotAuthorizedException", SIGN_IN)
def a_wrong_password_is_refused(world: World) -> Any:
    """Cognito returns the error NotAuthorizedException."""
    return world.refused(world.sign_in, world.person(), WRONG)


@case(True, UNKNOWN)
def an_unknown_address_is_refused_in_the_same_words(world: World) -> Any:
    """Cognito returns the same error code and the same message as for a wrong password."""
    return _words(world, world.person(), WRONG) == _words(world, world.port.address(), WRONG)


def _words(world: World, name: str, password: str) -> list[str]:
    from botocore.exceptions import ClientError

    try:
        world.sign_in(name, password)
    except ClientError as error:
        told = error.response["Error"]
        return [told["Code"], told["Message"]]
    return [ACCEPTED]


@case("UserNotConfirmedException", SIGN_IN)
def an_unconfirmed_account_does_not_sign_in(world: World) -> Any:
    """Cognito refuses the sign-in, although the password is right."""
    address = world.port.address()
    world.sign_up(address)
    return world.refused(world.sign_in, address)


@case("NotAuthorizedException", REFERENCE + "API_AdminDisableUser.html")
def a_disabled_account_does_not_sign_in(world: World) -> Any:
    """The right password does not sign the person in."""
    address = world.person()
    world.admin("admin_disable_user", Username=address)
    return world.refused(world.sign_in, address)


@case(ACCEPTED, REFERENCE + "API_AdminEnableUser.html")
def an_enabled_account_signs_in_again(world: World) -> Any:
    """The password is the same as before."""
    address = world.person()
    world.admin("admin_disable_user", Username=address)
    world.admin("admin_enable_user", Username=address)
    return world.refused(world.tokens, address)


@case("NotAuthorizedException", LOCKOUT)
def six_wrong_passwords_lock_the_account(world: World) -> Any:
    """A lock of one second begins after the sixth wrong password. During this second, Cognito refuses even the right
    password."""
    address = world.person()
    for _ in range(6):
        world.refused(world.sign_in, address, WRONG)
    return world.refused(world.sign_in, address)


@case(ACCEPTED, LOCKOUT, "clock")
def a_lock_ends_by_itself(world: World) -> Any:
    """The lock lasts at most a quarter of an hour."""
    address = world.person()
    for _ in range(20):
        world.refused(world.sign_in, address, WRONG)
    world.port.wait(900)
    return world.refused(world.sign_in, address)


@case("InvalidParameterException", SIGN_IN, "settings")
def a_flow_that_the_client_does_not_allow_is_refused(world: World) -> Any:
    """The app's client accepts passwords only in calls from the server."""
    address = world.person()
    hashed = world.secret_hash(address)
    return world.refused(
        world.call,
        "initiate_auth",
        ClientId=world.port.client.id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": address, "PASSWORD": PASSWORD, "SECRET_HASH": hashed},
    )
