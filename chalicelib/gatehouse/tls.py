"""One TLS context for all outbound connections of a container.

To read the bundle of authorities takes 11 to 15 ms of processor time, and every client, and with botocore every
connection, would read it again.
"""

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssl import SSLContext

_lock = threading.Lock()
_context: "SSLContext | None" = None


def shared_context() -> "SSLContext":
    """Return the context: certifi's whole bundle, certificate and host name checked, as urllib3 sets one up."""
    global _context
    # Calls are made side by side, and the first ones come together.
    with _lock:
        if _context is None:
            import certifi
            from urllib3.util.ssl_ import create_urllib3_context

            context = create_urllib3_context()
            context.load_verify_locations(cafile=certifi.where())
            _context = context
        return _context
