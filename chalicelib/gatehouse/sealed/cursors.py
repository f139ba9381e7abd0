"""Sealed cursors. A cursor is the position of a list's next page. Callers can neither read nor forge a cursor."""

from ..errors import InvalidRequest, SealBroken
from .sealing import Sealer


class Cursors:
    """Seals and opens the cursors of one list. Each list has its own `purpose`."""

    def __init__(self, sealer: Sealer, purpose: str) -> None:
        self._sealer = sealer
        self._purpose = f"cursor/{purpose}"

    def seal(self, key: str) -> str:
        """Return the cursor of the page that begins after `key`."""
        return self._sealer.seal(self._purpose, key.encode())

    def open(self, cursor: str) -> str:
        """Return the key in a cursor. Raises InvalidRequest for any value that was not sealed for this list."""
        try:
            return self._sealer.open(self._purpose, cursor).decode()
        except (SealBroken, UnicodeDecodeError):
            raise InvalidRequest(
                "cursor belongs to another list, or is invalid", field="cursor"
            ) from None
