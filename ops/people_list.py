"""This module reads the people of a stage from the pool, page by page, and lists them. A filter can select people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from . import aws
from .directory import STATUS_WORDS, Directory, Person, build_filter
from .memberships import require_group
from .printable import printable
from .report import Reporter

#: The values that `--status` accepts: shorter names for the states of the pool, and `disabled`.
STATES: Mapping[str, str] = {
    **{words.replace(" ", "-"): state for state, words in STATUS_WORDS.items()},
    "disabled": "",
}
_REPORT_EVERY = 6000


@dataclass(frozen=True)
class Filter:
    """The conditions of `user list`. A filter without conditions selects all people."""

    group: str = ""
    status: str = ""
    email_prefix: str = ""
    provider: str = ""

    def admits(self, person: Person) -> bool:
        """Tell whether the filter selects a person. The pool has already filtered by group."""
        if self.status == "disabled":
            if person.user.enabled:
                return False
        elif self.status and person.user.status != STATES[self.status]:
            return False
        if self.provider and self.provider.casefold() not in map(str.casefold, person.providers):
            return False
        return person.email.casefold().startswith(self.email_prefix.casefold())


def find_people(directory: Directory, wanted: Filter, report: Reporter) -> Iterator[Person]:
    """Yield the people whom a filter selects. For long lists, `report` shows the progress."""
    if wanted.group:
        require_group(directory, wanted.group)
    seen: set[str] = set()
    for count, person in enumerate(_candidates(directory, wanted), 1):
        if count % _REPORT_EVERY == 0:
            report.note(f"{count} people read")
        if wanted.admits(person) and person.user_name not in seen:
            if wanted.email_prefix:
                seen.add(person.user_name)
            yield person


def _candidates(directory: Directory, wanted: Filter) -> Iterator[Person]:
    """Yield the people who may match the filter. If possible, the pool applies a condition of the filter itself.

    A request to the pool may contain one condition. But a request for the people of a group cannot contain a condition.
    """
    if wanted.group:
        yield from directory.pages(group=wanted.group)
    elif wanted.email_prefix:
        # Search for the prefix as typed and in lower case, because AWS does not say whether the pool's filter
        # ignores case.
        for prefix in dict.fromkeys((wanted.email_prefix, wanted.email_prefix.lower())):
            yield from directory.pages(Filter=build_filter("email", "^=", prefix))
    elif wanted.status and wanted.status != "disabled":
        state = STATES[wanted.status]
        yield from directory.pages(Filter=build_filter("cognito:user_status", "=", state))
    else:
        yield from directory.pages()


def print_people(
    directory: Directory, wanted: Filter, report: Reporter, *, limit: int | None, as_json: bool
) -> None:
    """Print one person per line as soon as a page arrives. With `as_json`, print the people as one JSON array."""
    printed = 0
    try:
        for person in find_people(directory, wanted, report):
            if printed == limit:
                report.note(
                    f"the stage has more than {limit} matching people: raise --limit, or "
                    "pass more conditions"
                )
                break
            print(_json_line(person, printed) if as_json else _line(person), flush=True)
            printed += 1
    except ClientError as error:
        # An incomplete list must not look complete. So the JSON array stays unclosed, and the error gives the reason.
        if printed:
            report.note(f"the list stopped after {printed}: {aws.error_code(error)}")
        raise
    if as_json:
        print("]" if printed else "[]")
    elif not printed:
        report.note("nobody")


def describe(person: Person) -> dict[str, Any]:
    """Return a person's entry in the list of `user list --json`."""
    attributes = person.user.attributes
    return {
        "user_name": person.user_name,
        "email": person.email,
        "status": person.user.status,
        "enabled": person.user.enabled,
        "given_name": attributes.get("given_name", ""),
        "family_name": attributes.get("family_name", ""),
        "providers": list(person.providers),
        "created_at": person.created_at.isoformat() if person.created_at else None,
    }


def _json_line(person: Person, printed: int) -> str:
    return ("," if printed else "[") + json.dumps(describe(person))


def _line(person: Person) -> str:
    attributes = person.user.attributes
    name = f"{attributes.get('given_name', '')} {attributes.get('family_name', '')}".strip()
    told = (person.email or "-", person.status_words, ", ".join(person.providers), name)
    return "  ".join(printable(part) for part in (person.user_name, *told) if part)
