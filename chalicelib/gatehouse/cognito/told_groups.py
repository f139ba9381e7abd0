"""Decides whether the groups that a provider sent for a person are valid. The person must belong to the provider, and
the provider's row in the providers table must name a claim for groups (S-51).

The decision is needed for two reasons. First, Cognito keeps the attribute `custom:groups` after the attribute mapping
is removed. Second, a person without a provider could have written the attribute. The same rule applies to tokens
(`triggers/token_claims.py`) and to routes with `fresh=True` (`flows/fresh_check.py`).
"""

from collections.abc import Callable, Mapping

from .group_texts import ToldGroups, parse_provider_groups
from .identities import Identity, parse_identities

_NONE = ToldGroups((), 0)


def told_groups(
    attributes: Mapping[str, object], tells_groups: Callable[[tuple[Identity, ...]], bool]
) -> ToldGroups:
    """Return the groups from a person's provider. `attributes` are the person's attributes in the pool.

    `tells_groups` returns whether one of the person's providers may send groups. `tells_groups` is called only if the
    person has groups from a provider.
    """
    identities = parse_identities(attributes.get("identities"))
    if not identities:
        return _NONE
    told = parse_provider_groups(attributes.get("custom:groups"))
    return told if told.names and tells_groups(identities) else _NONE
