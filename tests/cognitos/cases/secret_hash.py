"""Cases about `SECRET_HASH`. A client with a secret must send the hash in every call. The hash must be computed from
exactly the user name in the call."""

from __future__ import annotations

from typing import Any

from tests.cognitos.case import GUIDE, case
from tests.cognitos.world import World, made_up_code

PAGE = GUIDE + "signing-up-users-in-your-app.html#cognito-user-pools-computing-secret-hash"
REFUSED = "NotAuthorizedException"


@case(REFUSED, PAGE)
def a_sign_up_needs_the_hash(world: World) -> Any:
    """The case calls SignUp without a hash."""
    return world.refused(world.sign_up, world.port.address(), SecretHash=None)


@case(REFUSED, PAGE)
def a_sign_ups_hash_is_over_its_own_name(world: World) -> Any:
    """The case sends the hash for another address."""
    hashed = world.secret_hash(world.port.address())
    return world.refused(world.sign_up, world.port.address(), SecretHash=hashed)


@case(REFUSED, PAGE)
def a_hash_keeps_the_letters_as_they_were_sent(world: World) -> Any:
    """The call contains the user name in upper case. Cognito refuses the hash that was computed from the lower-case
    spelling."""
    address = world.person()
    return world.refused(world.sign_in, address.upper(), SECRET_HASH=world.secret_hash(address))


@case(REFUSED, PAGE)
def a_sign_in_needs_the_hash(world: World) -> Any:
    """The case calls AdminInitiateAuth with the right password and without a hash."""
    return world.refused(world.sign_in, world.person(), SECRET_HASH=None)


@case(REFUSED, PAGE)
def another_clients_hash_does_not_serve(world: World) -> Any:
    """The case sends the hash of the server's own client with the app's client id."""
    address = world.person()
    foreign = world.secret_hash(address, world.port.server_client)
    return world.refused(world.sign_in, address, SECRET_HASH=foreign)


@case(REFUSED, PAGE)
def a_challenge_takes_the_hash_over_the_pools_own_name(world: World) -> Any:
    """USERNAME contains the pool's own user name. Cognito then refuses a hash that was computed from the address."""
    address = world.port.address()
    world.invite(address, email_verified="true")
    username = world.user(address)["Username"]
    return world.refused(
        world.answer,
        world.sign_in(address),
        username,
        NEW_PASSWORD="another-horse-battery-8",
        SECRET_HASH=world.secret_hash(address),
    )


@case(REFUSED, PAGE)
def a_code_needs_the_hash(world: World) -> Any:
    """The case calls ConfirmSignUp with another person's hash."""
    address = world.port.address()
    world.sign_up(address)
    named = {**world.named(address), "SecretHash": world.secret_hash(world.port.address())}
    return world.refused(world.call, "confirm_sign_up", **named, ConfirmationCode=made_up_code())


@case(REFUSED, PAGE)
def a_reset_needs_the_hash(world: World) -> Any:
    """The case calls ForgotPassword with another person's hash."""
    named = {**world.named(world.person()), "SecretHash": world.secret_hash("nobody")}
    return world.refused(world.call, "forgot_password", **named)
