"""Groups: a person's groups of the pool, and those that a provider tells."""

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

# An access token lives so long, and holds the groups of the moment it was made.
_SOON = "within ten minutes, at once on the administrators' own routes"


@dataclass(frozen=True)
class Groups:
    """`pool` are the pool's own, `told` what providers tell; `told` count only if `counted`."""

    pool: tuple[str, ...]
    told: tuple[str, ...]
    counted: bool

    @property
    def effective(self) -> tuple[str, ...]:
        """What the next tokens hold."""
        told = self.told if self.counted else ()
        names = (name for name in (*self.pool, *told) if is_one_name(name))
        return tuple(dict.fromkeys(names))


def groups_of(directory: Directory, person: Person) -> Groups:
    """Ask pool and providers table for a person's groups."""
    told: tuple[str, ...] = ()
    if person.providers:  # anybody else's attribute counts for nothing (S-51)
        told = parse_provider_groups(person.user.attributes.get("custom:groups")).names
    return Groups(
        pool=directory.groups_of(person.user_name),
        told=told,
        counted=bool(told) and bool(_telling(directory, person)),
    )


def require_group(directory: Directory, group: str) -> None:
    """Raise OpsError, naming the groups there are, unless the pool has this one."""
    names = directory.groups()
    if group in names:
        return
    if group.startswith(f"{directory.pool_id}_"):
        raise OpsError(f"Cognito itself keeps {group}: everybody who comes through that provider.")
    near = get_close_matches(group, names, n=1, cutoff=0.6)
    hint = f" Did you mean {near[0]}?" if near else ""
    there = ", ".join(map(printable, names)) or "none"
    raise OpsError(
        f"The pool has no group {printable(group)!r}.{hint} Groups: {there}. Make a group in the "
        f"console, or with `aws cognito-idp create-group --user-pool-id {directory.pool_id}`."
    )


def add_to_group(directory: Directory, person: Person, group: str, report: Reporter) -> None:
    """Put a person into a group of the pool."""
    require_group(directory, group)
    if group in directory.groups_of(person.user_name):
        report.note(f"{person} is in {group} already")
        return
    directory.call("admin_add_user_to_group", Username=person.user_name, GroupName=group)
    report.note(f"{person} is in {group}; tokens say so within ten minutes")
    if not is_one_name(group):
        report.note(
            f"but {group!r} could be read as several names, so it is in no token: rename the group"
        )


def remove_from_group(directory: Directory, person: Person, group: str, report: Reporter) -> None:
    """Take a person out of a group of the pool. Raises OpsError where a provider tells it as well."""
    groups = groups_of(directory, person)
    told = groups.counted and group in groups.told
    if group in groups.pool:
        directory.call("admin_remove_user_from_group", Username=person.user_name, GroupName=group)
        report.note(f"{person} is out of the pool's {group}: it counts no more {_SOON}")
    elif not told:
        require_group(directory, group)
        report.note(f"{person} is not in {group}")
    if told:
        names = " or ".join(_telling(directory, person))
        raise OpsError(
            f"{names} tells the group {printable(group)!r} of {person}, so they still have it: "
            f"take them out of it at {names}. It is gone with their next sign-in; "
            f"`{PROGRAM} user sign-out` makes that now."
        )


def _telling(directory: Directory, person: Person) -> list[str]:
    """Answer which of a person's providers tell groups now."""
    rows = (directory.providers.find_ignoring_case(name) for name in person.providers)
    return [row.name for row in rows if row is not None and row.groups_claim]
