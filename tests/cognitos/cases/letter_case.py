"""One mailbox is one account, however its address is spelled, because the pool's CaseSensitive is false."""

from __future__ import annotations

from typing import Any

from tests.cognitos.case import GUIDE, case
from tests.cognitos.world import ACCEPTED, OTHER_PASSWORD, World

PAGE = GUIDE + "user-pool-case-sensitivity.html"


@case("UsernameExistsException", PAGE)
def another_spelling_does_not_sign_up_again(world: World) -> Any:
    """The address of an existing account is sent in upper case."""
    address = world.port.address()
    world.sign_up(address)
    return world.refused(world.sign_up, address.upper())


@case("UsernameExistsException", PAGE)
def another_spelling_is_not_invited_again(world: World) -> Any:
    """An administrator cannot invite it again."""
    return world.refused(world.invite, world.person().upper())


@case(True, PAGE)
def another_spelling_finds_the_account(world: World) -> Any:
    """AdminGetUser finds the person by the address in upper case."""
    address = world.person()
    return world.user(address.upper())["sub"] == world.user(address)["sub"]


@case(ACCEPTED, PAGE)
def another_spelling_signs_in(world: World) -> Any:
    """The secret hash is made with the spelling that was typed."""
    return world.refused(world.tokens, world.person().upper())


@case(ACCEPTED, PAGE, "mail")
def another_spelling_confirms(world: World) -> Any:
    """The code of a sign-up confirms the address in upper case."""
    address = world.port.address()
    world.sign_up(address)
    return world.refused(world.confirm, address.upper(), world.port.mailed(address))


@case(ACCEPTED, PAGE, "mail")
def another_spelling_resets_the_password(world: World) -> Any:
    """The reset is requested in one spelling and completed in another."""
    address = world.person()
    world.forgot(address.upper())
    return world.refused(world.reset, address, world.port.mailed(address), OTHER_PASSWORD)


@case(True, PAGE)
def an_address_keeps_the_spelling_of_its_sign_up(world: World) -> Any:
    """The attribute is stored as it was given."""
    address = world.port.address().replace("case", "Case")
    world.sign_up(address)
    return world.user(address.lower())["email"] == address


@case(ACCEPTED, PAGE)
def a_user_names_case_does_not_matter(world: World) -> Any:
    """Administrators use the pool's own user name in upper case."""
    username = world.user(world.person())["Username"]
    return world.refused(world.user, username.upper())
