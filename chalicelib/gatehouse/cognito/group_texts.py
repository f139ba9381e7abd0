"""Reads and writes lists of group names in a provider's claim, in Cognito's attribute, and in tokens (S-51, S-69).

`custom:groups` contains the groups that a provider sent at the last sign-in. Our InboundFederation trigger writes `=` and
then the names, separated by commas, so `=` alone means no groups. Cognito may ignore an empty value, but `=` always
replaces the previous value. A text without a leading `=` was written by Cognito itself, before the trigger was attached.
"""

import json
from collections.abc import Callable, Iterable
from typing import NamedTuple
from urllib.parse import unquote_plus

from .groups import is_one_name

#: The maximum length of the attribute `custom:groups` in the identity template. The limit counts characters as Java
#: does: in UTF-16 code units.
MAX_TEXT = 2048
_WRITTEN_BY_US = "="
#: The maximum size of `cognito:groups` in a token, in bytes of JSON. All headers of a request together may have 10,240
#: bytes (Amazon API Gateway quotas). The rest of an access token takes 1.1 kB, our cookie at most 4 kB, and a browser's
#: own headers about 1 kB. In base64url, a token is a third longer than the token's JSON.
TOKEN_ROOM = 2800


class ToldGroups(NamedTuple):
    """The accepted group names in their original order, without duplicates, and the number of refused names."""

    names: tuple[str, ...]
    left_out: int


def read_groups_claim(value: object) -> ToldGroups:
    """Return the groups in a provider's claim. The claim is a list, or Cognito's text for a list, `[a, b]`."""
    if isinstance(value, list | tuple):
        return _chosen(value)
    if isinstance(value, str):
        return _chosen(_listed(value))
    return _chosen(() if value is None else (value,))


def write_groups(names: Iterable[str]) -> tuple[str, int]:
    """Return the text for `custom:groups`, and the number of names that do not fit into the text."""
    told = tuple(names)
    # Each name needs one more character: `=` before the first name, a comma before every other name.
    kept = as_many_as_fit(told, MAX_TEXT, lambda name: len(name.encode("utf-16-le")) // 2 + 1)
    return _WRITTEN_BY_US + ",".join(kept), len(told) - len(kept)


def parse_provider_groups(value: object) -> ToldGroups:
    """Return the groups in a `custom:groups` attribute."""
    if not isinstance(value, str) or not value:
        return ToldGroups((), 0)
    if len(value) > MAX_TEXT:
        return ToldGroups((), 1)
    if value.startswith(_WRITTEN_BY_US):
        names = value.removeprefix(_WRITTEN_BY_US)
        return _chosen(names.split(",") if names else ())
    return _chosen(_decoded(name) if isinstance(name, str) else name for name in _listed(value))


def fit_into_token(own: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names that fit into a token, without duplicates. The pool's names (`own`) have priority over the
    provider's names (`theirs`)."""
    kept = as_many_as_fit(own, TOKEN_ROOM, _bytes_in_token)
    left = TOKEN_ROOM - sum(map(_bytes_in_token, kept))
    others = tuple(name for name in theirs if name not in own)
    return (*kept, *as_many_as_fit(others, left, _bytes_in_token))


def as_many_as_fit(
    names: tuple[str, ...], room: int, cost: Callable[[str], int]
) -> tuple[str, ...]:
    """Return as many names as possible, in their original order. Shorter names have priority. Among names of equal
    length, earlier names have priority."""
    kept = set()
    for name in sorted(names, key=cost):
        room -= cost(name)
        if room < 0:
            break
        kept.add(name)
    return tuple(name for name in names if name in kept)


def _bytes_in_token(name: str) -> int:
    """Return the number of bytes of a name in a token, including quotes and comma. Cognito writes tokens in UTF-8."""
    return len(json.dumps(name, ensure_ascii=False).encode()) + 1


def _chosen(told: Iterable[object]) -> ToldGroups:
    listed = tuple(told)
    names = tuple(name for name in listed if isinstance(name, str) and is_one_name(name))
    return ToldGroups(tuple(dict.fromkeys(names)), len(listed) - len(names))


def _listed(text: str) -> list[object]:
    """Split a list that was converted to text. AWS documents that the claim is text, but not the form of the text.
    Three forms are therefore accepted: JSON, `[a, b]` and `a,b`."""
    text = text.strip()
    if text.startswith("["):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = text.removeprefix("[").removesuffix("]").split(",")
    else:
        found = text.split(",")
    parts = [part.strip() if isinstance(part, str) else part for part in found]
    return [part for part in parts if part != ""]


def _decoded(name: str) -> str:
    """Decode a name that Cognito has form-encoded. A name without a percent sign counts as not encoded, even if the
    name has plus signs.

    Bytes that are not UTF-8 become spaces. A name with a space is later refused, because group names must not contain
    spaces.
    """
    return unquote_plus(name).replace("\ufffd", " ") if "%" in name else name
