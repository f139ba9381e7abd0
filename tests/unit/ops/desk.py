"""A stage with a strict pool and a table, and the commands `ops user …` of an operator."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chalicelib.gatehouse.store.session_rows import SessionRows
from chalicelib.gatehouse.store.users import UserStore
from ops import cli, command
from ops.commands import person
from ops.directory import Directory
from ops.pool import Pace
from ops.stages import Stage
from tests.doubles.clock import Clock
from tests.doubles.cognito import CognitoDouble
from tests.doubles.dynamodb import DynamoDBDouble
from tests.doubles.pool_users import PoolUser
from tests.doubles.user_pool_api import UserPoolDouble
from tests.unit.ops.fakes import POOL, FakeSession, dev_block, project, stage


@dataclass(frozen=True)
class Answer:
    """A command's result."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


class Desk:
    """A stage with its `pool` and its `table`, which every command uses. Pauses take no time."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = project(folder, dev=dev_block())
        self.clock = Clock()
        cognito = CognitoDouble(self.clock, "client", "secret", "", "", frozenset())
        self.pool = UserPoolDouble(self.clock, cognito, POOL, {"client": "secret"})
        self.dynamodb = DynamoDBDouble(
            {
                "users": ("userName", frozenset({"Email"})),
                "providers": ("name", frozenset()),
                "sessions": ("sub/id", frozenset()),
                "subjects": ("subject", frozenset()),
            }
        )
        self.users = UserStore(self.dynamodb, "users", self.clock)
        self.environment: dict[str, str] = {
            "CLIENT_ID": "client",
            "DIRECT_SIGN_IN": "embedded",
            "SUBJECTS_TABLE": "subjects",
        }
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        monkeypatch.setattr(command, "load", lambda *_: self.stage())
        monkeypatch.setattr(person, "open_directory", lambda _: self.directory())

    def stage(self) -> Stage:
        return stage(self.folder, **self.environment)

    def directory(self) -> Directory:
        session: Any = FakeSession(cognito_idp=self.pool, dynamodb=self.dynamodb)
        pace = Pace(clock=self.clock, sleep=self.clock.advance)
        return Directory(session, self.stage(), pace, self.clock)

    def add(self, email: str, **changes: Any) -> PoolUser:
        """Add a person to the pool, without a record in the table."""
        changes.setdefault("created_at", self.clock())
        changes.setdefault("modified_at", self.clock())
        return self.pool.add(PoolUser(email, "x" * 12, **changes))

    def add_federated(self, email: str, subject: str = "00u1", **changes: Any) -> PoolUser:
        """Add a person whose profile comes from Okta."""
        return self.add(
            email,
            status="EXTERNAL_PROVIDER",
            username=f"okta_{subject.lower()}",
            identities=[("Okta", subject)],
            **changes,
        )

    def add_provider(self, name: str = "Okta", **columns: Any) -> None:
        """Add a row of the providers table."""
        self.dynamodb.put("providers", {"name": {"S": name}, **columns})

    def add_session(self, sub: str, session_id: str = "A" * 22) -> None:
        """Add a session in a browser in which the person has just signed in."""
        now = int(self.clock())
        SessionRows(self.dynamodb, "sessions", self.clock).begin(
            sub=sub,
            session_id=session_id,
            provider="Okta",
            device="Firefox, Windows",
            started_at=now,
            idle_expires_at=now + 1800,
            expires_at=now + 43_200,
        )

    def row(self, user_name: str) -> dict[str, str]:
        item = self.dynamodb.items("users").get(user_name, {})
        return {name: next(iter(value.values())) for name, value in item.items()}

    def run(self, *words: str, typed: str | None = None) -> Answer:
        """Run `ops user …`. `typed` is the text that the operator types at the terminal."""
        stdin = io.StringIO("" if typed is None else f"{typed}\n")
        self._monkeypatch.setattr(stdin, "isatty", lambda: typed is not None, raising=False)
        self._monkeypatch.setattr(sys, "stdin", stdin)
        code = cli.main(["user", *words, "--stage", "dev"])
        said = self._capsys.readouterr()
        return Answer(code, said.out, said.err)
