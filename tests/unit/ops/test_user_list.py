"""Tests of `ops user list` and `show`: pages, filters, and the data about a person."""

import json
import sys
from pathlib import Path

import pytest

from ops.directory import Directory
from tests.doubles.aws_errors import client_error
from tests.unit.ops.desk import Desk


def names(desk: Desk, *words: str) -> list[str]:
    found = desk.run("list", "--json", *words).json()
    return [person["user_name"] for person in found]


def test_everybody_is_listed_page_by_page_within_the_quota(desk: Desk) -> None:
    """130 people need three calls. The pool's quota limits the number of calls a second."""
    for n in range(130):
        desk.add(f"p{n}@x.example", sub=f"p{n:03d}")
    started = desk.clock()
    assert len(names(desk)) == 130
    assert desk.pool.called("list_users") == 3
    assert desk.clock() - started == pytest.approx(2 / 20)


def test_lines_come_before_the_list_is_through(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the second page fails, the command has already printed the first page. The JSON array stays unclosed, so that
    the list does not look complete."""
    for n in range(70):
        desk.add(f"p{n}@x.example", sub=f"p{n:03d}")
    real = Directory.call

    def call(directory: Directory, operation: str, **arguments: object) -> dict[str, object]:
        if "PaginationToken" in arguments:
            raise client_error("TooManyRequestsException", "ListUsers")
        return real(directory, operation, **arguments)

    monkeypatch.setattr(Directory, "call", call)
    answer = desk.run("list", "--json")
    assert answer.code == 1
    assert answer.out.count("\n") == 60
    assert "stopped after 60" in answer.err
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_filters_leave_who_is_wanted(desk: Desk) -> None:
    """The filters are group, status, address and provider. An operator can use several filters together."""
    desk.add("ada@x.example", sub="ada", groups=("admins",))
    desk.add("Adam@x.example", sub="adam", status="FORCE_CHANGE_PASSWORD", groups=("admins",))
    desk.add("bob@x.example", sub="bob", status="UNCONFIRMED", enabled=False)
    desk.add("lin@x.example", sub="lin", identities=[("Okta", "1")])
    desk.add_federated("eve@x.example")
    assert names(desk) == ["ada", "adam", "bob", "lin", "okta_00u1"]
    assert names(desk, "--group", "admins") == ["ada", "adam"]
    assert names(desk, "--group", "admins", "--status", "invited") == ["adam"]
    assert names(desk, "--status", "not-confirmed") == ["bob"]
    assert names(desk, "--status", "disabled") == ["bob"]
    assert names(desk, "--status", "from-a-provider") == ["okta_00u1"]
    assert names(desk, "--email-prefix", "Ada") == ["adam", "ada"]
    assert names(desk, "--email-prefix", "ada", "--status", "confirmed") == ["ada"]
    assert names(desk, "--provider", "okta") == ["lin", "okta_00u1"]
    assert names(desk, "--email-prefix", 'nobody"') == []


def test_a_limit_says_that_there_is_more(desk: Desk) -> None:
    """After the limit, the command reads no further page."""
    for n in range(130):
        desk.add(f"p{n}@x.example", sub=f"p{n:03d}")
    answer = desk.run("list", "--limit", "2")
    assert answer.out.splitlines()[0].startswith("p000  p0@x.example  confirmed")
    assert len(answer.out.splitlines()) == 2
    assert "more than 2" in answer.err
    assert desk.pool.called("list_users") == 1


def test_an_unknown_group_is_an_error_that_lists_the_groups(desk: Desk) -> None:
    """The error suggests the closest name."""
    answer = desk.run("list", "--group", "admin")
    assert answer.code == 1
    assert "Did you mean admins?" in answer.err
    assert "admins, readers" in answer.err


def test_a_reader_that_has_read_enough_is_no_error(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`ops user list | head` reads no further page and prints no traceback."""
    for n in range(130):
        desk.add(f"p{n}@x.example", sub=f"p{n:03d}")
    lines = iter(range(3))

    def print_until_closed(*_: object, **__: object) -> None:
        if next(lines, None) is None:
            raise BrokenPipeError

    monkeypatch.setattr("builtins.print", print_until_closed)
    with (tmp_path / "pipe").open("w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        assert desk.run("list").code == 0
    assert desk.pool.called("list_users") == 1


def test_nobody_is_no_error(desk: Desk) -> None:
    """The list is empty. With `--json`, the output is an empty array."""
    answer = desk.run("list")
    assert (answer.code, answer.out) == (0, "")
    assert names(desk) == []


def test_show_tells_pool_table_and_provider(desk: Desk) -> None:
    """The command shows the groups from the pool and the provider, the links, the second factors, and the record."""
    desk.add_provider(groups_claim={"S": "groups"})
    user = desk.add(
        "ada@x.example",
        sub="ada",
        groups=("admins", f"{desk.pool.pool_id}_Okta"),
        identities=[("Okta", "1")],
        told_groups="[sales,two words]",
        factors={"SOFTWARE_TOKEN_MFA"},
        preferred="SOFTWARE_TOKEN_MFA",
    )
    directory = desk.directory()
    directory.record(directory.require(user.sub))
    desk.users.record_proved("ada")
    found = desk.run("show", "ada", "--json").json()
    assert found["groups"] == {
        "pool": ["admins"],
        "told_by_provider": ["sales"],
        "in_tokens": ["admins", "sales"],
    }
    assert (found["provider"], found["linked"]) == ("COGNITO", ["Okta"])
    assert found["second_factors"] == [found["preferred_second_factor"]] == ["SOFTWARE_TOKEN_MFA"]
    assert found["record"]["provedAt"]
    assert found["differences"] == []
    text = desk.run("show", "ada").out
    for said in ("authenticator app", "sales (from the provider)", "reset-mfa ada --stage dev"):
        assert said in text


def test_show_names_what_differs_and_its_mend(desk: Desk) -> None:
    """The command names a record that differs from the pool, and a missing record."""
    user = desk.add("ada@x.example", sub="ada")
    assert desk.run("show", "ada", "--json").json()["differences"] == ["no record in the table"]
    directory = desk.directory()
    directory.record(directory.require("ada"))
    user.family_name = "King"
    answer = desk.run("show", "ada")
    assert "family_name: the pool says 'King', the table 'Hopper'" in answer.out
    assert "ops reconcile --stage dev" in answer.out


def test_show_knows_a_record_of_nobody(desk: Desk) -> None:
    """The command shows a record whose person is no longer in the pool."""
    desk.add("ada@x.example", sub="ada")
    directory = desk.directory()
    directory.record(directory.require("ada"))
    desk.pool.users.clear()
    found = desk.run("show", "ada", "--json").json()
    assert found["differences"] == ["only in the table"]
    assert "reconcile" in desk.run("show", "ada").out


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": "UNCONFIRMED"}, "must sign up again"),
        ({"status": "RESET_REQUIRED"}, "Forgot your password?"),
        ({"enabled": False}, "ops user enable ada --stage dev"),
        ({"email_verified": False}, "the address is not verified"),
        ({"status": "FORCE_CHANGE_PASSWORD"}, "ops user invite ada@x.example --stage dev"),
    ],
)
def test_show_says_what_the_person_can_do(
    desk: Desk, changes: dict[str, object], said: str
) -> None:
    """The test covers each state in which a person cannot continue."""
    desk.add("ada@x.example", sub="ada", **changes)
    assert any(said in step for step in desk.run("show", "ada", "--json").json()["next"])


@pytest.mark.security("S-68")
def test_show_says_who_is_not_proved(desk: Desk) -> None:
    """`show` explains why a provider's person is not linked to the native account."""
    desk.add("ada@x.example", sub="ada")
    directory = desk.directory()
    directory.record(directory.require("ada"))
    assert "first reset the password" in desk.run("show", "ada").out
    desk.users.record_proved("ada")
    assert "first reset the password" not in desk.run("show", "ada").out


@pytest.mark.parametrize(
    ("days", "changed", "said"),
    [(1, 0, "valid until"), (4, 0, "expired on"), (4, 2, "and may have expired already")],
)
def test_show_says_how_long_an_invitation_is_good(
    desk: Desk, days: int, changed: int, said: str
) -> None:
    """An invitation is valid for three days. After a later change of the account, the invitation's age is unknown,
    because the change may have been another invitation."""
    user = desk.add("ada@x.example", sub="ada", status="FORCE_CHANGE_PASSWORD")
    user.modified_at += changed * 86_400
    desk.clock.advance(days * 86_400)
    assert said in desk.run("show", "ada").out
