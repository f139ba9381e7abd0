"""This module reads and checks `.chalice/gatehouse.yaml`: a team's own tables, queues and functions.

    tables:
      orders:
        key: {owner: S, order_id: S}
    queues:
      parcels: {}
    functions:
      api_handler:
        tables: {orders: [read, write]}
        queues: {parcels: send}
      pack_parcel:
        tables: {orders: write}
        queues: {parcels: receive}

docs/your-data.md describes every key. The identity stack makes the resources in the file (`ops.team_resources`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .errors import OpsError
from .nearest import nearest

NAME = "gatehouse.yaml"
API = "api_handler"
"""Chalice's name of the function behind the API."""

TABLE_RIGHTS = ("read", "write", "stream")
QUEUE_RIGHTS = ("send", "receive")
_RESERVED = ("users", "providers", "throttle", "sessions", "subjects")
_RESERVED_QUEUES = ("leaving", "leaving-lost")
_NAMED = re.compile(r"[a-z][a-z0-9-]{0,30}")
_FUNCTION = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_KEY_TYPES = ("S", "N", "B")
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_ACTION = re.compile(r"[a-z0-9-]+:[A-Z][A-Za-z0-9]*")


@dataclass(frozen=True)
class Table:
    """A table. `key` and each index map attributes to their types, with the partition key first. `expires` is the name
    of the TTL attribute.
    """

    key: Mapping[str, str]
    indexes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    expires: str = ""
    stream: bool = False


@dataclass(frozen=True)
class Queue:
    """A queue. `seconds` is the visibility timeout. After `tries` failures, a message is moved to the queue
    `<name>-dead`.
    """

    seconds: int = 180
    tries: int = 3


@dataclass(frozen=True)
class Rights:
    """The rights of one function. `tables` and `queues` map names of tables and queues to rights. `besides` has further
    rights: pairs of actions and resources.
    """

    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    queues: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    besides: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class TeamFile:
    """The checked content of the file; empty if the project has no such file."""

    tables: Mapping[str, Table] = field(default_factory=dict)
    queues: Mapping[str, Queue] = field(default_factory=dict)
    functions: Mapping[str, Rights] = field(default_factory=dict)


def path_of(project_dir: Path) -> Path:
    """Return the file's path in a project."""
    return project_dir / ".chalice" / NAME


def load_team_file(project_dir: Path) -> TeamFile:
    """Read the project's file. Raises one OpsError that lists all problems of the file."""
    path = path_of(project_dir)
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return TeamFile()
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise OpsError(f"{path} is not YAML: {error}") from None
    reading = _Reading()
    made = reading.file({} if found is None else found)
    if reading.problems:
        raise OpsError.listing(f"{path} cannot be used:", reading.problems)
    return made


class _Reading:
    """Reads the file, and collects all problems of the file."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def file(self, found: Any) -> TeamFile:
        block = self._block(found, "the file", ("tables", "queues", "functions"))
        tables = {
            name: self._table(f"tables.{name}", each)
            for name, each in self._named(block, "tables", _NAMED)
        }
        queues = {
            name: self._queue(f"queues.{name}", each)
            for name, each in self._named(block, "queues", _NAMED)
        }
        functions = {
            name: self._rights(f"functions.{name}", each, tables, queues)
            for name, each in self._named(block, "functions", _FUNCTION)
        }
        return TeamFile(tables, queues, functions)

    def _table(self, where: str, found: Any) -> Table:
        block = self._block(found, where, ("key", "indexes", "expires", "stream"))
        if where.removeprefix("tables.") in _RESERVED:
            self.problems.append(f"{where} is one of Gatehouse's own tables: choose another name")
        key = self._key(f"{where}.key", block.get("key"))
        indexes = {
            name: self._key(f"{where}.indexes.{name}", each)
            for name, each in self._mapping(block.get("indexes"), f"{where}.indexes").items()
        }
        types: dict[str, str] = {}
        for keys in (key, *indexes.values()):
            for attribute, kind in keys.items():
                if types.setdefault(attribute, kind) != kind:
                    self.problems.append(f"{where}: {attribute} has two types")
        expires, stream = block.get("expires", ""), block.get("stream", False)
        if not isinstance(expires, str):
            self.problems.append(f"{where}.expires must name an attribute")
        if not isinstance(stream, bool):
            self.problems.append(f"{where}.stream must be true or false")
        return Table(key, indexes, str(expires), bool(stream))

    def _key(self, where: str, found: Any) -> Mapping[str, str]:
        key = self._mapping(found, where)
        if not 1 <= len(key) <= 2 or any(kind not in _KEY_TYPES for kind in key.values()):
            self.problems.append(
                f"{where} must name one or two attributes with their types S, N or B, the partition key first, such as "
                "{owner: S, order_id: S}"
            )
            return {}
        return {str(name): str(kind) for name, kind in key.items()}

    def _queue(self, where: str, found: Any) -> Queue:
        block = self._block({} if found is None else found, where, ("seconds", "tries"))
        if where.removeprefix("queues.") in _RESERVED_QUEUES:
            self.problems.append(f"{where} is one of Gatehouse's own queues: choose another name")
        seconds, tries = block.get("seconds", Queue.seconds), block.get("tries", Queue.tries)
        if type(seconds) is not int or not 1 <= seconds <= 43_200:
            self.problems.append(f"{where}.seconds must be a number from 1 to 43200")
        if type(tries) is not int or not 1 <= tries <= 1000:
            self.problems.append(f"{where}.tries must be a number from 1 to 1000")
        return Queue(seconds, tries) if not self.problems else Queue()

    def _rights(
        self, where: str, found: Any, tables: Mapping[str, Table], queues: Mapping[str, Queue]
    ) -> Rights:
        block = self._block({} if found is None else found, where, ("tables", "queues", "rights"))
        of_tables = self._words(block, f"{where}.tables", tables, TABLE_RIGHTS)
        for name, words in of_tables.items():
            if "stream" in words and name in tables and not tables[name].stream:
                self.problems.append(
                    f"{where}.tables.{name}: stream needs `stream: true` in tables.{name}"
                )
        of_queues = self._words(block, f"{where}.queues", queues, QUEUE_RIGHTS)
        besides = block.get("rights") or []
        if not isinstance(besides, list):
            self.problems.append(
                f"{where}.rights must be a list of {{actions: […], resources: […]}}"
            )
            besides = []
        return Rights(
            of_tables,
            of_queues,
            tuple(self._statement(f"{where}.rights", each) for each in besides),
        )

    def _words(
        self, block: Mapping[str, Any], where: str, known: Iterable[str], words: Iterable[str]
    ) -> dict[str, tuple[str, ...]]:
        found = self._mapping(block.get(where.rpartition(".")[2]), where)
        made = {}
        for name, said in found.items():
            if name not in known:
                self.problems.append(
                    f"{where}.{name} is not declared in this file{_meant(name, known)}"
                )
            made[name] = tuple(said) if isinstance(said, list) else (said,)
            for word in made[name]:
                if word not in words:
                    self.problems.append(
                        f"{where}.{name} must be one of {', '.join(words)}, not {word!r}{_meant(word, words)}"
                    )
        return made

    def _statement(self, where: str, found: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
        block = self._block(found, where, ("actions", "resources"))
        lists = []
        for name in ("actions", "resources"):
            said = block.get(name)
            texts = [said] if isinstance(said, str) else said
            if (
                not isinstance(texts, list)
                or not texts
                or not all(isinstance(each, str) for each in texts)
            ):
                self.problems.append(f"{where}.{name} must be a list of texts")
                texts = []
            lists.append(tuple(texts))
        for action in lists[0]:
            if not _ACTION.fullmatch(action):
                self.problems.append(f"{where}: {action!r} is not an action such as s3:GetObject")
        return lists[0], lists[1]

    def _named(
        self, block: Mapping[str, Any], section: str, pattern: re.Pattern[str]
    ) -> Iterator[tuple[str, Any]]:
        for name, found in self._mapping(block.get(section), section).items():
            if not isinstance(name, str) or not pattern.fullmatch(name):
                self.problems.append(
                    f"{section}.{name} is not a name that AWS accepts: {pattern.pattern}"
                )
            else:
                yield name, found

    def _block(self, found: Any, where: str, words: Iterable[str]) -> dict[str, Any]:
        block = self._mapping(found, where)
        for name in block:
            if name not in words:
                self.problems.append(
                    f"{where}: {name!r} is an unknown key{_meant(name, words)}; the keys are {', '.join(words)}"
                )
        return block

    def _mapping(self, found: Any, where: str) -> dict[str, Any]:
        if found is None:
            return {}
        if not isinstance(found, dict):
            self.problems.append(f"{where} must be a block of names")
            return {}
        return found


def _meant(written: Any, names: Iterable[str]) -> str:
    meant = nearest(str(written), list(names))
    return f"; did you mean {meant}?" if meant else ""
