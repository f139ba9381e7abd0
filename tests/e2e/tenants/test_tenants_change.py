"""What a tenant could do yesterday and cannot do today: groups that are no longer asked for, addresses that moved."""

import pytest

from tests.e2e.stack import Visitor
from tests.e2e.tenants.tenancy import Tenancy, person
from tests.e2e.test_stack import trigger_role


@pytest.mark.security("S-51")
def test_groups_are_gone_at_the_next_refresh_where_a_tenant_tells_none_any_more(
    tenancy: Tenancy,
) -> None:
    """In the session that is there, and at the next sign-in; nobody has to clean the pool for it."""
    tina, before = tenancy.sign_in("00uTina1", "email=tina@acme.example")
    assert "admins" in before["user"]["groups"]
    with tenancy.without_groups_claim("Acme"):
        after = tina.refresh()
        assert after["user"]["groups"] == []
        assert tina.get("/users", token=after["access_token"]).status_code == 403
        _, anew = tenancy.sign_in("00uTina1", "email=tina@acme.example")
        assert anew["user"]["groups"] == []


@pytest.mark.security("S-56")
def test_a_tenant_cannot_give_somebody_an_address_of_others_later(tenancy: Tenancy) -> None:
    """The trigger refuses it; and where the trigger cannot read the providers, and lets people pass, the callback does."""
    tenancy.sign_in("00uGusG", "email=gus@birch.example")
    tenancy.tell("Birch", person("00uGusG", "tina@acme.example"))

    def comes_back() -> str:
        """Return what Cognito sends to the callback, which refuses in any case."""
        visitor = Visitor(tenancy.stack)
        url = visitor.callback_url("00uGusG", query="provider=Birch")
        answer = visitor.request("GET", url)
        assert answer.headers["Location"] == "/?error=sign_up_refused"
        assert "__Host-gatehouse" not in visitor.cookies
        return url

    assert "error=" in comes_back()
    with tenancy.stack.without_permission(trigger_role(tenancy.stack), "dynamodb:Scan"):
        tenancy.stack.start_anew("user_records")
        assert "code=" in comes_back()
    tenancy.stack.start_anew("user_records")
    tenancy.tell("Birch", person("00uGusG", "gus@birch.example"))
    assert tenancy.item("birch_00ugusg")["Email"] == "gus@birch.example"
