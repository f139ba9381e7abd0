"""Names of groups: the same rule for groups of the pool and for groups from an identity provider (S-51, S-69).

A name is anything that Cognito allows as a group's name (letters, marks, symbols, numbers, punctuation; 128 at most), unless
it could be read as two names. API Gateway passes `cognito:groups` as one string, `[a b]` or `a,b`. So if a group `x,admins`
were allowed, it would also count as the group `admins`. So a name must not contain a comma, begin with `[` or end with `]`.
`group_texts.py` reads and writes several names. Sources: Amazon Cognito API reference, CreateGroup; AWS "Mapping IdP
attributes to profiles and tokens".
"""

from collections.abc import Iterable

_MAX_NAME = 128


def is_one_name(name: str) -> bool:
    """Whether `name` follows the rule. `isprintable` accepts every letter, mark, symbol, number, and the space."""
    return (
        0 < len(name) <= _MAX_NAME
        and name.isprintable()
        and not {" ", ","} & set(name)
        and not name.startswith("[")
        and not name.endswith("]")
    )


def without_automatic(names: Iterable[str], user_pool_id: str) -> tuple[str, ...]:
    """Return the group names without `<pool>_<provider>`, the group to which Cognito adds each person who signs in
    through a provider."""
    return tuple(name for name in names if not name.startswith(f"{user_pool_id}_"))
