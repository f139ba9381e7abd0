"""DynamoDB in memory, as strict as the service. The double evaluates expressions and refuses unsupported expressions. A
test can make calls fail.

Without ConsistentRead, a read returns the item as it was before the last write. If a store needs the last write, the
store must request a consistent read.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from tests.doubles.aws_errors import client_error
from tests.doubles.expressions import Expression, Invalid, Item

_TYPES = frozenset({"S", "N", "BOOL", "SS", "L"})


class DynamoDBDouble:
    """A client of DynamoDB. `tables` maps each table to its key and the keys of its indexes.

    A key of two parts is written `partition/sort` in `tables`. The keys in the result of `items` have the same form.
    """

    def __init__(
        self, tables: Mapping[str, tuple[str, frozenset[str]]], page_size: int = 2
    ) -> None:
        self._schemas = {
            name: (tuple(key.split("/")), indexes) for name, (key, indexes) in tables.items()
        }
        self._page_size = page_size
        self._items: dict[str, dict[str, Item]] = {name: {} for name in tables}
        self._before: dict[str, dict[str, Item | None]] = {name: {} for name in tables}
        self.fault: Exception | None = None
        #: Faults for single tables. The key is the end of the table's name.
        self.faults: dict[str, Exception] = {}
        self.calls: list[str] = []
        #: The maximum number of keys in one response of BatchGetItem.
        self.batch_size = 100
        self.writes = 0

    def items(self, table: str) -> dict[str, Item]:
        """Return a copy of a table's items by key."""
        return deepcopy(self._items[table])

    def put(self, table: str, item: Mapping[str, Mapping[str, Any]]) -> None:
        """Write an item without the app, as `ops` or an earlier release would."""
        names, _ = self._schemas[table]
        self._store(table, "/".join(item[name]["S"] for name in names), dict(item))

    def delete(self, table: str, key: str) -> None:
        """Delete an item without the app, as TTL or a person would."""
        del self._items[table][key]

    def get_item(
        self,
        *,
        TableName: str,
        Key: Mapping[str, Any],
        ConsistentRead: bool = False,
    ) -> dict[str, Any]:
        self._called("GetItem", TableName)
        key = self._key(TableName, Key)
        item = self._items[TableName].get(key)
        if not ConsistentRead and key in self._before[TableName]:
            item = self._before[TableName][key]
        return {} if item is None else {"Item": deepcopy(item)}

    def scan(
        self,
        *,
        TableName: str,
        ExclusiveStartKey: Mapping[str, Any] | None = None,
        Limit: int | None = None,
    ) -> dict[str, Any]:
        self._called("Scan", TableName)
        if Limit is not None and Limit < 1:
            raise client_error("ValidationException", "Scan")
        keys = sorted(self._items[TableName])
        if ExclusiveStartKey is not None:
            last = self._key(TableName, ExclusiveStartKey)
            keys = [key for key in keys if key > last]
        page = keys[: self._page_size if Limit is None else Limit]
        answer: dict[str, Any] = {
            "Items": [deepcopy(self._items[TableName][key]) for key in page],
            "Count": len(page),
        }
        # As in the service, every full page has a `LastEvaluatedKey`, even the last page.
        if len(keys) > len(page) or len(page) == Limit:
            answer["LastEvaluatedKey"] = self._named(TableName, page[-1])
        return answer

    def query(
        self,
        *,
        TableName: str,
        KeyConditionExpression: str,
        ExpressionAttributeNames: Mapping[str, str],
        ExpressionAttributeValues: Mapping[str, Mapping[str, Any]],
        ConsistentRead: bool,
        ExclusiveStartKey: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the items of one partition in the order of their sort keys. The double evaluates conditions on the
        partition key and no other conditions."""
        self._called("Query", TableName)
        (partition, _), _ = self._schemas[TableName]
        names, values, used = ExpressionAttributeNames, ExpressionAttributeValues, set[str]()
        fits = Expression(KeyConditionExpression, names, values, used).condition()
        assert used == {*names, *values} == {f"#{partition}", f":{partition}"}
        assert ConsistentRead is True, "the item as it was before its last write is not kept here"
        keys = [key for key, item in sorted(self._items[TableName].items()) if fits(item)]
        if ExclusiveStartKey is not None:
            last = self._key(TableName, ExclusiveStartKey)
            keys = [key for key in keys if key > last]
        page = keys[: self._page_size]
        items = [deepcopy(self._items[TableName][key]) for key in page]
        answer: dict[str, Any] = {"Items": items, "Count": len(items)}
        if len(page) == self._page_size:
            answer["LastEvaluatedKey"] = self._named(TableName, page[-1])
        return answer

    def update_item(
        self,
        *,
        TableName: str,
        Key: Mapping[str, Any],
        UpdateExpression: str,
        ConditionExpression: str | None = None,
        ExpressionAttributeNames: Mapping[str, str] | None = None,
        ExpressionAttributeValues: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> dict[str, Any]:
        self._called("UpdateItem", TableName)
        _, index_keys = self._schemas[TableName]
        key = self._key(TableName, Key)
        names, values = ExpressionAttributeNames or {}, ExpressionAttributeValues or {}
        used: set[str] = set()
        old = self._items[TableName].get(key, {})
        try:
            sets, removes = Expression(UpdateExpression, names, values, used).update()
            met = True
            if ConditionExpression is not None:
                met = Expression(ConditionExpression, names, values, used).condition()(old)
            unused = (set(names) | set(values)) - used
            if unused:
                raise Invalid(f"unused placeholders: {sorted(unused)}")
            own = self._named(TableName, key)
            new = {**old, **own}
            new.update({name: dict(value(old)) for name, value in sets.items()})
            emptied = [name for name in sets if new[name] == {"SS": []}]
            for name in (*removes, *emptied):
                new.pop(name, None)
            _check_item(new, own, index_keys)
            if set(own) & {*sets, *removes}:
                raise Invalid("the key cannot be updated")
        except Invalid as error:
            raise client_error("ValidationException", "UpdateItem") from error
        if not met:
            raise client_error("ConditionalCheckFailedException", "UpdateItem")
        self._store(TableName, key, new)
        self.writes += 1
        return {}

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:
        """Return the items of at most `batch_size` keys. The other keys are unprocessed."""
        self._called("BatchGetItem")
        ((table, request),) = RequestItems.items()
        keys = request["Keys"]
        names = [self._key(table, key) for key in keys]
        if not 1 <= len(keys) <= 100 or len(set(names)) < len(names):
            raise client_error("ValidationException", "BatchGetItem")
        assert request["ConsistentRead"] is True
        taken, left = names[: self.batch_size], keys[self.batch_size :]
        items = [deepcopy(self._items[table][n]) for n in taken if n in self._items[table]]
        unprocessed = {table: {**request, "Keys": left}} if left else {}
        return {"Responses": {table: items}, "UnprocessedKeys": unprocessed}

    def delete_item(
        self,
        *,
        TableName: str,
        Key: Mapping[str, Any],
        ConditionExpression: str | None = None,
        ExpressionAttributeNames: Mapping[str, str] | None = None,
        ExpressionAttributeValues: Mapping[str, Mapping[str, Any]] | None = None,
        ReturnValues: str = "NONE",
    ) -> dict[str, Any]:
        self._called("DeleteItem", TableName)
        key, values = self._key(TableName, Key), ExpressionAttributeValues or {}
        names = ExpressionAttributeNames or {}
        old = self._items[TableName].get(key, {})
        if ConditionExpression is not None:
            met = Expression(ConditionExpression, names, values, set()).condition()(old)
            if not met:
                raise client_error("ConditionalCheckFailedException", "DeleteItem")
        self._items[TableName].pop(key, None)
        return {"Attributes": old} if old and ReturnValues == "ALL_OLD" else {}

    def _store(self, table: str, key: str, item: Item) -> None:
        self._before[table][key] = self._items[table].get(key)
        self._items[table][key] = item

    def _called(self, operation: str, table: str = "") -> None:
        self.calls.append(operation)
        if self.fault is not None:
            raise self.fault
        for name, fault in self.faults.items():
            if table.endswith(name):
                raise fault

    def _key(self, table: str, key: Mapping[str, Any]) -> str:
        if table not in self._schemas:
            raise client_error("ResourceNotFoundException")
        names, _ = self._schemas[table]
        if set(key) != set(names) or any(
            set(key[name]) != {"S"} or not key[name]["S"] for name in names
        ):
            raise client_error("ValidationException")
        return "/".join(key[name]["S"] for name in names)

    def _named(self, table: str, key: str) -> dict[str, Any]:
        names, _ = self._schemas[table]
        parts = key.split("/") if len(names) > 1 else [key]
        return {name: {"S": part} for name, part in zip(names, parts, strict=True)}


def _check_item(item: Item, key: Mapping[str, Any], index_keys: frozenset[str]) -> None:
    for name, value in item.items():
        ((kind, content),) = value.items()
        if kind not in _TYPES:
            raise Invalid(f"{name} has the type {kind}")
        if kind in ("S", "N") and not isinstance(content, str):
            raise Invalid(f"{name} is not text")
        if name in index_keys and content == "":
            raise Invalid(f"{name} is a key of an index and must not be empty")
    if any(item[name] != value for name, value in key.items()):
        raise Invalid("the key cannot be updated")
