"""Calls a Cognito through boto3, either in the local AWS or in AWS itself."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.cognitos.pool import CasePool, set_factor
from tests.cognitos.world import AppClient

TIMEOUT = 30


def no_mail(address: str) -> str:
    raise NotImplementedError(f"no test can read the mail of {address}")


@dataclass
class AwsCognito:
    """A Cognito that tests call through boto3. `url` is the URL of the pool's domain. `lacks` lists the features that
    cannot be tested with this Cognito from this machine."""

    cognito: Any
    pool: CasePool
    url: str
    lacks: frozenset[str]
    read_mail: Callable[[str], str] = no_mail
    made_address: Callable[[], str] = lambda: f"case-{secrets.token_hex(6)}@example.com"
    pool_id: str = field(init=False)
    client: AppClient = field(init=False)
    server_client: AppClient = field(init=False)

    def __post_init__(self) -> None:
        self.pool_id = self.pool.id
        self.client, self.server_client = self.pool.client, self.pool.server_client

    def call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = getattr(self.cognito, operation)(**arguments)
        return answer

    def post(
        self, path: str, form: Mapping[str, str], client: AppClient
    ) -> tuple[int, dict[str, Any]]:
        answer = requests.post(
            self.url + path, data=form, auth=(client.id, client.secret), timeout=TIMEOUT
        )
        return answer.status_code, dict(answer.json()) if answer.content else {}

    def address(self) -> str:
        return self.made_address()

    def mailed(self, address: str) -> str:
        return self.read_mail(address)

    def now(self) -> float:
        return time.time()

    def wait(self, seconds: float) -> None:
        raise NotImplementedError("the test cannot move the clock")

    def script(self, steps: dict[str, Any]) -> None:
        raise NotImplementedError("no triggers of ours")

    def events(self) -> list[dict[str, Any]]:
        raise NotImplementedError("no triggers of ours")

    def visit(self, query: Mapping[str, str], person: Mapping[str, Any] | None) -> dict[str, Any]:
        raise NotImplementedError("no provider")

    def require_factor(self, required: bool) -> None:
        set_factor(self.cognito, self.pool_id, "ON" if required else "OPTIONAL")

    def add_factor(self, username: str, factor: str) -> None:
        raise NotImplementedError(f"no {factor} without a sender")

    def clear(self) -> None:
        """Delete all people of the pool."""
        pages = self.cognito.get_paginator("list_users").paginate(UserPoolId=self.pool_id)
        for user in [user for page in pages for user in page["Users"]]:
            self.cognito.admin_delete_user(UserPoolId=self.pool_id, Username=user["Username"])
