"""The sign-in for Chalice apps. The package works under any module path. docs/architecture.md describes the parts of the
package.

    from chalicelib.gatehouse import Gatehouse

Apps that mount Gatehouse import its public names from this module. When a name is first used, the module that defines
the name is loaded.
"""

from typing import TYPE_CHECKING, Any

from . import cold_start

cold_start.load_from_one_file(__path__[0])

if TYPE_CHECKING:
    from .cognito.claims import Caller
    from .errors import GatehouseError
    from .gate import Gatehouse, gate_of, queue, stream
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
    "gate_of",
    "queue",
    "stream",
]

_HOMES = {
    "Caller": "cognito.claims",
    "Gatehouse": "gate",
    "GatehouseError": "errors",
    "Public": "guard.public",
    "authorized": "guard.authorization",
    "caller_of": "guard.authorization",
    "gate_of": "gate",
    "queue": "gate",
    "stream": "gate",
}


def __getattr__(name: str) -> Any:
    """Return the public object `name` from the module that defines the object (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # The code calls `__import__`, which is built in, because an import of importlib would slow down every cold start.
    home = __import__(f"{__name__}.{_HOMES[name]}", fromlist=[name])
    return getattr(home, name)
