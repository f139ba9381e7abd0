"""Tests that docs/operations.md lists exactly the rights that each action needs, according to the real calls of the
commands."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from ops import cli
from tests.unit.ops.desk import Desk

ROOT = Path(__file__).resolve().parents[3]
ADA = "ada@x.example"
# Together, the lines of a command make every kind of call that the command can make.
LINES: dict[str, tuple[tuple[str, ...], ...]] = {
    "list": (("list", "--group", "admins"), ("list", "--email-prefix", "a")),
    "show": (("show", ADA),),
    "invite": (
        ("invite", "new@x.example", "--group", "admins"),
        ("invite", "new@x.example", "--given-name", "Ada", "--group", "readers"),
    ),
    "reset-mfa": (("reset-mfa", ADA, "--yes"),),
    "sessions": (("sessions", ADA), ("sessions", ADA, "--end", "A" * 22)),
    "sign-out": (("sign-out", ADA, "--yes"),),
    "disable": (("disable", ADA, "--yes"),),
    "enable": (("enable", "off@x.example"),),
    "group add": (("group", "add", ADA, "readers"),),
    "group remove": (
        ("group", "remove", ADA, "admins"),
        ("group", "remove", ADA, "readers"),
    ),
    "unlink": (("unlink", ADA, "Okta", "--yes"),),
    "delete": (("delete", ADA, "--yes"),),
}


def rights() -> dict[str, tuple[set[str], set[str]]]:
    """Return a mapping from each command to its actions of Cognito and of DynamoDB, as docs/operations.md lists
    them."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = page.partition("### Rights of an operator")[2].partition("\n## ")[0]
    found = {}
    for line in table.splitlines():
        if line.startswith("|") and "`cognito-idp:`" not in line and "|---" not in line:
            command, cognito, *tables_of = (cell.strip() for cell in line.split("|")[1:-1])
            tables = set(re.findall(r"`(\w+)`", "".join(tables_of)))
            found[command.strip("`")] = (set(re.findall(r"`(\w+)`", cognito)), tables)
    return found


def test_every_action_has_its_rights_and_its_place_in_the_runbooks() -> None:
    """The test covers every action of `ops user`."""
    runbooks = (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8")
    user = cli.cli.commands["user"]
    assert isinstance(user, click.Group)
    offered = set()
    for name, action in user.commands.items():
        verbs = action.commands if isinstance(action, click.Group) else {}
        offered |= {f"{name} {verb}" for verb in verbs} or {name}
    assert offered == set(LINES) == set(rights()) - {"every command"}
    assert [name for name in sorted(offered) if f"user {name}" not in runbooks] == []


@pytest.mark.security("S-60")
@pytest.mark.parametrize("command", sorted(LINES))
def test_a_command_calls_what_the_page_says(desk: Desk, command: str) -> None:
    """A policy with the rights in docs/operations.md is sufficient, and the command uses each of these rights."""
    desk.add_provider(groups_claim={"S": "groups"})
    desk.add(
        ADA,
        sub="ada",
        groups=("admins",),
        identities=[("Okta", "1")],
        told_groups="[sales]",
        factors={"SOFTWARE_TOKEN_MFA"},
    )
    desk.add("off@x.example", sub="off", enabled=False)
    directory = desk.directory()
    for name in ("ada", "off"):
        desk.add_session(name)
        directory.record(directory.require(name))
    desk.pool.calls.clear()
    desk.dynamodb.calls.clear()
    for line in LINES[command]:
        answer = desk.run(*line)
        assert answer.code == 0, answer.err
    made = {
        "".join(part.title() for part in name.split("_")).replace("Mfa", "MFA")
        for name, _ in desk.pool.calls
    }
    said = rights()
    (common, common_tables), (own, own_tables) = said["every command"], said[command]
    assert own <= made <= common | own
    used = set(desk.dynamodb.calls)
    assert own_tables <= used <= common_tables | own_tables
