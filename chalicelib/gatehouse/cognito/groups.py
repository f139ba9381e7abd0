"""The rule for group names, both for groups of the pool and for groups from an identity provider (S-51, S-69).

Cognito allows letters, marks, symbols, numbers and punctuation in a group's name, and 128 characters at most. API
Gateway passes `cognito:groups` as one string, `[a b]` or `a,b`. Gatehouse therefore has a stricter rule, and refuses
names that could be read as two names. For example, a group `x,admins` would also count as the group `admins`. A name
must not contain a comma, must not begin with `[`, and must not end with `]`. `group_texts.py` reads and writes lists of
names. Sources: Amazon Cognito API reference, CreateGroup; AWS "Mapping IdP attributes to profiles and tokens".
"""

from collections.abc import Iterable

_MAX_NAME = 128


def is_one_name(name: str) -> bool:
    """Return whether `name` follows the rule. `isprintable` accepts every letter, mark, symbol and number. It also
    accepts the space, so the function checks for spaces separately."""
    return (
        0 < len(name) <= _MAX_NAME
        and name.isprintable()
        and not {" ", ","} & set(name)
        and not name.startswith("[")
        and not name.endswith("]")
    )


def without_automatic(names: Iterable[str], user_pool_id: str) -> tuple[str, ...]:
    """Return the group names without Cognito's automatic groups. If a person signs in through a provider,
    Cognito adds the person to a group `<pool>_<provider>`."""
    return tuple(name for name in names if not name.startswith(f"{user_pool_id}_"))
