"""Defines `Setting`: the variable, parser, default and purpose of one setting.

A class of settings (`Settings`, `Brand`) declares each setting once. The Lambda functions read the declarations when they
start. `ops` reads the declarations before a deployment. The table in docs/operations.md is generated from the
declarations.

Every cold start loads this module. The module contains no dataclasses or named tuples, because Python would have to
generate and compile their code.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

if TYPE_CHECKING:
    from typing import overload

T = TypeVar("T")
Table = TypeVar("Table", bound="SettingTable")

#: The sources of a setting's value.
TEAM = "team"
STACK = "stack"
PROJECT = "project"
LOCAL = "local"


class Setting(Generic[T]):
    """One environment variable.

    :param variable: the variable's name in the environment.
    :param parse: turns the text into the value, or raises a ValueError. The error's message describes a valid text
        ("must be a number"). A setting without a default also parses an empty text. For a setting with a default,
        an empty text means that the default applies.
    :param says: the purpose of the setting, in Markdown, for docs/operations.md.
    :param default: the text for an unset variable, or a function that makes the text from the texts of the other
        settings. `shown` is the description of the default for people.
    :param needed: whether the setting is required. True means always. A pair (another variable, values) means that the
        setting is required if the other variable has one of these values.
    :param source: the source of the value. TEAM is the team. STACK is an output of the identity stack. PROJECT is the
        environment of the app. LOCAL is the local stack, and tests.
    :param starts: whether `init` writes the setting into the configuration, so that people see that they can choose
        a value.
    """

    def __init__(
        self,
        variable: str,
        parse: Callable[[str], T],
        says: str,
        *,
        default: str | Callable[[Mapping[str, str]], str] = "",
        shown: str = "",
        needed: bool | tuple[str, tuple[str, ...]] = False,
        source: str = TEAM,
        starts: bool = False,
    ) -> None:
        self.variable = variable
        self.parse = parse
        self.says = says
        self.default = default
        self.shown = shown or (default if isinstance(default, str) else "")
        self.needed = needed
        self.source = source
        self.starts = starts
        self.attribute = ""

    def __set_name__(self, owner: "type[SettingTable]", name: str) -> None:
        self.attribute = name
        owner.declared = (*owner.declared, self)

    if TYPE_CHECKING:
        # At run time, an instance of the table has one attribute for each declaration. The attribute contains the value.
        # It has the same name as the declaration, and hides the declaration.
        @overload
        def __get__(self, table: None, owner: type) -> "Setting[T]": ...
        @overload
        def __get__(self, table: "SettingTable", owner: type) -> T: ...
        def __get__(self, table: "SettingTable | None", owner: type) -> "Setting[T] | T": ...

    def text(self, variables: Mapping[str, str]) -> str:
        """Return the environment's text, or the default if the variable is unset."""
        said = variables.get(self.variable)
        if said:
            return said
        return self.default if isinstance(self.default, str) else self.default(variables)

    def is_needed(self, texts: Mapping[str, str]) -> bool:
        """Whether the setting is required. `texts` are the texts of all settings in the table, including defaults."""
        if isinstance(self.needed, bool):
            return self.needed
        variable, values = self.needed
        return texts[variable] in values


class SettingTable:
    """The values of the settings that a subclass declares. A table cannot be changed. Two tables with the same values are
    equal."""

    #: `declared` has the settings that the class itself declares. `parts` has the other tables that are parts of the
    #: class, by attribute name.
    declared: ClassVar[tuple[Setting[Any], ...]] = ()
    parts: ClassVar[Mapping[str, "type[SettingTable]"]] = {}

    def __init_subclass__(cls, parts: "Mapping[str, type[SettingTable]] | None" = None) -> None:
        cls.parts = parts or {}

    @classmethod
    def every_setting(cls) -> tuple[Setting[Any], ...]:
        """Return all settings, including the settings of the class's parts."""
        below = (setting for part in cls.parts.values() for setting in part.every_setting())
        return (*cls.declared, *below)

    def __init__(self, **values: Any) -> None:
        """Set the values in `values`. All other settings get their default values."""
        for setting in self.declared:
            name = setting.attribute
            value = values.pop(name) if name in values else setting.parse(setting.text({}))
            object.__setattr__(self, name, value)
        for name, part in self.parts.items():
            object.__setattr__(self, name, values.pop(name) if name in values else part())
        if values:
            raise TypeError(f"{type(self).__name__} has no {', '.join(values)}")

    @classmethod
    def read(
        cls: type[Table], variables: Mapping[str, str], *, without: tuple[str, ...] = ()
    ) -> tuple[Table, list[str]]:
        """Read the environment. Return the values, and a list of problems. Each problem begins with the name of the
        variable.

        If a value has a problem, the result contains the default instead. A missing setting is not a problem if its
        source is in `without`.
        """
        problems: list[str] = []
        values: dict[str, Any] = {}
        texts = {setting.variable: setting.text(variables) for setting in cls.declared}
        for setting in cls.declared:
            text = texts[setting.variable]
            if not text and setting.is_needed(texts) and setting.source not in without:
                problems.append(f"{setting.variable} is missing")
            try:
                values[setting.attribute] = setting.parse(text)
            except ValueError as error:
                problems.append(f"{setting.variable} {error}")
                values[setting.attribute] = setting.parse(setting.text({}))
        for name, part in cls.parts.items():
            values[name], more = part.read(variables, without=without)
            problems += more
        return cls(**values), problems

    def _replace(self: Table, **values: Any) -> Table:
        """Return a copy in which `values` replace the old values, like the method `_replace` of a named tuple."""
        return type(self)(**{**self._values(), **values})

    def _values(self) -> dict[str, Any]:
        names = [setting.attribute for setting in self.declared]
        return {name: getattr(self, name) for name in (*names, *self.parts)}

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and other._values() == self._values()

    def __hash__(self) -> int:
        return hash(tuple(self._values().values()))

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={value!r}" for name, value in self._values().items())
        return f"{type(self).__name__}({said})"
