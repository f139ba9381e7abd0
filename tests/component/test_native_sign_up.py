"""Tests of native sign-up with an address whose domain belongs to an identity provider. The sign-up is possible only if
the provider's row allows it."""

from typing import Any

import pytest

from app import gate
from chalicelib.gatehouse.cognito.sign_up_mark import KEY, build_mark
from chalicelib.gatehouse.store.throttle import FREE_ATTEMPTS_SOURCE_OF
from chalicelib.gatehouse.triggers.entry import TriggerFailed
from tests.component.direct import PASSWORD, Direct, outline
from tests.component.world import CLIENT_SECRET
from tests.doubles.aws_errors import connect_timeout
from tests.doubles.browser import Answer, Browser, LambdaContext
from tests.doubles.pool_users import PoolUser
from tests.events import load_event

OWNED = "bo@contoso.example"
OLD = "old@contoso.example"


@pytest.fixture
def tenant(direct: Direct) -> Direct:
    """A provider named Contoso, with a domain. A person with an address in this domain has an older account."""
    own(direct)
    direct.pool.add(PoolUser(OLD, PASSWORD))
    return direct


def own(direct: Direct, **more: Any) -> None:
    row = {"name": {"S": "Contoso"}, "domains": {"L": [{"S": "contoso.example"}]}, **more}
    direct.world.dynamodb.put(direct.world.settings.providers_table, row)
    direct.restart()


def sign_up(direct: Direct, email: str, browser: Browser | None = None) -> Answer:
    return direct.post("direct/sign-up", browser, email=email)


def trigger(source: str, email: str) -> Any:
    event = load_event(source)
    event["request"]["userAttributes"]["email"] = email
    event["request"]["clientMetadata"] = {KEY: build_mark(email, CLIENT_SECRET)}
    return gate.user_records(event, LambdaContext())


@pytest.mark.security("S-40")
@pytest.mark.security("S-56")
@pytest.mark.parametrize("email", [OWNED, OLD, "Bo@CONTOSO.example", "x@ｃontoso.example"])
def test_a_providers_domain_is_refused_whoever_it_is(tenant: Direct, email: str) -> None:
    """The server decides by the domain, before it calls Cognito. The response is the same for new addresses and for
    addresses with an account."""
    answer = sign_up(tenant, email)
    assert (answer.status, answer.json()["error"]) == (403, "sign_up_refused")
    assert outline(answer) == outline(sign_up(tenant, "nobody@contoso.example"))
    assert tenant.pool.called("sign_up") == 0


@pytest.mark.security("S-56")
def test_the_trigger_holds_the_rule_as_well(tenant: Direct) -> None:
    """Managed login has its own sign-up page. There, the trigger refuses addresses in the provider's domain.
    Administrators may still invite anybody."""
    with pytest.raises(TriggerFailed, match=r"^GATEHOUSE_REFUSED: "):
        trigger("PreSignUp_SignUp", OWNED)
    assert tenant.world.users() == {}
    trigger("PreSignUp_AdminCreateUser", OWNED)
    trigger("PreSignUp_SignUp", "bo@sub.contoso.example")
    assert len(tenant.world.users()) == 2


def test_a_provider_may_allow_it(tenant: Direct) -> None:
    """For example, a customer's directory may not contain the customer's contractors. With `ops provider add
    --native-sign-up`, contractors can create accounts."""
    own(tenant, native_sign_up={"BOOL": True})
    assert sign_up(tenant, OWNED).status == 200
    (record,) = tenant.world.users().values()
    assert (record["Email"], record["status"], record["provider"]) == (OWNED, "PENDING", "COGNITO")


def test_who_had_an_account_keeps_it(tenant: Direct) -> None:
    assert tenant.sign_in(OLD).status == 200
    assert tenant.post("direct/forgot-password", email=OLD).status == 200
    code = tenant.pool.last_code("reset")
    new = "another horse 34"
    assert tenant.post("direct/reset-password", email=OLD, code=code, password=new).status == 200
    assert tenant.sign_in(OLD, new).status == 200


def test_while_the_providers_are_unknown_nobody_signs_up(tenant: Direct) -> None:
    """If the providers table is unavailable, both our form and the trigger refuse the sign-up."""
    tenant.restart()
    tenant.world.dynamodb.fault = connect_timeout()
    assert sign_up(tenant, "new@elsewhere.example").status == 503
    with pytest.raises(TriggerFailed, match=r"^GATEHOUSE_UNAVAILABLE: "):
        trigger("PreSignUp_SignUp", "new@elsewhere.example")


@pytest.mark.security("S-41")
def test_the_customer_list_cannot_be_read_off_by_signing_up(tenant: Direct) -> None:
    """Each sign-up with a domain that has no provider counts as an attempt, as on the discovery route."""
    for n in range(FREE_ATTEMPTS_SOURCE_OF["mail"]):
        assert sign_up(tenant, f"a@guess{n}.example").status == 200
    assert sign_up(tenant, "a@guess.example").status == 429


@pytest.mark.security("S-56")
def test_nor_does_a_password_open_an_account_that_was_moved_to_an_address_of_others(
    tenant: Direct,
) -> None:
    """An account is linked to a provider. The provider has changed the account's address to another domain. Direct
    sign-in then refuses the account."""
    tenant.pool.add(PoolUser("ceo@elsewhere.example", PASSWORD, provider="Contoso"))
    answer = tenant.sign_in("ceo@elsewhere.example")
    assert (answer.status, answer.json()["error"]) == (401, "invalid_credentials")
    assert tenant.browser.cookies == {}
    tenant.pool.add(PoolUser("bo.linked@contoso.example", PASSWORD, provider="Contoso"))
    assert tenant.sign_in("bo.linked@contoso.example").status == 200
