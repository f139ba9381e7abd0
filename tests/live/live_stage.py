"""A stage on AWS for the live tests."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import requests

from ops import aws
from ops.connect import load_deployed, root_url
from ops.stages import Stage, load_stage

TIMEOUT = 30


@dataclass(frozen=True)
class Person:
    """A native account made for one test."""

    user_name: str
    email: str
    password: str = field(repr=False)


#: A function that gets each request with its response: (method, path, response).
Listener = Callable[[str, str, requests.Response], None]


@dataclass
class Browser:
    """A person's cookies, and the page's requests.

    The class keeps cookies per host. Cognito's pages set some cookies at /oauth2/authorize, and refuse requests without
    these cookies.
    """

    root: str
    cookies: dict[str, str] = field(default_factory=dict)
    listener: Listener = lambda method, path, answer: None
    _elsewhere: dict[str, dict[str, str]] = field(default_factory=dict)

    def get(self, path: str, token: str = "") -> requests.Response:
        """Send a GET to a path of the app, or to an absolute URL. The browser does not follow redirects."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self._send("GET", path, headers)

    def post(self, path: str, body: dict[str, Any] | None = None) -> requests.Response:
        """Send a POST as the page does."""
        origin = "/".join(self.root.split("/")[:3])
        return self._send("POST", path, {"X-Gatehouse": "1", "Origin": origin}, body or {})

    def _send(
        self, method: str, path: str, headers: dict[str, str], body: dict[str, Any] | None = None
    ) -> requests.Response:
        url = path if "://" in path else self.root + path.lstrip("/")
        host = urlsplit(url).netloc
        ours = url.startswith(self.root)
        cookies = self.cookies if ours else self._elsewhere.setdefault(host, {})
        if cookies:
            pairs = (f"{name}={value}" for name, value in cookies.items())
            headers = {**headers, "Cookie": "; ".join(pairs)}
        answer = requests.request(
            method, url, headers=headers, json=body, allow_redirects=False, timeout=TIMEOUT
        )
        for line in answer.raw.headers.getlist("Set-Cookie"):
            pair, _, attributes = line.partition(";")
            name, _, value = pair.partition("=")
            if re.search(r"max-age=0\b", attributes, re.IGNORECASE):
                cookies.pop(name, None)
            else:
                cookies[name] = value
        self.listener(method, path if ours else host + urlsplit(url).path, answer)
        return answer


@dataclass(frozen=True)
class LiveStage:
    """A deployed stage, and the tester's boto3 session."""

    stage: Stage
    session: boto3.Session
    root: str
    listener: Listener = lambda method, path, answer: None

    @classmethod
    def load(cls, project: Path, name: str, listener: Listener) -> LiveStage:
        """Return the project's stage with this name. If the stage is not deployed, fail with the message of `ops`."""
        stage = load_stage(project, name)
        return cls(stage, aws.session(stage), root_url(stage, load_deployed(stage)), listener)

    def browser(self) -> Browser:
        """Return a browser without cookies."""
        return Browser(self.root, listener=self.listener)

    def client(self, service: str) -> Any:
        """Return a boto3 client."""
        return aws.client(self.session, service)

    def record(self, user_name: str) -> dict[str, str]:
        """Return the user's row in the users table, with a consistent read. If the user has no row, return an empty
        mapping."""
        answer = self.client("dynamodb").get_item(
            TableName=self.stage.environment["USERS_TABLE"],
            Key={"userName": {"S": user_name}},
            ConsistentRead=True,
        )
        return {key: next(iter(value.values())) for key, value in answer.get("Item", {}).items()}

    @contextmanager
    def person(self) -> Iterator[Person]:
        """Yield a new native account. At the end, delete the account and the account's record."""
        cognito, pool = self.client("cognito-idp"), self.stage.environment["USER_POOL_ID"]
        email = f"gatehouse-live-{secrets.token_hex(6)}@example.com"
        password = secrets.token_urlsafe(24)
        made = cognito.admin_create_user(
            UserPoolId=pool,
            Username=email,
            MessageAction="SUPPRESS",
            UserAttributes=[
                {"Name": "email", "Value": email},
                {"Name": "email_verified", "Value": "true"},
                {"Name": "given_name", "Value": "Live"},
                {"Name": "family_name", "Value": "Test"},
            ],
        )["User"]["Username"]
        try:
            cognito.admin_set_user_password(
                UserPoolId=pool, Username=made, Password=password, Permanent=True
            )
            yield Person(made, email, password)
        finally:
            cognito.admin_delete_user(UserPoolId=pool, Username=made)
            self.client("dynamodb").delete_item(
                TableName=self.stage.environment["USERS_TABLE"], Key={"userName": {"S": made}}
            )
