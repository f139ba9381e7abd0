"""A strict evaluator for the part of DynamoDB's expression language that the stores use.

Any other syntax raises UnknownSyntax, so that no store relies on syntax that the double does not check. Source: Amazon
DynamoDB developer guide, "Condition and filter expressions, operators, and functions" and "Using update expressions". A
comparison with a missing attribute is false, except for `<>`, which is true.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

Value = Mapping[str, Any]
Item = dict[str, Value]

_TOKEN = re.compile(r"\s*(?:(<>|<=|>=|[=<>(),+-])|([#:]?[A-Za-z_][A-Za-z0-9_]*))")
#: Those of DynamoDB's 573 reserved words that could be the name of one of our attributes.
RESERVED = frozenset(
    {
        "status",
        "name",
        "names",
        "domain",
        "label",
        "link",
        "users",
        "user",
        "role",
        "ttl",
        "count",
        "date",
        "time",
        "timestamp",
        "value",
        "values",
        "items",
        "key",
        "owner",
        "state",
        "session",
        "token",
        "group",
        "groups",
    }
)
_WORDS = frozenset({"AND", "OR", "NOT", "SET", "REMOVE", "ADD", "DELETE", "IN", "BETWEEN"})


class UnknownSyntax(AssertionError):
    """The error for an expression that this double does not evaluate."""


class Invalid(Exception):
    """A ValidationException, as DynamoDB raises it."""


class Expression:
    """The state of the parser for one expression. The state contains the expression's tokens, the values of all
    placeholders, and the placeholders that were used so far."""

    def __init__(
        self, text: str, names: Mapping[str, str], values: Mapping[str, Value], used: set[str]
    ) -> None:
        self._tokens = _tokenize(text)
        self._names = names
        self._values = values
        self._used = used
        self._at = 0

    def condition(self) -> Callable[[Item], bool]:
        """Parse a whole condition expression."""
        result = self._or()
        if self._peek() is not None:
            raise UnknownSyntax(f"unexpected {self._peek()!r} after a condition")
        return result

    def update(self) -> tuple[dict[str, Callable[[Item], Value]], list[str]]:
        """Parse a whole update expression. Return a function for each attribute to set, and the names of the attributes
        to remove. The function computes the attribute's new value from the old item."""
        sets: dict[str, Callable[[Item], Value]] = {}
        removes: list[str] = []
        seen: set[str] = set()
        while (clause := self._peek()) is not None:
            if clause in seen or clause not in ("SET", "REMOVE", "ADD", "DELETE"):
                raise UnknownSyntax(f"clause {clause!r}")
            seen.add(clause)
            self._next()
            while True:
                name = self._path()
                if name in sets or name in removes:
                    raise Invalid(f"two document paths overlap: {name}")
                if clause == "SET":
                    self._expect("=")
                    sets[name] = self._assigned()
                elif clause == "ADD":
                    sets[name] = _united(name, self._value())
                elif clause == "DELETE":
                    sets[name] = _lessened(name, self._value())
                else:
                    removes.append(name)
                if self._peek() != ",":
                    break
                self._next()
        return sets, removes

    def _or(self) -> Callable[[Item], bool]:
        parts = [self._and()]
        while self._peek() == "OR":
            self._next()
            parts.append(self._and())
        return lambda item: any(part(item) for part in parts)

    def _and(self) -> Callable[[Item], bool]:
        parts = [self._not()]
        while self._peek() == "AND":
            self._next()
            parts.append(self._not())
        return lambda item: all(part(item) for part in parts)

    def _not(self) -> Callable[[Item], bool]:
        if self._peek() == "NOT":
            self._next()
            inner = self._not()
            return lambda item: not inner(item)
        if self._peek() == "(":
            self._next()
            inner = self._or()
            self._expect(")")
            return inner
        if self._peek() in ("attribute_exists", "attribute_not_exists"):
            wanted = self._next() == "attribute_exists"
            self._expect("(")
            name = self._path()
            self._expect(")")
            return lambda item: (name in item) is wanted
        return self._comparison()

    def _comparison(self) -> Callable[[Item], bool]:
        left = self._operand()
        operator = self._next()
        if operator not in _COMPARE:
            raise UnknownSyntax(f"operator {operator!r}")
        right = self._operand()
        return lambda item: _compare(operator, left(item), right(item))

    def _operand(self) -> Callable[[Item], Value | None]:
        if (self._peek() or "").startswith(":"):
            value = self._value()
            return lambda item: value
        name = self._path()
        return lambda item: item.get(name)

    def _assigned(self) -> Callable[[Item], Value]:
        if self._peek() == "if_not_exists":
            self._next()
            self._expect("(")
            name = self._path()
            self._expect(",")
            default = self._assigned()
            self._expect(")")
            return lambda item: item[name] if name in item else default(item)
        if (self._peek() or "").startswith(":"):
            value = self._value()
            return lambda item: value
        raise UnknownSyntax(f"cannot assign {self._peek()!r}")

    def _value(self) -> Value:
        token = self._next()
        if token not in self._values:
            raise Invalid(f"{token} is not in ExpressionAttributeValues")
        self._used.add(token)
        return self._values[token]

    def _path(self) -> str:
        token = self._next()
        if token.startswith("#"):
            if token not in self._names:
                raise Invalid(f"{token} is not in ExpressionAttributeNames")
            self._used.add(token)
            return self._names[token]
        if token in _WORDS or not (token[0].isalpha() or token[0] == "_"):
            raise UnknownSyntax(f"{token!r} where a name belongs")
        if token.lower() in RESERVED:
            raise Invalid(f"{token} is a reserved word")
        if self._peek() == "(":
            raise UnknownSyntax(f"function {token!r}")
        return token

    def _peek(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self) -> str:
        token = self._peek()
        if token is None:
            raise UnknownSyntax("expression ends too early")
        self._at += 1
        return token

    def _expect(self, wanted: str) -> None:
        if (found := self._next()) != wanted:
            raise UnknownSyntax(f"{wanted!r} expected, {found!r} found")


def _united(name: str, more: Value) -> Callable[[Item], Value]:
    """Evaluate ADD for a set of strings. The double does not support ADD for numbers."""
    if set(more) != {"SS"}:
        raise UnknownSyntax(f"ADD of {sorted(more)}")

    def add(item: Item) -> Value:
        there = item.get(name, {"SS": []})
        if set(there) != {"SS"}:
            raise Invalid(f"{name} is no set of strings")
        return {"SS": sorted({*there["SS"], *more["SS"]})}

    return add


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "<>": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}


def _compare(operator: str, left: Value | None, right: Value | None) -> bool:
    if left is None or right is None:
        return operator == "<>"
    (left_type, a), (right_type, b) = _only(left), _only(right)
    if left_type != right_type:
        return operator == "<>"
    if operator not in ("=", "<>") and left_type not in ("S", "N"):
        raise Invalid(f"{operator} does not compare {left_type}")
    if left_type == "N":
        a, b = float(a), float(b)
    return _COMPARE[operator](a, b)


def _only(value: Value) -> tuple[str, Any]:
    ((kind, content),) = value.items()
    return kind, content


def _tokenize(text: str) -> list[str]:
    tokens, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise UnknownSyntax(f"cannot read {text[at:]!r}")
        tokens.append(match.group(1) or match.group(2))
        at = match.end()
    return tokens


def _lessened(name: str, less: Value) -> Callable[[Item], Value]:
    """Evaluate DELETE for a set of strings. If the result is an empty set, the caller removes the attribute."""
    if set(less) != {"SS"}:
        raise UnknownSyntax(f"DELETE of {sorted(less)}")

    def delete(item: Item) -> Value:
        there = item.get(name, {"SS": []})
        if set(there) != {"SS"}:
            raise Invalid(f"{name} is no set of strings")
        return {"SS": sorted({*there["SS"]} - {*less["SS"]})}

    return delete
