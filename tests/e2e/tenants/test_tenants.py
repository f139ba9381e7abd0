"""Tests of tenants without a browser. A domain leads to its tenant, and the tenant's groups count. No other provider
may use the tenant's addresses."""

import pytest

from tests.e2e.stack import Visitor
from tests.e2e.tenants.tenancy import Tenancy


def test_the_domain_leads_to_the_tenant_and_the_list_stays_private(tenancy: Tenancy) -> None:
    """A person learns that Acme is a tenant only after the person has entered an address of Acme's domain."""
    visitor = Visitor(tenancy.stack)
    config = visitor.get("/auth/config").json()
    assert [provider["name"] for provider in config["providers"]] == ["Okta"]
    found = visitor.post("/auth/discover", {"email": "tina@ACME.example"}).json()
    assert found["provider"] == {"name": "Acme", "label": "Acme"}
    assert visitor.post("/auth/discover", {"email": "tina@else.example"}).json()["provider"] is None


@pytest.mark.security("S-56")
def test_nobody_makes_an_account_with_a_password_for_a_tenants_address(tenancy: Tenancy) -> None:
    """The discovery route says in `direct` that the page must not offer a password. The API also refuses the sign-up.
    Addresses of other domains still work."""
    visitor = Visitor(tenancy.stack)
    assert visitor.post("/auth/discover", {"email": "x@acme.example"}).json()["direct"] is False
    refused = visitor.post("/auth/direct/sign-up", {"email": "x@acme.example"})
    assert (refused.status_code, refused.json()["error"]) == (403, "sign_up_refused")
    assert "x@acme.example" not in {row.get("Email") for row in tenancy.stack.users().values()}


@pytest.mark.security("S-68")
def test_an_account_that_nobody_has_proved_is_not_joined(tenancy: Tenancy) -> None:
    """A stranger may have chosen the account's password. The tenant's person therefore gets a separate profile. The
    groups belong to the separate profile alone."""
    stack = tenancy.stack
    stack.create_person("otto@acme.example", "the-strangers-password")
    stranger = Visitor(stack).managed_sign_in("otto@acme.example", "the-strangers-password")
    _, otto = tenancy.sign_in("00uOtto6", "email=otto@acme.example")
    assert (otto["user"]["sub"] != stranger["user"]["sub"], otto["user"]["groups"]) == (
        True,
        ["admins"],
    )
    again = Visitor(stack).managed_sign_in("otto@acme.example", "the-strangers-password")
    assert again["user"]["groups"] == []
    assert "linked" not in tenancy.item(stranger["user"]["username"])


@pytest.mark.security("S-51")
def test_groups_of_the_tenant_open_the_route_and_nothing_else_does(tenancy: Tenancy) -> None:
    """The test uses the real authorizer. A group name with a space does not count as two groups. Cognito adds a group
    for each provider, and our token trigger omits this group."""
    tina, answer = tenancy.sign_in("00uTina1", "email=tina@acme.example")
    assert sorted(answer["user"]["groups"]) == ["Everyone", "admins"]
    page = tina.get("/users?limit=1", token=answer["access_token"])
    assert page.status_code == 200, page.text
    more = tina.get(f"/users?cursor={page.json()['cursor']}", token=answer["access_token"])
    assert more.status_code == 200
    urs, answer = tenancy.sign_in("00uUrs2", "email=urs@acme.example")
    assert urs.get("/users", token=answer["access_token"]).status_code == 403
    vera, answer = tenancy.sign_in("00uVera3", "email=vera@acme.example")
    assert answer["user"]["groups"] == []
    assert vera.get("/users", token=answer["access_token"]).status_code == 403
    record = tenancy.item("acme_00uurs2")
    assert (record["provider"], record["Email"]) == ("Acme", "urs@acme.example")
    assert (record["ClientId"], record["status"]) == (tenancy.stack.info["client_id"], "CONFIRMED")


@pytest.mark.security("S-56")
def test_a_tenant_cannot_bring_somebody_elses_address(tenancy: Tenancy) -> None:
    """Cognito refuses the sign-in before it creates a profile."""
    visitor = Visitor(tenancy.stack)
    url = visitor.callback_url("00uMallory4", query="provider=Acme")
    answer = visitor.request("GET", url)
    assert answer.headers["Location"].endswith("?error=sign_up_refused")
    assert tenancy.stack.user_item("acme_00umallory4") is None


@pytest.mark.security("S-56")
@pytest.mark.security("S-68")
def test_a_person_of_the_tenant_joins_the_native_account(tenancy: Tenancy) -> None:
    """The owner of the native account has proved access to its mailbox. The account's address and the address at the
    tenant differ only in upper and lower case. The trigger, with its own role, links the person to the account.
    Afterwards, there is one account and one record with both sign-in methods, and there is no second profile."""
    stack = tenancy.stack
    stack.create_person("Nora@acme.example", "correct-horse-for-nora")
    by_password = Visitor(stack).managed_sign_in("Nora@acme.example", "correct-horse-for-nora")
    stack.prove(by_password["user"]["username"])
    for _ in range(2):
        _, by_acme = tenancy.sign_in("00uLinkedNora5", "email=nora@acme.example")
        assert by_acme["user"]["sub"] == by_password["user"]["sub"]
    record = tenancy.item(by_password["user"]["username"])
    assert (record["provider"], record["linked"]) == ("COGNITO", "Acme")
    assert stack.user_item("acme_00ulinkednora5") is None


def test_a_native_person_changes_names_and_people_of_okta_do_not(tenancy: Tenancy) -> None:
    """PATCH /me uses the API's own role."""
    stack = tenancy.stack
    stack.create_person("pat@else.example", "correct-horse-for-pat")
    pat = Visitor(stack)
    token = pat.managed_sign_in("pat@else.example", "correct-horse-for-pat")["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    answer = pat.request("PATCH", "/me", json={"given_name": "Patricia"}, headers=headers)
    assert (answer.status_code, answer.json()["given_name"]) == (200, "Patricia")
    urs, signed_in = tenancy.sign_in("00uUrs2", "email=urs@acme.example")
    headers = {"Authorization": f"Bearer {signed_in['access_token']}"}
    answer = urs.request("PATCH", "/me", json={"given_name": "Eve"}, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (409, "managed_by_provider")


@pytest.mark.security("S-57")
def test_reconcile_mends_and_deleting_leaves_nothing(tenancy: Tenancy) -> None:
    """`ops reconcile` writes a lost record again, and afterwards pool and table match. After the deletion of a person,
    neither pool nor table contains the person."""
    tenancy.sign_in("00uTina1", "email=tina@acme.example")
    before = tenancy.item("acme_00utina1")
    tenancy.stack.delete_user_item("acme_00utina1")
    tenancy.ops("reconcile")
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
    after = tenancy.item("acme_00utina1")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    tenancy.ops("reconcile", "--dry-run")
    tenancy.ops("user", "delete", "acme_00utina1", "--yes")
    assert tenancy.stack.user_item("acme_00utina1") is None
    assert "to correct: 0 missing, 0 differing, 0 without a person" in tenancy.ops(
        "reconcile", "--dry-run"
    )
