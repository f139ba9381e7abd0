"""Reads the attribute or claim `identities`, the list of a person's providers.

In trigger events, `identities` is JSON text. In ID tokens, `identities` is a list. If a person's profile was made at a
sign-in through a provider, the user name is `<provider>_<subject>`. `ops provider` allows no underscore in a provider's
name. A native person who was linked to a provider keeps the native user name. Source: AWS "Linking federated users to
an existing user profile".
"""

import json
from collections.abc import Mapping
from typing import NamedTuple

#: The provider name of Cognito's own users at Cognito's authorize endpoint.
NATIVE = "COGNITO"


class Identity(NamedTuple):
    """One entry of `identities`: the provider's name, and the provider's own name for the person."""

    provider: str
    subject: str


class Birthplace(NamedTuple):
    """The provider through which a person's profile was made (or `COGNITO`), and the names of providers that were
    linked later."""

    provider: str
    linked: tuple[str, ...]


def parse_identities(value: object) -> tuple[Identity, ...]:
    """Return the readable entries. Unreadable entries are ignored."""
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
    """Return the birthplace of a person, from the user name and the identities. The user name may be in lower case."""
    folded = user_name.casefold()
    names = sorted({identity.provider for identity in identities})
    for name in names:
        if folded.startswith(f"{name.casefold()}_"):
            return Birthplace(name, tuple(other for other in names if other != name))
    return Birthplace(NATIVE, tuple(names))
