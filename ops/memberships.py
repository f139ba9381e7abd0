"""This module reads and changes a person's groups. Groups come from the pool and from identity providers."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from chalicelib.gatehouse.cognito.group_texts import parse_provider_groups
from chalicelib.gatehouse.cognito.groups import is_one_name

from .directory import Directory, Person
from .errors import OpsError
from .printable import printable
from .program import PROGRAM
from .report import Reporter

# The time until a change of groups takes effect. An access token is valid for up to ten minutes. Until a token expires,
# the token contains the groups from the time of its issue.
_SOON = "within ten minutes, and at once on routes with fresh=True"


@dataclass(frozen=True)
class Groups:
    """A person's groups. `pool` has the groups of the pool, and `told` has the groups that providers sent. The groups
    in `told` apply only if `counted` is true.
    """

    pool: tuple[str, ...]
    told: tuple[str, ...]
    counted: bool

    @property
    def effective(self) -> tuple[str, ...]:
        """The groups that the person's next tokens will contain."""
        told = self.told if self.counted else ()
        names = (name for name in (*self.pool, *told) if is_one_name(name))
        return tuple(dict.fromkeys(names))


def groups_of(directory: Directory, person: Person) -> Groups:
    """Read a person's groups from the pool and the providers table."""
    told: tuple[str, ...] = ()
    if person.providers:  # Without a provider, `custom:groups` is ignored (S-51).
        told = parse_provider_groups(person.user.attributes.get("custom:groups")).names
    return Groups(
        pool=directory.groups_of(person.user_name),
        told=told,
        counted=bool(told) and bool(_telling(directory, person)),
    )


def require_group(directory: Directory, group: str) -> None:
    """Raise OpsError if the pool does not have this group. The message lists the existing groups."""
    names = directory.groups()
    if group in names:
        return
    if group.startswith(f"{directory.pool_id}_"):
        raise OpsError(
            f"Cognito manages the group {group} itself: the group contains everybody who signs in "
            "through that provider. Choose another group."
        )
    near = get_close_matches(group, names, n=1, cutoff=0.6)
    hint = f" Did you mean {near[0]}?" if near else ""
    there = ", ".join(map(printable, names)) or "none"
    raise OpsError(
        f"The pool has no group {printable(group)!r}.{hint} Groups: {there}. Create a group "
        "in the console, or with `aws cognito-idp create-group --user-pool-id "
        f"{directory.pool_id}`."
    )


def add_to_group(directory: Directory, person: Person, group: str, report: Reporter) -> None:
    """Add a person to a group of the pool."""
    require_group(directory, group)
    if group in directory.groups_of(person.user_name):
        report.note(f"{person} is already in {group}")
        return
    directory.call("admin_add_user_to_group", Username=person.user_name, GroupName=group)
    report.note(f"{person} is in {group}; the person's tokens include the group within ten minutes")
    if not is_one_name(group):
        report.note(
            f"but tokens do not contain {group!r}, because the name could be read as several "
            "names: rename the group"
        )


def remove_from_group(directory: Directory, person: Person, group: str, report: Reporter) -> None:
    """Remove a person from a group of the pool.

    Raises OpsError if a provider sends the same group, because the person would stay in the group.
    """
    groups = groups_of(directory, person)
    told = groups.counted and group in groups.told
    if group in groups.pool:
        directory.call("admin_remove_user_from_group", Username=person.user_name, GroupName=group)
        report.note(
            f"{person} was removed from the pool's {group}; the removal takes effect {_SOON}"
        )
    elif not told:
        require_group(directory, group)
        report.note(f"{person} is not in {group}")
    if told:
        names = " or ".join(_telling(directory, person))
        raise OpsError(
            f"{names} sends the group {printable(group)!r} for {person}, so this person is still "
            f"in the group. Remove the person from the group at {names}; the next sign-in then "
            f"removes the group here. To force a new sign-in now, run `{PROGRAM} user sign-out`."
        )


def _telling(directory: Directory, person: Person) -> list[str]:
    """Return the names of the person's providers that send groups."""
    rows = (directory.providers.find_ignoring_case(name) for name in person.providers)
    return [row.name for row in rows if row is not None and row.groups_claim]
