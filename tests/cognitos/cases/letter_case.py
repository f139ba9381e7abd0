"""Cases about upper and lower case in addresses. All spellings of an address belong to one account, because the pool's
CaseSensitive is false."""

from __future__ import annotations

from typing import Any

from tests.cognitos.case import GUIDE, case
from tests.cognitos.world import ACCEPTED, OTHER_PASSWORD, World

PAGE = GUIDE + "user-pool-case-sensitivity.html"


@case("UsernameExistsException", PAGE)
def another_spelling_does_not_sign_up_again(world: World) -> Any:
    """The case calls SignUp with the address of an existing account, written in upper case."""
    address = world.port.address()
    world.sign_up(address)
    return world.refused(world.sign_up, address.upper())


@case("UsernameExistsException", PAGE)
def another_spelling_is_not_invited_again(world: World) -> Any:
    """An administrator cannot invite the address of an existing account in another spelling."""
    return world.refused(world.invite, world.person().upper())


@case(True, PAGE)
def another_spelling_finds_the_account(world: World) -> Any:
    """AdminGetUser finds the person by the address in upper case."""
    address = world.person()
    return world.user(address.upper())["sub"] == world.user(address)["sub"]


@case(ACCEPTED, PAGE)
def another_spelling_signs_in(world: World) -> Any:
    """The case computes the secret hash from the spelling that the request contains."""
    return world.refused(world.tokens, world.person().upper())


@case(ACCEPTED, PAGE, "mail")
def another_spelling_confirms(world: World) -> Any:
    """The mailed code confirms the account even if the call has the address in upper case."""
    address = world.port.address()
    world.sign_up(address)
    return world.refused(world.confirm, address.upper(), world.port.mailed(address))


@case(ACCEPTED, PAGE, "mail")
def another_spelling_resets_the_password(world: World) -> Any:
    """The person requests the reset in one spelling and completes the reset in another spelling."""
    address = world.person()
    world.forgot(address.upper())
    return world.refused(world.reset, address, world.port.mailed(address), OTHER_PASSWORD)


@case(True, PAGE)
def an_address_keeps_the_spelling_of_its_sign_up(world: World) -> Any:
    """The attribute `email` keeps the spelling that was used at the sign-up."""
    address = world.port.address().replace("case", "Case")
    world.sign_up(address)
    return world.user(address.lower())["email"] == address


@case(ACCEPTED, PAGE)
def a_user_names_case_does_not_matter(world: World) -> Any:
    """AdminGetUser accepts the pool's own user name in upper case."""
    username = world.user(world.person())["Username"]
    return world.refused(world.user, username.upper())
