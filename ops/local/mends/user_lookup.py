"""A patch of the search for a user by name or alias. The search ignores case if the pool ignores case.

MiniStack ignores the setting `CaseSensitive`, and always distinguishes upper and lower case. In a pool that ignores
case, AWS ignores case in user names and in aliases such as the address:
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-case-sensitivity.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .emulator import Emulator, replace

SEEN_WITH = "1.5.33"


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    replace(emulator.cognito, "_resolve_user", lambda find: _ignoring_case(emulator, find))


def _ignoring_case(emulator: Emulator, find: Callable[..., Any]) -> Callable[..., Any]:
    def resolve(pool: Mapping[str, Any], username: Any) -> Any:
        user, refusal = find(pool, username)
        case_rule = pool.get("UsernameConfiguration") or {}
        if user or case_rule.get("CaseSensitive") is not False or not isinstance(username, str):
            return user, refusal
        folded = username.lower()
        aliases = pool.get("UsernameAttributes") or []
        for candidate in pool["_users"].values():
            attributes = emulator.cognito._attr_list_to_dict(candidate.get("Attributes", []))
            names = [candidate["Username"], *(attributes.get(alias) for alias in aliases)]
            if folded in (str(name).lower() for name in names if name):
                return candidate, None
        return user, refusal

    return resolve
