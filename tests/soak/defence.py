"""A defence that `make soak` switches off: the attribute to replace, and the replacement.

No file changes: a separate process replaces the attribute before the import of any test module.
"""

import inspect
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

#: A function that makes the replacement from the existing value.
Off = Callable[[Any], Any]


class Stale(Exception):
    """Raised if an entry of the catalogue no longer matches the code."""


@dataclass(frozen=True)
class Switch:
    """An attribute to replace. `target` is `package.module:attribute` or `package.module:Class.attribute`."""

    target: str
    off: Off

    def find(self) -> tuple[Any, str, Any]:
        """Return the attribute's owner, name and current value. Raises Stale."""
        module, _, path = self.target.partition(":")
        try:
            owner: Any = import_module(module)
            *outer, name = path.split(".")
            for part in outer:
                owner = getattr(owner, part)
            return owner, name, inspect.getattr_static(owner, name)
        except (ImportError, AttributeError) as error:
            raise Stale(f"{self.target} does not exist: {error}") from None

    def replacement(self) -> Any:
        """Return the replacement of the attribute. Raises Stale."""
        _, _, original = self.find()
        try:
            return self.off(original)
        except Stale as error:
            raise Stale(f"{self.target}: {error}") from None


@dataclass(frozen=True)
class Defence:
    """One defence.

    `without` describes the code's behaviour without the defence. `tests` names the files to run. If `tests` is empty,
    all tests of the defence's ids run.
    """

    name: str
    ids: tuple[str, ...]
    without: str
    switches: tuple[Switch, ...]
    tests: tuple[str, ...] = ()


def defence(
    name: str, ids: str, without: str, *switches: tuple[str, Off], tests: tuple[str, ...] = ()
) -> Defence:
    """Return an entry of the catalogue. Spaces separate the `ids`; each switch is (target, off)."""
    made = tuple(Switch(target, off) for target, off in switches)
    return Defence(name, tuple(ids.split()), without, made, tests)


def check(entry: Defence) -> None:
    """Raise Stale with the name of the entry if a switch of the entry does not match the code."""
    try:
        for switch in entry.switches:
            switch.replacement()
    except Stale as error:
        raise Stale(f"{entry.name}: {error}") from None


def switch_off(entry: Defence) -> None:
    """Switch a defence off for the rest of this process."""
    check(entry)
    for switch in entry.switches:
        owner, name, _ = switch.find()
        setattr(owner, name, switch.replacement())


def value(new: Any) -> Off:
    """Return an `Off` that replaces a value by `new`. For example, `new` is a limit that no test can reach."""
    return lambda original: new


def nothing(original: Any) -> Any:
    """Replace a check by a check that accepts every value."""
    return lambda *args, **named: None


def answering(result: Any) -> Off:
    """Replace a check by a check with a constant result."""
    return lambda original: lambda *args, **named: result


def wrapped(around: Callable[..., Any]) -> Off:
    """Call `around(original, *args, **named)` instead of the original."""

    def off(original: Any) -> Any:
        def call(*args: Any, **named: Any) -> Any:
            return around(original, *args, **named)

        return call

    return off


def calling_in(caller: str, around: Callable[..., Any]) -> Off:
    """Replace calls from the function `caller`, as `wrapped` does. Other callers get the original."""

    def off(original: Any) -> Any:
        def call(*args: Any, **named: Any) -> Any:
            if sys._getframe(1).f_code.co_name == caller:
                return around(original, *args, **named)
            return original(*args, **named)

        return call

    return off


def reading(*changes: tuple[str, str]) -> Off:
    """Compile the function again, with other text in place of some pieces of the source. For example, replace a
    condition by `False`. Each piece must occur once."""

    def off(original: Any) -> Any:
        function = inspect.unwrap(getattr(original, "__func__", original))
        source = textwrap.dedent(inspect.getsource(function))
        for old, new in changes:
            if source.count(old) != 1:
                raise Stale(f"`{old}` occurs {source.count(old)} times")
            source = source.replace(old, new)
        made: dict[str, Any] = {}
        code = compile(source, inspect.getsourcefile(function) or "?", "exec")
        exec(code, function.__globals__, made)
        return made[function.__name__]

    return off
