"""Two companies as tenants, in addition to the stack's Okta. Each tenant has its own Okta stand-in on its own port."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import requests

from ops.local import programs
from ops.local.processes import Processes
from tests.e2e.stack import Stack, Visitor
from tests.ports import free_ports

PROJECT = Path(__file__).resolve().parents[3]


def person(sub: str, email: str, *groups: str) -> dict[str, Any]:
    """Return a person's data at an Okta stand-in. The names derive from the address."""
    given, _, domain = email.partition("@")
    family = domain.partition(".")[0]
    facts = {"email_verified": True, "given_name": given.title(), "family_name": family.title()}
    return {"sub": sub, "email": email, "groups": list(groups), **facts}


#: The people of each tenant. The people of Acme with groups, and Mallory, are for the tests without a browser.
PEOPLE = {
    "Acme": [
        person("00uTina1", "tina@acme.example", "Everyone", "admins"),
        person("00uUrs2", "urs@acme.example", "Everyone"),
        person("00uVera3", "vera@acme.example", "x admins"),
        person("00uLinkedNora5", "nora@acme.example", "Everyone"),
        person("00uOtto6", "otto@acme.example", "admins"),
        person("00uHana7", "hana@acme.example", "Everyone", "Geschäftsführung", "R&D", "admins"),
        person("00uIda8", "ida@acme.example", "Everyone", "Geschäftsführung", "R&D", "admins"),
        person("00uMallory4", "mallory@example.com", "admins"),
        person("00uAnaA", "ana@acme.example"),
        person("00uBenB", "ben@acme.example"),
        person("00uCleoC", "cleo@acme.example"),
    ],
    "Birch": [
        person("00uDoraD", "dora@birch.example"),
        person("00uEmilE", "emil@birch.example"),
        person("00uFayF", "fay@birch.example"),
        person("00uGusG", "gus@birch.example"),
    ],
}
_FLAGS = {
    "Acme": ["--domain", "acme.example", "--trusted", "--link", "--groups-claim", "groups"],
    "Birch": ["--domain", "birch.example", "--label", "Birch Ltd"],
}


@dataclass(frozen=True)
class Tenancy:
    """The stack with its tenants. `project` is the copy of the checkout that `ops` has deployed as the stack."""

    stack: Stack
    project: Path
    issuers: dict[str, str]

    def sign_in(self, sub: str, query: str) -> tuple[Visitor, dict[str, Any]]:
        """Sign in without a browser. Return the visitor and the response of the first refresh."""
        visitor = Visitor(self.stack)
        answer = visitor.request("GET", visitor.callback_url(sub, query=query))
        assert "error" not in answer.headers["Location"], answer.headers["Location"]
        return visitor, visitor.refresh()

    def item(self, user_name: str) -> dict[str, str]:
        """Return a row, which must exist."""
        found = self.stack.user_item(user_name)
        assert found is not None
        return found

    def tell(self, tenant: str, told: dict[str, Any]) -> None:
        """Change what a tenant sends about a person from now on."""
        claims = {name: value for name, value in told.items() if name != "sub"}
        url = f"{self.issuers[tenant]}/users/{told['sub']}"
        requests.put(url, json=claims, timeout=10).raise_for_status()

    @contextmanager
    def without_groups_claim(self, tenant: str) -> Iterator[None]:
        """Inside the `with` block, mark a tenant in the providers table as a tenant that sends no groups. Cognito keeps
        the people's stored values."""
        table = self.stack.aws("dynamodb")
        name = self.stack.info["users_table"].removesuffix("-users") + "-providers"
        given = {"TableName": name, "Key": {"name": {"S": tenant}}}
        row = table.get_item(**given)["Item"]
        table.put_item(TableName=name, Item={**row, "groups_claim": {"S": ""}})
        # The function's container caches the providers for a minute.
        self.stack.start_anew("token_claims")
        try:
            yield
        finally:
            table.put_item(TableName=name, Item=row)
            self.stack.start_anew("token_claims")

    def add(self, name: str, *flags: str) -> None:
        """Register a tenant with `ops provider add`, as an operator does. Then make the functions read the tenant's row
        at once."""
        identity = ["--issuer", self.issuers[name], "--client-id", name.lower()]
        self.ops(
            "provider", "add", name, *identity, "--client-secret-stdin", *(flags or _FLAGS[name])
        )

    def ops(self, *arguments: str) -> str:
        """Run an `ops` command for the stage. Return the command's output."""
        stage = ("--project-dir", str(self.project), *arguments, "--stage", "local")
        done = subprocess.run(
            [sys.executable, "-m", "ops", *stage],
            env={
                **os.environ,
                "AWS_ENDPOINT_URL": self.stack.info["aws_endpoint_url"],
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "PYTHONPATH": str(PROJECT),
            },
            cwd=PROJECT,
            input="local-only\n",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@contextmanager
def two_tenants(stack: Stack, project: Path, folder: Path) -> Iterator[Tenancy]:
    """Start the stand-ins, and register each stand-in as a tenant. Remove the tenants at the end."""
    ports = free_ports(len(PEOPLE))
    running = []
    try:
        for (name, people), port in zip(PEOPLE.items(), ports, strict=True):
            own = folder / name
            own.mkdir()
            listed = own / "people.json"
            listed.write_text(json.dumps(people), encoding="utf-8")
            program = programs.okta(Path(sys.executable), own, port)
            arguments = [*program.arguments, "--people", str(listed)]
            processes = Processes(own)
            running.append(processes)
            processes.start(replace(program, arguments=arguments))
        issuers = {
            name: f"http://127.0.0.1:{port}" for name, port in zip(PEOPLE, ports, strict=True)
        }
        tenancy = Tenancy(stack, project, issuers)
        for name in PEOPLE:
            tenancy.add(name)
        stack.start_anew()  # containers cache the providers for a minute
        yield tenancy
        for name in PEOPLE:
            tenancy.ops("provider", "remove", name, "--yes")
        stack.start_anew()
    finally:
        for processes in running:
            processes.stop()
