"""Stores a person's recovery codes as hashes, and removes each code at its first use (docs/adr/0015-recovery-codes.md).

The column `recoveryCodes` of the person's row in the users table is JSON. The JSON contains a random key, the
HMAC-SHA-256 of each code with that key, and the time of the last use. A code has 80 random bits, so a hash does not
reveal the code. A conditional write removes the used code. So if two containers receive the same code, only one of the
two succeeds.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ..errors import TemporarilyUnavailable
from .dynamodb import ConditionFailed, DynamoDB, read_text, translated_errors
from .users import key_of

_COLUMN = "recoveryCodes"
_KEY_BYTES = 32
#: The maximum number of times that a write is tried. A try fails if another write changes the row at the same time.
_RACES = 5


@dataclass(frozen=True)
class CodeSet:
    """The unused codes of one person. `used_at` is ISO 8601 UTC, or empty before the first use."""

    key: str = field(default="", repr=False)
    digests: tuple[str, ...] = field(default=(), repr=False)
    used_at: str = ""
    #: A random text that identifies one call of `spend`. If the answer to the call's write is lost, this text in the
    #: row shows that the write has succeeded.
    writer: str = ""

    def digest_of(self, code: str) -> str:
        """Return the hash of a code."""
        return hmac.new(bytes.fromhex(self.key), code.encode(), hashlib.sha256).hexdigest()

    def find(self, code: str) -> str | None:
        """Return the hash of an unused code, or None for any other code. The method compares all hashes, each in
        constant time."""
        if not self.key:
            return None
        wanted = self.digest_of(code)
        found = [each for each in self.digests if hmac.compare_digest(each, wanted)]
        return found[0] if found else None


@dataclass(frozen=True)
class Spent:
    """The result of `spend`: the column's text before and after a code was used up."""

    before: str = field(repr=False)
    after: str = field(repr=False)
    left: int = 0


class RecoveryCodeStore:
    """Reads and writes the column `recoveryCodes`. Every method raises TemporarilyUnavailable."""

    def __init__(self, client: DynamoDB, table: str) -> None:
        self._client = client
        self._table = table

    def load(self, user_name: str) -> CodeSet:
        """Return a person's unused codes. If the column's text cannot be read, the result has no codes."""
        return _parse(self._read(user_name))

    def replace(self, user_name: str, codes: Sequence[str]) -> None:
        """Store new codes, which replace all earlier codes. For a person without a row, the method raises
        TemporarilyUnavailable."""
        key = secrets.token_hex(_KEY_BYTES)
        made = CodeSet(key=key)
        made = replace(made, digests=tuple(made.digest_of(code) for code in codes))
        if not self._write(user_name, _text_of(made), None):
            raise TemporarilyUnavailable(
                "the person has no record in which recovery codes can be stored"
            )

    def remove(self, user_name: str) -> None:
        """Remove all codes of a person."""
        self._write(user_name, "", None)

    def spend(self, user_name: str, code: str, now: str) -> Spent | None:
        """Use a code up. Return None for a wrong or used code. `now` is ISO 8601 UTC."""
        writer = secrets.token_hex(8)
        before = ""
        for _ in range(_RACES):
            text = self._read(user_name)
            found = _parse(text)
            # An earlier attempt of this write succeeded, but the answer was lost.
            if found.writer == writer:
                return Spent(before, text, len(found.digests))
            digest = found.find(code)
            if digest is None:
                return None
            digests = tuple(each for each in found.digests if each != digest)
            left = replace(found, digests=digests, used_at=now, writer=writer)
            before, after = text, _text_of(left)
            if self._write(user_name, after, before):
                return Spent(before, after, len(digests))
        raise TemporarilyUnavailable("too many concurrent writes of recovery codes")

    def restore(self, user_name: str, spent: Spent) -> None:
        """Undo `spend`, unless the codes were replaced or another code was used in the meantime."""
        self._write(user_name, spent.before, spent.after)

    def _read(self, user_name: str) -> str:
        with translated_errors("GetItem"):
            answer = self._client.get_item(
                TableName=self._table,
                Key={"userName": {"S": key_of(user_name)}},
                ConsistentRead=True,
            )
        return read_text(answer.get("Item") or {}, _COLUMN)

    def _write(self, user_name: str, text: str, seen: str | None) -> bool:
        """Replace the column if the column still equals `seen`. If `seen` is None, any value is replaced. Return whether
        the column was replaced."""
        values: dict[str, Any] = {":codes": {"S": text}}
        condition = "attribute_exists(userName)"
        if seen is not None:
            condition = f"{_COLUMN} = :seen"
            values[":seen"] = {"S": seen}
        try:
            with translated_errors("UpdateItem"):
                self._client.update_item(
                    TableName=self._table,
                    Key={"userName": {"S": key_of(user_name)}},
                    UpdateExpression=f"SET {_COLUMN} = :codes",
                    ConditionExpression=condition,
                    ExpressionAttributeValues=values,
                )
        except ConditionFailed:
            return False
        return True


def _text_of(codes: CodeSet) -> str:
    return json.dumps(asdict(codes), separators=(",", ":"))


def _parse(text: str) -> CodeSet:
    try:
        found = json.loads(text or "{}")
        codes = CodeSet(
            key=str(found.get("key", "")),
            digests=tuple(str(each) for each in found.get("digests", ())),
            used_at=str(found.get("used_at", "")),
            writer=str(found.get("writer", "")),
        )
        bytes.fromhex(codes.key)
    except (ValueError, AttributeError, TypeError):
        return CodeSet()
    return codes
