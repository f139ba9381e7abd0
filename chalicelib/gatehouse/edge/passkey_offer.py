"""Records in a cookie that a person refused the offer of a passkey in this browser (docs/passkeys.md).

The cookie's value lists people, the newest last. Each person is listed as the first eight hex digits of the SHA-256 of
the person's `sub`. Gatehouse does not seal the value, because the value contains no name and grants no access. If a
person changes the value, only the offers in that person's own browser change. Browsers keep a cookie for 400 days at
most (RFC 6265bis 5.5).
"""

import hashlib
import re

COOKIE = "__Host-gatehouse-offer"
LIFETIME_SECONDS = 400 * 86_400
_MOST_PEOPLE = 8
_PERSON = re.compile(r"[0-9a-f]{8}")


def is_declined(value: str | None, sub: str) -> bool:
    """Whether the person `sub` has refused the offer, according to the cookie's `value`."""
    return _name(sub) in _people(value)


def decline(value: str | None, sub: str) -> str:
    """Return the cookie's new value, which records that the person `sub` has refused the offer."""
    others = [each for each in _people(value) if each != _name(sub)]
    return ".".join([*others, _name(sub)][-_MOST_PEOPLE:])


def _people(value: str | None) -> list[str]:
    return [each for each in (value or "").split(".") if _PERSON.fullmatch(each)]


def _name(sub: str) -> str:
    return hashlib.sha256(sub.encode()).hexdigest()[:8]
