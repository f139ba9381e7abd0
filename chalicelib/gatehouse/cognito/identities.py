"""Reads the `identities` attribute or claim: the providers of a person.

Cognito writes it as JSON text in trigger events and as a list in ID tokens. The user name of a person who was created
by a provider is `<provider>_<subject>` (`ops provider` allows no underscore in a provider's name); a native person who
was linked keeps the native user name. Source: AWS "Linking federated users to an existing user profile".
"""

import json
from collections.abc import Mapping
from typing import NamedTuple

#: Cognito's own users: the provider name in its authorize endpoint.
NATIVE = "COGNITO"


class Identity(NamedTuple):
    """One entry: the provider's name, and the provider's own name for the person."""

    provider: str
    subject: str


class Birthplace(NamedTuple):
    """The provider that created a person (or `COGNITO`), and the names of other providers that were linked later."""

    provider: str
    linked: tuple[str, ...]


def parse_identities(value: object) -> tuple[Identity, ...]:
    """Return the readable entries, and ignore everything else."""
    if isinstance(value, str):
        try:
            value = json.loads(value) if value else []
        except (ValueError, RecursionError):
            return ()
    if not isinstance(value, list | tuple):
        return ()
    found = []
    for entry in value:
        name = entry.get("providerName") if isinstance(entry, Mapping) else None
        if isinstance(name, str) and name:
            found.append(Identity(name, str(entry.get("userId") or "")))
    return tuple(found)


def birthplace_of(user_name: str, identities: tuple[Identity, ...]) -> Birthplace:
    """Return where a person was created, by user name and identities. The user name may be in lower case."""
    folded = user_name.casefold()
    names = sorted({identity.provider for identity in identities})
    for name in names:
        if folded.startswith(f"{name.casefold()}_"):
            return Birthplace(name, tuple(other for other in names if other != name))
    return Birthplace(NATIVE, tuple(names))
