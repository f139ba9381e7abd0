"""Cases about groups: their members, and the groups in tokens."""

from __future__ import annotations

from typing import Any

from tests.cognitos.case import GUIDE, REFERENCE, case
from tests.cognitos.world import World, claims

PAGE = GUIDE + "cognito-user-pools-user-groups.html"
ADD = REFERENCE + "API_AdminAddUserToGroup.html"


def join(world: World, address: str, group: str = "admins") -> None:
    world.admin("admin_add_user_to_group", Username=address, GroupName=group)


@case([["admins"], ["admins"]], PAGE)
def both_tokens_name_the_groups(world: World) -> Any:
    """In both tokens, the claim `cognito:groups` is a list."""
    address = world.person()
    join(world, address)
    result = world.tokens(address)
    return [claims(result[name]).get("cognito:groups") for name in ("AccessToken", "IdToken")]


@case([False, False], PAGE)
def tokens_of_people_without_groups_have_no_claim(world: World) -> Any:
    """Tokens of people without groups lack the claim `cognito:groups`."""
    result = world.tokens(world.person())
    return ["cognito:groups" in claims(result[name]) for name in ("AccessToken", "IdToken")]


@case(["admins"], ADD)
def joining_twice_is_no_error(world: World) -> Any:
    """The case adds the person to the same group twice. The person's list of groups then contains the group once."""
    address = world.person()
    join(world, address)
    join(world, address)
    found = world.admin("admin_list_groups_for_user", Username=address)["Groups"]
    return [group["GroupName"] for group in found]


@case("ResourceNotFoundException", ADD)
def nobody_joins_an_unknown_group(world: World) -> Any:
    """Cognito refuses a group that does not exist."""
    return world.refused(join, world, world.person(), "unheard")


@case([], REFERENCE + "API_AdminRemoveUserFromGroup.html")
def somebody_who_left_is_in_no_group(world: World) -> Any:
    """After the person has left the group, the person's next tokens have no groups either
    (`tokens_of_people_without_groups_have_no_claim`)."""
    address = world.person()
    join(world, address)
    world.admin("admin_remove_user_from_group", Username=address, GroupName="admins")
    return world.admin("admin_list_groups_for_user", Username=address)["Groups"]


@case(True, REFERENCE + "API_ListUsersInGroup.html")
def a_group_lists_its_members(world: World) -> Any:
    """The list has the pool's own user names."""
    address = world.person()
    join(world, address, "readers")
    found = world.admin("list_users_in_group", GroupName="readers")["Users"]
    return world.user(address)["Username"] in [user["Username"] for user in found]


@case("ResourceNotFoundException", REFERENCE + "API_ListUsersInGroup.html")
def an_unknown_group_lists_nobody(world: World) -> Any:
    """Cognito returns an error. It does not return an empty list."""
    return world.refused(world.admin, "list_users_in_group", GroupName="unheard")


@case(["admins"], PAGE, "endpoints")
def a_refresh_tells_new_groups(world: World) -> Any:
    """The person joins a group after the sign-in. The tokens from the next refresh contain this group."""
    address = world.person()
    token = world.tokens(address)["RefreshToken"]
    join(world, address)
    return claims(world.refresh(token)[1]["access_token"]).get("cognito:groups")
