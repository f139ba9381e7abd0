"""Records and checks when a person last authenticated, for `authorized(…, max_age=…)` (docs/adr/0014).

The pre-token-generation trigger sets two claims of the access token. `PROVED_AT` is the time of the authentication: the
time at which Cognito checked a password or a passkey, or the identity provider's `auth_time`. `SEEN_AT` is the time at
which the trigger received `PROVED_AT`. `PROVED_AT` counts only for the sign-in in which the trigger received it.
Therefore `SEEN_AT` must be close to the time of the sign-in. Cognito writes this time into the token's own claim
`auth_time`, and a refresh does not change the claim.
An authentication in one browser does not count for a session in another browser. Silent single sign-on does not count
as an authentication.

Sources: RFC 9470; OpenID Connect Core 2 and 12.2 (`auth_time`); Amazon Cognito developer guide, "Authentication levels
with ACR and AMR claims" (a refresh does not reset `auth_time`) and "Pre token generation Lambda trigger" (a trigger
cannot override `auth_time`).
"""

from collections.abc import Mapping
from typing import Any

from ..errors import InsufficientUserAuthentication
from .claims import parse_moment

PROVED_AT = "gatehouse:proved_at"
SEEN_AT = "gatehouse:seen_at"
#: The range of `max_age` in seconds. The redirects to the provider and back can take almost as long as the minimum.
SHORTEST_AGE, LONGEST_AGE = 30, 86_400
#: The clocks of AWS and of providers may differ by this number of seconds.
LEEWAY_SECONDS = 30
#: In the same sign-in, Cognito's `auth_time` is at most `BEFORE_SECONDS` before `SEEN_AT` and at most `AFTER_SECONDS`
#: after `SEEN_AT`.
BEFORE_SECONDS, AFTER_SECONDS = 10, 60


def build_claims(proved_at: int, seen_at: int) -> dict[str, str]:
    """Return the two claims as text, because API Gateway passes on nothing but text. Times are Unix seconds. A
    `proved_at` of 0 means that the time of the authentication is unknown."""
    return {PROVED_AT: str(proved_at), SEEN_AT: str(seen_at)}


def refuse_age(max_age: object) -> str | None:
    """Return a text that says what is wrong with a route's `max_age` and what the correct form is. Return None for a
    valid `max_age`."""
    is_number = isinstance(max_age, int) and not isinstance(max_age, bool)
    if is_number and max_age in range(SHORTEST_AGE, LONGEST_AGE + 1):
        return None
    return (
        f"max_age must be a whole number of seconds from {SHORTEST_AGE} to {LONGEST_AGE}, not {max_age!r}: "
        "write max_age=300 for five minutes"
    )


def verify_age(context: Mapping[str, Any], max_age: int, now: float) -> None:
    """Raise InsufficientUserAuthentication unless the claims in the requestContext prove an authentication in the last
    `max_age` seconds.

    Malformed times, times from another sign-in, and times in the future do not count.
    """
    claims = (context.get("authorizer") or {}).get("claims") or {}
    proved_at, seen_at = parse_moment(claims.get(PROVED_AT)), parse_moment(claims.get(SEEN_AT))
    signed_in_at = parse_moment(claims.get("auth_time"))
    if proved_at is None or seen_at is None or signed_in_at is None:
        reason = "the token does not contain the time of an authentication"
    elif not seen_at - BEFORE_SECONDS <= signed_in_at <= seen_at + AFTER_SECONDS:
        reason = "the recorded authentication belongs to another sign-in"
    elif proved_at > now + LEEWAY_SECONDS:
        reason = "the recorded authentication is in the future"
    elif now - proved_at > max_age:
        reason = "the last authentication is too long ago"
    else:
        return
    raise InsufficientUserAuthentication(reason, max_age=max_age)
