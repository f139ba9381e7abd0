"""Gatehouse: the sign-in. It knows nothing of where it stands; docs/architecture.md shows how the parts hang together.

    from chalicelib.gatehouse import Gatehouse

What is named here is for apps that mount it; it is imported at its first use.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cognito.claims import Caller
    from .errors import GatehouseError
    from .gate import Gatehouse
    from .guard.authorization import authorized, caller_of
    from .guard.public import Public

__version__ = "0.1.0"

__all__ = [
    "Caller",
    "Gatehouse",
    "GatehouseError",
    "Public",
    "__version__",
    "authorized",
    "caller_of",
]

_HOMES = {
    "Caller": "cognito.claims",
    "Gatehouse": "gate",
    "GatehouseError": "errors",
    "Public": "guard.public",
    "authorized": "guard.authorization",
    "caller_of": "guard.authorization",
}


def __getattr__(name: str) -> Any:
    """Import a public name from where it lives (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Not by importlib: a cold start would pay for that module, too.
    home = __import__(f"{__name__}.{_HOMES[name]}", fromlist=[name])
    return getattr(home, name)
