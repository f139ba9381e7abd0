"""Removes secrets, ids and people's data from files. A name replaces each value; the name is the same throughout a
file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

#: Members with secret values. The names of these members are in lower case and without separators.
_SECRET = {
    "password",
    "newpassword",
    "temporarypassword",
    "secrethash",
    "session",
    "accesstoken",
    "idtoken",
    "refreshtoken",
    "token",
    "secretcode",
    "usercode",
    "confirmationcode",
    "clientsecret",
    "code",
    "codeverifier",
    "softwaretokenmfacode",
    "emailotpcode",
    "smsmfacode",
    "credential",
    "credentialid",
    "credentialrequestoptions",
    "challenge",
    "attestationobject",
    "clientdatajson",
    "rawid",
    "id",
    "cookie",
    "authorization",
}
#: Members that identify an account, pool or client.
_NAMED = {"userpoolid", "clientid", "usersub", "sub", "username", "useridforsrp", "email", "userid"}
#: Example addresses that are reserved for such use (RFC 2606). The people and hosts of the cases have such addresses.
_MADE_UP = re.compile(r"(?:[^@\s]+@|[\w.-]+\.)example\.(?:com|org|net)", re.IGNORECASE)
#: `Masks` replaces a secret value inside longer texts only if the value has at least this length. Shorter values, such
#: as codes, could match by chance.
_SHORTEST = 12
#: The values of TokenValidityUnits. The members of TokenValidityUnits have the names of tokens, but the values are no
#: secrets.
_UNITS = frozenset({"seconds", "minutes", "hours", "days"})
_SWEEPS = (
    (re.compile(r"eyJ[\w-]{8,}\.[\w-]+(\.[\w-]+)?"), "<token>"),
    (re.compile(r"\b[\w.+-]+@(?!example\.(?:com|org|net)\b)[\w-]+(?:\.[\w-]+)+"), "<address>"),
    (re.compile(r"(?<=:)\d{12}(?=:)"), "<account>"),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), "<key>"),
)


class Masks:
    """The names that replace values in one file."""

    def __init__(self, *secrets: str) -> None:
        """`secrets` are values that are masked in every member."""
        self._names: dict[str, str] = {}
        for value in secrets:
            self._name("given", value)

    def take(self, value: Any, member: str = "") -> Any:
        """Return a copy of `value`. In the copy, names replace the secret values and the ids."""
        if isinstance(value, Mapping):
            if {"Name", "Value"} == set(value):
                return {"Name": value["Name"], "Value": self.take(value["Value"], value["Name"])}
            return {str(name): self.take(each, str(name)) for name, each in value.items()}
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            return [self.take(each, member) for each in value]
        if isinstance(value, str) and self._hides(member, value):
            return self._name(member, value)
        return value if isinstance(value, str | int | float | bool | None) else str(value)

    def text(self, document: Any) -> str:
        """Write `document` as JSON. A value that is masked in one place is masked everywhere, even within a longer
        text."""
        text = json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True)
        for value in sorted(self._names, key=len, reverse=True):
            if len(value) >= _SHORTEST:
                text = text.replace(json.dumps(value, ensure_ascii=False)[1:-1], self._names[value])
        for pattern, mask in _SWEEPS:
            text = pattern.sub(mask, text)
        return text + "\n"

    def _hides(self, member: str, value: str) -> bool:
        if value in _UNITS or _MADE_UP.fullmatch(value):
            return False
        plain = re.sub(r"[^a-z]", "", member.lower())
        return plain in _SECRET | _NAMED

    def _name(self, member: str, value: str) -> str:
        if value and value not in self._names:
            self._names[value] = f"<{member} {len(self._names) + 1}>"
        return self._names.get(value, "")
