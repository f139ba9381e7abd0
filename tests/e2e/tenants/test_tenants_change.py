"""Tests of a tenant that no longer sends groups, or that changes a person's address."""

from contextlib import nullcontext

import pytest

from tests.e2e.stack import Visitor
from tests.e2e.tenants.tenancy import Tenancy, person
from tests.e2e.test_stack import trigger_role


@pytest.mark.security("S-51")
def test_groups_are_gone_at_the_next_refresh_where_a_tenant_tells_none_any_more(
    tenancy: Tenancy,
) -> None:
    """The groups disappear from the open session at its next refresh, and the next sign-in has no groups. The pool is
    unchanged."""
    tina, before = tenancy.sign_in("00uTina1", "email=tina@acme.example")
    assert "admins" in before["user"]["groups"]
    with tenancy.without_groups_claim("Acme"):
        after = tina.refresh()
        assert after["user"]["groups"] == []
        assert tina.get("/users", token=after["access_token"]).status_code == 403
        _, anew = tenancy.sign_in("00uTina1", "email=tina@acme.example")
        assert anew["user"]["groups"] == []


@pytest.mark.security("S-69")
@pytest.mark.parametrize(
    ("sub", "name", "keeps"), [("00uHana7", "hana", False), ("00uIda8", "ida", True)]
)
def test_what_a_tenant_tells_no_more_is_gone_at_that_sign_in(
    tenancy: Tenancy, sub: str, name: str, keeps: bool
) -> None:
    """The provider first omits the groups claim and then sends an empty groups claim. The provider does the same with
    the family name. Each time, the sign-in removes the groups and the family name, whether Cognito keeps or deletes
    empty values."""
    email = f"{name}@acme.example"
    visitor, before = tenancy.sign_in(sub, f"email={email}")
    assert before["user"]["groups"] == ["Everyone", "Geschäftsführung", "R&D", "admins"]
    assert visitor.get("/users", token=before["access_token"]).status_code == 200
    record = f"acme_{sub.lower()}"
    assert tenancy.item(record)["family_name"] == "Acme"

    told = person(sub, email, "admins")
    for gone in ({"groups", "family_name"}, set[str]()):
        less = {key: value for key, value in told.items() if key not in gone}
        less |= {} if gone else {"groups": [], "family_name": ""}
        tenancy.tell("Acme", less)
        with tenancy.stack.keeping_empty_claims() if keeps else nullcontext():
            visitor, after = tenancy.sign_in(sub, f"email={email}")
        assert after["user"]["groups"] == []
        assert visitor.get("/users", token=after["access_token"]).status_code == 403
        assert visitor.get("/me", token=after["access_token"]).json()["family_name"] == ""
        assert "family_name" not in tenancy.item(record)
        tenancy.tell("Acme", told)
        _, back = tenancy.sign_in(sub, f"email={email}")
        assert back["user"]["groups"] == ["admins"]
        assert tenancy.item(record)["family_name"] == "Acme"


@pytest.mark.security("S-69")
def test_nobody_comes_in_while_what_a_tenant_says_cannot_be_judged(tenancy: Tenancy) -> None:
    """The trigger that decides about the claims fails, and therefore the sign-in fails."""
    with tenancy.stack.without_permission(trigger_role(tenancy.stack), "dynamodb:Scan"):
        tenancy.stack.start_anew("user_records")
        visitor = Visitor(tenancy.stack)
        url = visitor.callback_url("00uUrs2", query="provider=Acme")
        answer = visitor.request("GET", url)
        assert answer.headers["Location"] == "/?error=temporarily_unavailable"
        assert "__Host-gatehouse" not in visitor.cookies
    tenancy.stack.start_anew("user_records")


@pytest.mark.security("S-56")
def test_a_tenant_cannot_give_somebody_an_address_of_others_later(tenancy: Tenancy) -> None:
    """The trigger refuses the sign-in, and the record keeps the old address."""
    tenancy.sign_in("00uGusG", "email=gus@birch.example")
    tenancy.tell("Birch", person("00uGusG", "tina@acme.example"))
    visitor = Visitor(tenancy.stack)
    url = visitor.callback_url("00uGusG", query="provider=Birch")
    assert "error=" in url
    answer = visitor.request("GET", url)
    assert answer.headers["Location"] == "/?error=sign_up_refused"
    assert "__Host-gatehouse" not in visitor.cookies
    tenancy.tell("Birch", person("00uGusG", "gus@birch.example"))
    assert tenancy.item("birch_00ugusg")["Email"] == "gus@birch.example"
