"""Removes secrets, ids and personal data from files. Each removed value is replaced by a name. Within a file, a value
always gets the same name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

#: Members whose values are secret. The names are written in lower case and without separators.
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
#: Example addresses that RFC 2606 reserves. The people and hosts of the cases have such addresses.
_MADE_UP = re.compile(r"(?:[^@\s]+@|[\w.-]+\.)example\.(?:com|org|net)", re.IGNORECASE)
#: The minimum length of a secret value that `Masks` also replaces inside longer texts. A shorter value, for example a
#: code, could match other text by chance.
_SHORTEST = 12
#: The values of TokenValidityUnits. The members of TokenValidityUnits have the same names as tokens, but their values
#: are not secret.
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
        """Create the masks. Each value in `secrets` is masked in every member."""
        self._names: dict[str, str] = {}
        for value in secrets:
            self._name("given", value)

    def take(self, value: Any, member: str = "") -> Any:
        """Return a copy of `value` in which the secret values and the ids are replaced by names."""
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
        """Return `document` as JSON. If a value is masked in one place, it is masked everywhere, even inside a longer
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
