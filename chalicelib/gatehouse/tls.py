"""Provides one TLS context for all outbound connections of a container.

Reading the CA bundle takes 11 to 15 ms of processor time. Without a shared context, every client would read the CA bundle
again. botocore would even read the CA bundle again for every connection.
"""

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssl import SSLContext

_lock = threading.Lock()
_context: "SSLContext | None" = None


def shared_context() -> "SSLContext":
    """Return the context, which urllib3 sets up with certifi's whole CA bundle. Every connection's certificate and host
    name are checked."""
    global _context
    # The first calls run in parallel. Without the lock, each of these calls would make a context.
    with _lock:
        if _context is None:
            import certifi
            from urllib3.util.ssl_ import create_urllib3_context

            context = create_urllib3_context()
            context.load_verify_locations(cafile=certifi.where())
            _context = context
        return _context
