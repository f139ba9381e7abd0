"""Names of groups: one rule for the pool's own and for those that an identity provider tells (S-51, S-69).

A name is what Cognito admits as a group's name (letters, marks, symbols, numbers, punctuation; 128 at most), unless it
could read as two: API Gateway hands `cognito:groups` on as one string, `[a b]` or `a,b`, where `x,admins` would be the
group admins. So a name holds no comma, does not begin with `[` and does not end with `]`. `group_texts.py` reads and writes
several. Sources: Amazon Cognito API reference, CreateGroup; AWS "Mapping IdP attributes to profiles and tokens".
"""

from collections.abc import Iterable

_MAX_NAME = 128


def is_one_name(name: str) -> bool:
    """Tell whether `name` follows the rule. `isprintable` admits every letter, mark, symbol, number, and the space."""
    return (
        0 < len(name) <= _MAX_NAME
        and name.isprintable()
        and not {" ", ","} & set(name)
        and not name.startswith("[")
        and not name.endswith("]")
    )


def without_automatic(names: Iterable[str], user_pool_id: str) -> tuple[str, ...]:
    """Return group names without `<pool>_<provider>`, in which Cognito puts everybody who comes through a provider."""
    return tuple(name for name in names if not name.startswith(f"{user_pool_id}_"))
