"""When a person last proved who they are, and at which sign-in: what `authorized(…, max_age=…)` goes by (docs/adr/0014).

Two claims of an access token say it; the pre-token-generation trigger sets them. `PROVED_AT` is when somebody did something:
Cognito checked a password or a passkey, or the identity provider says so in its own `auth_time`. `SEEN_AT` is when that was
seen. It ties the proof to one sign-in: Cognito's own `auth_time`, which stays the same at each refresh, must lie beside it.
So a proof in one browser says nothing of a session in another, and a silent single sign-on proves nothing at all.
Sources: RFC 9470; OpenID Connect Core 2 and 12.2 (`auth_time`); Amazon Cognito developer guide, "Authentication levels with
ACR and AMR claims" (a refresh does not reset `auth_time`) and "Pre token generation Lambda trigger" (nobody overrides it).
"""

from collections.abc import Mapping
from typing import Any

from ..errors import InsufficientUserAuthentication
from .claims import parse_moment

PROVED_AT = "gatehouse:proved_at"
SEEN_AT = "gatehouse:seen_at"
#: Seconds that `max_age` may be: below, the way to the provider and back alone takes as long.
SHORTEST_AGE, LONGEST_AGE = 30, 86_400
#: Clocks of AWS and of providers may differ by this much.
LEEWAY_SECONDS = 30
#: Seconds of Cognito's `auth_time` before and after `SEEN_AT` at one and the same sign-in: its triggers come in between.
BEFORE_SECONDS, AFTER_SECONDS = 10, 60


def build_claims(proved_at: int, seen_at: int) -> dict[str, str]:
    """Return the two claims, as text: API Gateway hands on nothing else. Unix seconds; `proved_at` 0 proves nothing."""
    return {PROVED_AT: str(proved_at), SEEN_AT: str(seen_at)}


def refuse_age(max_age: object) -> str | None:
    """Return what is wrong with a route's `max_age`, and what to write; None if nothing is."""
    is_number = isinstance(max_age, int) and not isinstance(max_age, bool)
    if is_number and max_age in range(SHORTEST_AGE, LONGEST_AGE + 1):
        return None
    return (
        f"max_age is a whole number of seconds from {SHORTEST_AGE} to {LONGEST_AGE}, not {max_age!r}: "
        "write max_age=300 for five minutes"
    )


def verify_age(context: Mapping[str, Any], max_age: int, now: float) -> None:
    """Raise InsufficientUserAuthentication unless a requestContext tells of a proof that is `max_age` seconds old at most.

    What is missing, malformed, of another sign-in, or in the future, is no proof.
    """
    claims = (context.get("authorizer") or {}).get("claims") or {}
    proved_at, seen_at = parse_moment(claims.get(PROVED_AT)), parse_moment(claims.get(SEEN_AT))
    signed_in_at = parse_moment(claims.get("auth_time"))
    if proved_at is None or seen_at is None or signed_in_at is None:
        reason = "the token does not say when the person proved anything"
    elif not seen_at - BEFORE_SECONDS <= signed_in_at <= seen_at + AFTER_SECONDS:
        reason = "the proof belongs to another sign-in"
    elif proved_at > now + LEEWAY_SECONDS:
        reason = "the proof is of the future"
    elif now - proved_at > max_age:
        reason = "the proof is too old"
    else:
        return
    raise InsufficientUserAuthentication(reason, max_age=max_age)
