"""Reads Cognito's claims: groups, and the caller of an authorized route (S-49, S-50).

API Gateway's authorizer checks signature, expiry and scope, but not the audience. The authorizer accepts a token of any
client of the pool. On a route without a scope, the authorizer accepts even an ID token. This module therefore checks
`token_use`, `client_id` and `scope`. Source: AWS "Control access to REST APIs using Amazon Cognito user pools as an
authorizer".
"""

from collections.abc import Collection, Mapping
from typing import Any

from ..errors import Forbidden, Unauthorized
from .groups import without_automatic

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
#: The last second that a date can represent (9999-12-31T23:59:59Z).
_LAST_SECOND = 253_402_300_799


class Caller:
    """The person to whom an access token belongs. `sub` identifies the person. `username` is the key in the users
    table.

    `Caller` is not a named tuple, because Python would generate and compile the code of a named tuple at every cold
    start.
    """

    def __init__(
        self, sub: str, username: str, scopes: tuple[str, ...], groups: tuple[str, ...]
    ) -> None:
        self.sub = sub
        self.username = username
        self.scopes = scopes
        self.groups = groups

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Caller) and other._values() == self._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        return f"Caller{self._values()!r}"

    def _values(self) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
        return self.sub, self.username, self.scopes, self.groups


def parse_groups(value: object) -> tuple[str, ...]:
    """Return the names in `cognito:groups`. A token contains a list of names. API Gateway turns the list into one string,
    `[a b]` or `a,b`."""
    if isinstance(value, str):
        return tuple(value.strip().removeprefix("[").removesuffix("]").replace(",", " ").split())
    if isinstance(value, list | tuple):
        return tuple(name for name in value if isinstance(name, str))
    return ()


def parse_issued_at(context: Mapping[str, Any]) -> int:
    """Return the claim `iat` of an event's requestContext in Unix seconds. Raises Unauthorized if `iat` is not
    readable.

    API Gateway's Cognito authorizer passes `exp` and `iat` as dates, such as `Mon Nov 30 12:00:00 UTC 2026`. AWS does not
    document this format. Sources: aws/serverless-java-container #25 and awsdocs/amazon-api-gateway-developer-guide #158.
    """
    claims = (context.get("authorizer") or {}).get("claims") or {}
    seconds = parse_moment(claims.get("iat"))
    if seconds is None:
        raise Unauthorized("iat is neither a number of seconds nor a date in API Gateway's form")
    return seconds


def parse_moment(value: object) -> int | None:
    """Return a claim's time in Unix seconds. The claim may be a number, digits or a date. For any other value, the result
    is None."""
    if isinstance(value, str):
        if value.isascii() and value.isdigit() and len(value) <= len(str(_LAST_SECOND)):
            value = int(value)
        else:
            value = _parse_date(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LAST_SECOND:
        return value
    return None


def _parse_date(text: str) -> int | None:
    """Return the Unix seconds of a UTC date in the format of Java's `Date.toString`, or None for any other text."""
    from datetime import datetime, timezone

    try:
        _, month, day, clock, _, year = text.split(" ")
        hour, minute, second = clock.split(":")
        numbers = (int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute))
        moment = datetime(*numbers, int(second), tzinfo=timezone.utc)
    except (ValueError, OverflowError):
        return None
    # The date is formatted again, and the result must equal the original text. The comparison refuses a wrong weekday,
    # a number with a plus or minus, and another time zone.
    again = f"{_DAYS[moment.weekday()]} {_MONTHS[moment.month - 1]} {moment:%d %H:%M:%S} UTC {moment.year:04d}"
    return int(moment.timestamp()) if again == text else None


def verify_caller(
    context: Mapping[str, Any], *, client_ids: Collection[str], scope: str, group: str | None
) -> Caller:
    """Return the caller of an event's requestContext. Raises Unauthorized if the token is not an access token of one of
    the app clients. Raises Forbidden if the scope or the group is missing.

    `client_ids` are the app clients whose tokens are accepted.
    """
    authorizer = context.get("authorizer") or {}
    claims = authorizer.get("claims") if isinstance(authorizer, Mapping) else None
    if not isinstance(claims, Mapping):
        raise Unauthorized("the authorizer passed on no claims")
    if claims.get("token_use") != "access":
        raise Unauthorized("the token is not an access token")
    if claims.get("client_id") not in client_ids:
        raise Unauthorized("the token belongs to another app client")
    sub, username = claims.get("sub"), claims.get("username")
    if not isinstance(sub, str) or not sub or not isinstance(username, str) or not username:
        raise Unauthorized("the token lacks sub or username")
    scopes = tuple(str(claims.get("scope", "")).split())
    if scope not in scopes:
        raise Forbidden("scope is missing")
    pool = str(claims.get("iss", "")).rpartition("/")[2]
    groups = without_automatic(parse_groups(claims.get("cognito:groups")), pool)
    if group is not None and group not in groups:
        raise Forbidden("group is missing")
    return Caller(sub, username, scopes, groups)
