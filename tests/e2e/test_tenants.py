"""A second Okta stand-in as a tenant of its own: its domain picks it, its groups count, and its addresses are its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from ops.local import programs
from ops.local.ports import free_ports
from ops.local.processes import Processes
from tests.e2e.stack import Stack, Visitor

PROJECT = Path(__file__).resolve().parents[2]


def person(sub: str, email: str, *groups: str) -> dict[str, Any]:
    name = email.partition("@")[0].title()
    facts = {"email_verified": True, "given_name": name, "family_name": "Acme"}
    return {"sub": sub, "email": email, "groups": list(groups), **facts}


PEOPLE = [
    person("00uTina1", "tina@acme.example", "Everyone", "admins"),
    person("00uUrs2", "urs@acme.example", "Everyone"),
    person("00uVera3", "vera@acme.example", "x admins"),
    person("00uLinkedNora5", "nora@acme.example", "Everyone"),
    person("00uMallory4", "mallory@example.com", "admins"),
]


@dataclass(frozen=True)
class Tenant:
    """The stack with the second provider, Acme."""

    stack: Stack
    #: Runs an `ops` command on the stage and returns what it prints.
    ops: Callable[..., str]

    def sign_in(self, sub: str, query: str) -> tuple[Visitor, dict[str, Any]]:
        visitor = Visitor(self.stack)
        answer = visitor.request("GET", visitor.callback_url(sub, query=query))
        assert "error" not in answer.headers["Location"], answer.headers["Location"]
        return visitor, visitor.refresh()

    def item(self, user_name: str) -> dict[str, str]:
        found = self.stack.user_item(user_name)
        assert found is not None
        return found


def start_anew(stack: Stack) -> None:
    """Let API and trigger begin with fresh containers, as after a deployment."""
    functions = stack.aws("lambda")
    for name in ("gatehouse-local", "gatehouse-local-user_records"):
        found = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        turn = str(int(found.get("TURN", "0")) + 1)
        functions.update_function_configuration(
            FunctionName=name, Environment={"Variables": {**found, "TURN": turn}}
        )


@pytest.fixture(scope="module")
def tenant(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    """Registered by the command that a person would use, with trust, linking and groups."""
    folder = tmp_path_factory.mktemp("acme")
    people = folder / "people.json"
    people.write_text(json.dumps(PEOPLE), encoding="utf-8")
    (port,) = free_ports(1)
    program = programs.okta(Path(sys.executable), folder, port)
    processes = Processes(folder)
    (copy,) = tmp_path_factory.getbasetemp().glob("stack[0-9]/app")
    ops = [sys.executable, "-m", "ops", "--project-dir", str(copy)]
    flags = ["--domain", "acme.example", "--trusted", "--link", "--groups-claim", "groups"]
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": stack.info["aws_endpoint_url"],
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "PYTHONPATH": str(PROJECT),
    }

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [*ops, *arguments, "--stage", "local"],
            env=environment,
            cwd=PROJECT,
            input="local-only\n",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    issuer = f"http://127.0.0.1:{port}"
    identity = ["--issuer", issuer, "--client-id", "acme", "--client-secret-stdin"]
    try:
        processes.start(replace(program, arguments=[*program.arguments, "--people", str(people)]))
        run("provider", "add", "Acme", *identity, *flags)
        start_anew(stack)  # containers keep the list of providers for a minute
        yield Tenant(stack, run)
        run("provider", "remove", "Acme", "--yes")
        start_anew(stack)
    finally:
        processes.stop()


def test_the_domain_leads_to_the_tenant_and_the_list_stays_private(tenant: Tenant) -> None:
    """Nobody sees Acme but people of its domain."""
    visitor = Visitor(tenant.stack)
    config = visitor.get("/auth/config").json()
    assert [provider["name"] for provider in config["providers"]] == ["Okta"]
    found = visitor.post("/auth/discover", {"email": "tina@ACME.example"}).json()
    assert found["provider"] == {"name": "Acme", "label": "Acme"}
    assert visitor.post("/auth/discover", {"email": "tina@else.example"}).json()["provider"] is None


@pytest.mark.security("S-51")
def test_groups_of_the_tenant_open_the_route_and_nothing_else_does(tenant: Tenant) -> None:
    """Through the real authorizer; a name with a space is not two groups, and the automatic group is not told."""
    tina, answer = tenant.sign_in("00uTina1", "email=tina@acme.example")
    assert sorted(answer["user"]["groups"]) == ["Everyone", "admins"]
    page = tina.get("/users?limit=1", token=answer["access_token"])
    assert page.status_code == 200, page.text
    more = tina.get(f"/users?cursor={page.json()['cursor']}", token=answer["access_token"])
    assert more.status_code == 200
    urs, answer = tenant.sign_in("00uUrs2", "email=urs@acme.example")
    assert urs.get("/users", token=answer["access_token"]).status_code == 403
    vera, answer = tenant.sign_in("00uVera3", "email=vera@acme.example")
    assert answer["user"]["groups"] == []
    assert vera.get("/users", token=answer["access_token"]).status_code == 403
    record = tenant.item("acme_00uurs2")
    assert (record["provider"], record["Email"]) == ("Acme", "urs@acme.example")
    assert (record["ClientId"], record["status"]) == (tenant.stack.info["client_id"], "CONFIRMED")


@pytest.mark.security("S-56")
def test_a_tenant_cannot_bring_somebody_elses_address(tenant: Tenant) -> None:
    """Refused before there is a profile."""
    visitor = Visitor(tenant.stack)
    url = visitor.callback_url("00uMallory4", query="provider=Acme")
    answer = visitor.request("GET", url)
    assert answer.headers["Location"].endswith("?error=sign_up_refused")
    assert tenant.stack.user_item("acme_00umallory4") is None


@pytest.mark.security("S-56")
def test_a_person_of_the_tenant_joins_the_native_account(tenant: Tenant) -> None:
    """Under the trigger's own role: one account, one record that shows both, and both ways in; no second profile."""
    stack = tenant.stack
    stack.create_person("nora@acme.example", "correct-horse-for-nora")
    by_password = Visitor(stack).managed_sign_in("nora@acme.example", "correct-horse-for-nora")
    for _ in range(2):
        _, by_acme = tenant.sign_in("00uLinkedNora5", "email=nora@acme.example")
        assert by_acme["user"]["sub"] == by_password["user"]["sub"]
    record = tenant.item(by_password["user"]["username"])
    assert (record["provider"], record["linked"]) == ("COGNITO", "Acme")
    assert stack.user_item("acme_00ulinkednora5") is None


def test_a_native_person_changes_names_and_people_of_okta_do_not(tenant: Tenant) -> None:
    """PATCH /me by the API's own role."""
    stack = tenant.stack
    stack.create_person("pat@else.example", "correct-horse-for-pat")
    pat = Visitor(stack)
    token = pat.managed_sign_in("pat@else.example", "correct-horse-for-pat")["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    answer = pat.request("PATCH", "/me", json={"given_name": "Patricia"}, headers=headers)
    assert (answer.status_code, answer.json()["given_name"]) == (200, "Patricia")
    urs, signed_in = tenant.sign_in("00uUrs2", "email=urs@acme.example")
    headers = {"Authorization": f"Bearer {signed_in['access_token']}"}
    answer = urs.request("PATCH", "/me", json={"given_name": "Eve"}, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (409, "managed_by_provider")


@pytest.mark.security("S-57")
def test_reconcile_mends_and_deleting_leaves_nothing(tenant: Tenant) -> None:
    """A lost record comes back, and pool and table are equal; a deleted person is in neither."""
    tenant.sign_in("00uTina1", "email=tina@acme.example")
    before = tenant.item("acme_00utina1")
    tenant.stack.delete_user_item("acme_00utina1")
    tenant.ops("reconcile")
    kept = (
        "userName",
        "ClientId",
        "Email",
        "given_name",
        "family_name",
        "sub",
        "provider",
        "status",
    )
    after = tenant.item("acme_00utina1")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    tenant.ops("reconcile", "--dry-run")
    tenant.ops("user", "delete", "acme_00utina1", "--yes")
    assert tenant.stack.user_item("acme_00utina1") is None
    assert "to mend: 0 missing, 0 differing, 0 of nobody" in tenant.ops("reconcile", "--dry-run")
