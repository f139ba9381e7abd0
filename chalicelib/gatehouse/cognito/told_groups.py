"""Which groups of a provider count: those of its own people, for as long as its row names their claim (S-51).

Cognito keeps `custom:groups` when the mapping is gone, and anybody without a provider could have written it. Tokens
(`triggers/token_claims.py`) and routes that ask at the time of the call (`flows/fresh_check.py`) follow this one rule.
"""

from collections.abc import Callable, Mapping

from .group_texts import ToldGroups, parse_provider_groups
from .identities import Identity, parse_identities

_NONE = ToldGroups((), 0)


def told_groups(
    attributes: Mapping[str, object], tells_groups: Callable[[tuple[Identity, ...]], bool]
) -> ToldGroups:
    """Return the groups that a person's provider tells, by the attributes that the pool has of the person.

    `tells_groups` says whether one of the person's providers may; it is asked only where that makes a difference.
    """
    identities = parse_identities(attributes.get("identities"))
    if not identities:
        return _NONE
    told = parse_provider_groups(attributes.get("custom:groups"))
    return told if told.names and tells_groups(identities) else _NONE
