"""Groups that an identity provider tells, as Cognito stores them in `custom:groups` (S-51).

AWS documents only that a list claim becomes a string whose values are form encoded where they hold more than letters,
digits and `.-*_` ("Mapping IdP attributes to profiles and tokens"), so every likely spelling is read: JSON, `[a, b]`,
`a,b`, and `%3A` for a colon. Names with spaces or other characters that a reader of `cognito:groups` could split are
left out: API Gateway hands that claim on as one string `[a b]`, where `x admins` would read as two groups.
"""

import json
import re
from collections.abc import Iterable
from urllib.parse import unquote_plus

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@/+-]{0,127}")
#: Longer attributes cannot be stored (`custom:groups` in the identity template).
_MAX_TEXT = 2048


def parse_provider_groups(value: object) -> tuple[str, ...]:
    """Return the valid names in a `custom:groups` attribute, each once, in their order."""
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        return ()
    text = value.strip()
    names: Iterable[object] = ()
    if text.startswith("["):
        try:
            names = json.loads(text)
        except (ValueError, RecursionError):
            names = text.removeprefix("[").removesuffix("]").split(",")
    else:
        names = text.split(",")
    cleaned = (_decoded(name.strip()) for name in names if isinstance(name, str))
    return tuple(dict.fromkeys(name for name in cleaned if _NAME.fullmatch(name)))


def _decoded(name: str) -> str:
    """Undo form encoding where there is some; a plus sign alone is part of a name that nobody encoded."""
    return unquote_plus(name) if "%" in name else name


def is_one_name(name: str) -> bool:
    """Tell whether a group's name can only be read as one, however API Gateway writes the list: `a,b` or `[a b]`.

    Cognito admits commas and brackets in the names of a pool's groups.
    """
    return bool(name) and not re.search(r"[,\s]|^\[|\]$", name)


def without_automatic(names: Iterable[str], user_pool_id: str) -> tuple[str, ...]:
    """Return group names without `<pool>_<provider>`, in which Cognito puts everybody who comes through a provider."""
    return tuple(name for name in names if not name.startswith(f"{user_pool_id}_"))
