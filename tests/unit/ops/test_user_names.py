"""Tests of finding a person by name: user names, addresses by the pool's own case rule, and addresses of several
people."""

import pytest

from ops.directory import Directory
from tests.doubles.aws_errors import client_error
from tests.unit.ops.desk import Desk


@pytest.mark.parametrize("name", ["ada", "ADA", "ada@x.example", "Ada@X.example"])
def test_a_person_is_found_in_any_case_where_the_pool_ignores_it(desk: Desk, name: str) -> None:
    """If the pool ignores case, the command ignores case in the user name and in the address."""
    desk.add("ada@x.example", sub="ada")
    assert desk.run("show", name, "--json").json()["user_name"] == "ada"


def test_a_provider_person_is_found_by_the_address_too(desk: Desk) -> None:
    """AWS can look up only native people by address. In this test no other person has the address."""
    desk.add_federated("ada@x.example")
    assert desk.run("show", "Ada@x.example", "--json").json()["user_name"] == "okta_00u1"


@pytest.mark.security("S-70")
def test_an_address_of_several_people_is_an_error_that_lists_them(desk: Desk) -> None:
    """If the operator gives an address that several people have, the command changes nobody. If the operator gives a
    user name, the command works."""
    desk.add("ada@x.example", sub="ada")
    desk.add_federated("ada@x.example")
    answer = desk.run("disable", "ada@x.example", "--yes")
    assert (answer.code, desk.pool.called("admin_disable_user")) == (1, 0)
    for said in ("2 people", "ada  confirmed", "okta_00u1  from a provider (Okta)"):
        assert said in answer.err
    assert desk.run("disable", "okta_00u1", "--yes").code == 0
    assert [user.enabled for user in desk.pool.users] == [True, False]


@pytest.mark.security("S-72")
def test_a_pool_that_heeds_case_tells_two_addresses_apart(desk: Desk) -> None:
    """In a pool that distinguishes upper and lower case, different people can have addresses that differ only in
    case."""
    desk.pool.case_sensitive = True
    desk.add("ada@x.example", sub="ada")
    desk.add_federated("Ada@x.example")
    assert desk.run("show", "Ada@x.example", "--json").json()["user_name"] == "okta_00u1"


def test_a_subject_that_is_an_address_is_a_user_name(desk: Desk) -> None:
    """Some providers use addresses as subjects. If a name is a user name of one person and the address of another
    person, the command uses the user name."""
    desk.add_federated("ada@x.example", subject="ada@x.example")
    desk.add("okta_ada@x.example", sub="other")
    found = desk.run("show", "okta_ada@x.example", "--json").json()
    assert found["user_name"] == "okta_ada@x.example"


@pytest.mark.parametrize("action", ["show", "disable", "enable", "sign-out", "reset-mfa"])
def test_nobody_of_a_name_is_an_error_that_says_where_to_look(desk: Desk, action: str) -> None:
    """The command reports the error before it asks for a confirmation."""
    answer = desk.run(action, "nobody@x.example")
    assert answer.code == 1
    assert "ops user list --stage dev" in answer.err


@pytest.mark.parametrize("name", ["", "  "])
def test_an_empty_name_is_refused(desk: Desk, name: str) -> None:
    """The command makes no call to AWS."""
    assert "The name is empty" in desk.run("show", name).err
    assert desk.pool.calls == []


def test_credentials_without_the_right_are_told_what_they_need(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error links the page that lists the rights."""

    def refuse(*_: object, **__: object) -> None:
        raise client_error("AccessDeniedException")

    monkeypatch.setattr(Directory, "call", refuse)
    answer = desk.run("show", "ada")
    assert answer.code == 1
    assert "Rights of an operator" in answer.err


def test_an_outage_of_the_table_is_one_message(desk: Desk) -> None:
    desk.add("ada@x.example", sub="ada")
    desk.dynamodb.fault = client_error("InternalServerError")
    answer = desk.run("show", "ada")
    assert (answer.code, "A DynamoDB table did not respond" in answer.err) == (1, True)


@pytest.mark.security("S-54")
def test_names_cannot_write_over_the_operators_screen(desk: Desk) -> None:
    """Strangers choose their own names. The command prints an escape sequence as text, so that the terminal does not
    execute the sequence."""
    desk.add("ada@x.example", sub="ada", given_name="\x1b[2JEve", family_name="\u202egnol")
    for answer in (desk.run("list"), desk.run("show", "ada")):
        assert answer.code == 0
        assert "\x1b" not in answer.out + answer.err
        assert "\u202e" not in answer.out + answer.err
        assert "[2JEve" in answer.out
