"""Tests that no way of printing an object shows the object's secret. The tests find new types with a secret field
automatically."""

import ast
import importlib
import inspect
import json
import pkgutil
import re
import traceback
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from chalicelib import gatehouse
from chalicelib.gatehouse.setting import SettingTable

ROOT = Path(gatehouse.__file__).parent
CANARY = "canary-0123456789"
#: The pattern for the names of fields with secrets. Printing an object must not show these fields.
SECRET = re.compile(
    r"token|secret|passw|code|nonce|state$|verifier|cookie|sealed|^session$|^device|^key|pepper|"
    r"^identifier$|"
    r"authorize_url|^uri$|^body$|parameters|^account$|error_description"
)
#: Fields that contain only the name of a secret. The key is type.field, and the value is the reason why the field may
#: be printed.
HARMLESS = {
    "Settings.client_secret_arn": "where the secret is",
    "Settings.sealing_keys_secret_arn": "where the keys are",
    "Settings.mfa_client_secret_arn": "where the secret is",
    "Settings.captcha_secret_arn": "where the secret is",
    "LeavingRules.secret_arn": "where the secret is",
    "LeavingRules.keys_url": "where public keys are",
    "_KeySet.keys": "public keys",
    "_Allowance.key": "an HMAC",
    "SessionRow.device": "names of a browser and a system",
    "LoginStart.surplus_cookies": "names of cookies",
    "Asked.body": "the data for the page: a challenge's name and choices",
    "Challenged.body": "the same",
    "CaptchaNeeded.body": "the puzzle's public parameters",
}


def value_types() -> list[type[Any]]:
    """Return every dataclass, named tuple and table of settings of the package."""
    found = []
    for module in pkgutil.walk_packages(gatehouse.__path__, "chalicelib.gatehouse."):
        for value in vars(importlib.import_module(module.name)).values():
            own = inspect.isclass(value) and value.__module__ == module.name
            kinds = ("_fields", "__dataclass_fields__", "every_setting")
            if own and any(hasattr(value, kind) for kind in kinds):
                found.append(value)
    return found


TYPES = value_types()


def is_secret(kind: type[Any], name: str) -> bool:
    return bool(SECRET.search(name)) and f"{kind.__name__}.{name}" not in HARMLESS


def fields_of(kind: type[Any]) -> dict[str, Any]:
    """Return a mapping from each field's name to its type."""
    if issubclass(kind, SettingTable):
        return {setting.attribute: str for setting in kind.declared}
    return {
        name: hint
        for name, hint in typing.get_type_hints(kind, localns=FORWARD).items()
        if name in getattr(kind, "__dataclass_fields__", getattr(kind, "_fields", ()))
    }


def made(kind: type[Any]) -> Any:
    """Return an instance of the type with a canary text in each secret field."""
    return kind(**{name: value_for(kind, name, hint) for name, hint in fields_of(kind).items()})


def value_for(kind: type[Any], name: str, hint: Any) -> Any:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        hint = next(part for part in typing.get_args(hint) if part is not type(None))
    if hint in TYPES:
        return made(hint)
    text = CANARY if is_secret(kind, name) else "plain"
    if hint is str:
        return text
    if typing.get_origin(hint) in (Mapping, dict):
        return {text: text}
    if typing.get_origin(hint) in (tuple, list, frozenset):
        return typing.get_origin(hint)([text])
    return 7


FORWARD = {"RSAPublicKey": object}
BEARERS = [
    kind
    for kind in TYPES
    if any(is_secret(kind, name) or hint in TYPES for name, hint in fields_of(kind).items())
]


def test_the_walk_finds_the_types_that_are_known_to_bear_secrets() -> None:
    """If the search or the pattern of names had an error, the search would not find these known types."""
    names = {kind.__name__ for kind in BEARERS}
    assert names >= {
        *("TokenSet", "HttpAnswer", "Session", "LoginTransaction", "Challenge", "Enrolment"),
        *("KeyRing", "SignedIn", "LoginStart", "CallbackQuery", "DirectlySignedIn", "Refreshed"),
        *("ChallengeAnswer", "TotpKey", "Step", "Visitor", "Device"),
    }


def test_every_exception_from_the_rule_is_still_needed() -> None:
    """If a field is removed, the field's exception must also be removed."""
    present = {f"{kind.__name__}.{name}" for kind in TYPES for name in fields_of(kind)}
    assert set(HARMLESS) <= present


@pytest.mark.security("S-61")
@pytest.mark.parametrize("kind", BEARERS, ids=lambda kind: kind.__name__)
def test_a_value_with_a_secret_does_not_print_it(kind: type[Any]) -> None:
    """The test uses repr, str, format, %, the log's JSON, an exception's message, and a traceback with local variables."""
    value = made(kind)
    try:
        raise ValueError(value)
    except ValueError as error:
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        told = "".join(shown.format()) + repr(error)
    printed = [
        repr(value),
        str(value),
        f"{value} {value!r} {value!s}",
        "%s %r" % (value, value),
        json.dumps({"detail": value, "list": [value]}, default=str),
        told,
    ]
    assert CANARY not in "".join(printed)


@pytest.mark.security("S-61")
def test_the_same_values_hold_the_canary() -> None:
    """The test reads each field to show that the objects really contain the values that printing hides."""
    silent = []
    for kind in BEARERS:
        value = made(kind)
        own = [getattr(value, name) for name in fields_of(kind) if is_secret(kind, name)]
        silent += [
            kind.__name__
            for held in own
            if not hasattr(held, "_fields") and CANARY not in str(held)
        ]
    assert [name for name in silent if name not in NESTED] == []


#: Types with a secret in a nested object. The nested object's type is also in the list of types.
NESTED = {"Step", "SignedIn", "DirectlySignedIn", "Refreshed"}


@pytest.mark.security("S-61")
def test_values_become_plain_data_only_where_they_are_sealed_or_shown_on_purpose() -> None:
    """`asdict` exposes all fields, so only the listed files may use `asdict`. No file may use `vars`, `__dict__`,
    `pickle` or similar modules."""
    opened, forbidden = set(), []
    for path in ROOT.rglob("*.py"):
        name = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                words = {a.name for a in node.names} | {getattr(node, "module", None)}
                banned = {"pickle", "marshal", "shelve", "copyreg"}
                if name == "cold_start.py":
                    banned -= {"marshal"}  # this file reads the zip's own bytecode
                forbidden += [name for word in words if word in banned]
            if isinstance(node, ast.Attribute) and node.attr == "__dict__":
                forbidden.append(name)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("asdict", "vars"):
                opened.add(name)
    assert forbidden == []
    assert opened == {
        "cold_start.py",
        "session/sessions.py",  # values that are then sealed
        "sealed/transactions.py",
        "mail_requests.py",  # the event that our own function gets
        "signals.py",  # a message that our own queue gets
        "sealed/challenges.py",
        "sealed/departures.py",
        "sealed/devices.py",
        "store/recovery_codes.py",  # hashes that are written into the person's row
        "routes/me.py",  # the record, for the person themselves
        "routes/users.py",  # records, which administrators may see
    }
