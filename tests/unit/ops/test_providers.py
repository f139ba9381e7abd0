"""Tests that `ops` checks identity providers before the registration. A removal takes the steps of a registration in
reverse order."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ops.discovery import verify_issuer
from ops.errors import OpsError
from ops.provider import Provider
from ops.providers import add_provider, list_providers, remove_provider
from tests.unit.ops.fakes import (
    FakeCloudFormation,
    FakeCognito,
    FakeDynamoDB,
    FakeSession,
    dev_block,
    project,
    reporter,
    stage,
)

ISSUER = "https://acme.okta.com"
DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
    "userinfo_endpoint": f"{ISSUER}/userinfo",
    "scopes_supported": ["openid", "email", "profile"],
}


class Place:
    """One stage with its three services."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder = project(tmp_path, dev=dev_block())
        self.cloud = FakeCloudFormation("CREATE_COMPLETE", {"IdentityProviders": "COGNITO"})
        self.cognito = FakeCognito()
        self.dynamodb = FakeDynamoDB()
        self.session: Any = FakeSession(
            cloudformation=self.cloud, cognito_idp=self.cognito, dynamodb=self.dynamodb
        )
        self.report, self.printed = reporter()

    def add(self, **changes: Any) -> None:
        """Add Okta."""
        settings: dict[str, Any] = {
            "name": "Okta",
            "issuer": ISSUER,
            "client_id": "id",
            "client_secret": "canary-secret",
            **changes,
        }
        document = {**DOCUMENT, "issuer": settings["issuer"].rstrip("/")}
        add_provider(
            self.session, stage(self.folder), Provider(**settings), self.report, lambda _: document
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a stage without providers."""
    return Place(tmp_path)


def test_adding_registers_in_pool_table_and_client(place: Place) -> None:
    """The registration has the fields that AWS requires."""
    place.add(issuer=f"{ISSUER}/", domains=("Acme.com", "acme.com"), label="Acme staff")
    made = place.cognito.providers["Okta"]
    assert made["ProviderType"] == "OIDC"
    assert made["ProviderDetails"] == {
        "client_id": "id",
        "client_secret": "canary-secret",
        "attributes_request_method": "GET",
        "oidc_issuer": ISSUER,
        "authorize_scopes": "openid profile email",
    }
    assert made["AttributeMapping"]["custom:idp_sub"] == "sub"
    assert made["AttributeMapping"]["email_verified"] == "email_verified"
    assert made["IdpIdentifiers"] == ["acme.com"]
    row = place.dynamodb.rows["Okta"]
    assert row["label"] == {"S": "Acme staff"}
    assert row["issuer"] == {"S": ISSUER}, "the issuer that an Okta app tile sends"
    assert row["domains"] == {"L": [{"S": "acme.com"}]}
    assert (row["trusted"], row["link"]) == ({"BOOL": False}, {"BOOL": False})
    assert place.cloud.parameters["IdentityProviders"] == "COGNITO,Okta"


@pytest.mark.security("S-56")
def test_adding_again_updates_and_keeps_what_people_decided(place: Place) -> None:
    """The operator has set `--trusted`. A second `provider add` without the option keeps the flag."""
    place.add(domains=("acme.com",))
    place.dynamodb.rows["Okta"]["trusted"] = {"BOOL": True}
    place.add(client_id="other")
    assert place.cognito.log == ["create", "update"]
    assert place.cognito.providers["Okta"]["ProviderDetails"]["client_id"] == "other"
    assert place.cognito.providers["Okta"]["IdpIdentifiers"] == ["acme.com"]
    assert place.dynamodb.rows["Okta"]["trusted"] == {"BOOL": True}
    assert place.cloud.parameters["IdentityProviders"] == "COGNITO,Okta"


def test_adding_again_keeps_domains_and_label(place: Place) -> None:
    """In the pool and the table, a new value replaces the earlier value, and an empty value removes the earlier value."""
    place.add(domains=("acme.com", "acme.org"), label="Acme staff")
    place.add(trusted=True)
    row, made = place.dynamodb.rows["Okta"], place.cognito.providers["Okta"]
    assert row["domains"] == {"L": [{"S": "acme.com"}, {"S": "acme.org"}]}
    assert row["label"] == {"S": "Acme staff"}
    place.add(domains=("acme.net",), label="")
    row, made = place.dynamodb.rows["Okta"], place.cognito.providers["Okta"]
    assert (row["domains"], made["IdpIdentifiers"]) == ({"L": [{"S": "acme.net"}]}, ["acme.net"])
    assert row["label"] == {"S": "Okta"}
    place.add(domains=())
    row, made = place.dynamodb.rows["Okta"], place.cognito.providers["Okta"]
    assert (row["domains"], made["IdpIdentifiers"]) == ({"L": []}, [])


@pytest.mark.security("S-56")
def test_linking_needs_trust_and_both_can_be_taken_back(place: Place) -> None:
    """Linking is off by default. While `--link` is set, `ops` refuses `--no-trusted` without `--no-link`."""
    with pytest.raises(OpsError, match="needs --trusted"):
        place.add(link=True)
    assert not place.cognito.providers
    place.add(link=True, trusted=True)
    assert place.dynamodb.rows["Okta"]["link"] == {"BOOL": True}
    with pytest.raises(OpsError, match="needs --trusted"):
        place.add(trusted=False)
    place.add(trusted=False, link=False)
    row = place.dynamodb.rows["Okta"]
    assert (row["trusted"], row["link"]) == ({"BOOL": False}, {"BOOL": False})


@pytest.mark.security("S-56")
def test_passwords_for_people_of_its_domains_are_allowed_by_name_only(place: Place) -> None:
    """By default, people with an address in the provider's domains may not have passwords. The same applies to rows of
    earlier releases. A second `provider add` keeps the permission, and `--no-native-sign-up` removes the permission."""
    place.add(domains=("acme.com",))
    assert "can no longer create accounts with a password" in place.printed.getvalue()
    del place.dynamodb.rows["Okta"]["native_sign_up"]
    place.add(domains=("acme.com",))
    assert place.dynamodb.rows["Okta"]["native_sign_up"] == {"BOOL": False}
    place.add(domains=("acme.com",), native_sign_up=True)
    place.add(domains=("acme.com",))
    assert place.dynamodb.rows["Okta"]["native_sign_up"] == {"BOOL": True}
    place.add(domains=("acme.com",), native_sign_up=False)
    assert place.dynamodb.rows["Okta"]["native_sign_up"] == {"BOOL": False}


@pytest.mark.security("S-51")
def test_a_groups_claim_is_mapped_while_it_is_said(place: Place) -> None:
    """A second `provider add` keeps the claim, and an empty value removes the claim. The app client requests the scope
    `groups` if the provider lists this scope."""
    place.add()
    mapping = "AttributeMapping"
    assert "custom:groups" not in place.cognito.providers["Okta"][mapping]
    place.add(groups_claim="teams")
    place.add(label="Acme")
    made = place.cognito.providers["Okta"]
    assert made[mapping]["custom:groups"] == "teams"
    assert made["ProviderDetails"]["authorize_scopes"] == "openid profile email"
    assert "including admins" in place.printed.getvalue()
    place.add(groups_claim="")
    assert "custom:groups" not in place.cognito.providers["Okta"][mapping]
    assert place.dynamodb.rows["Okta"]["groups_claim"] == {"S": ""}


def test_the_groups_scope_is_asked_for_where_the_provider_lists_it(place: Place) -> None:
    """Okta's org authorization server lists the scope."""
    document = {**DOCUMENT, "scopes_supported": ["openid", "email", "profile", "groups"]}
    okta = Provider("Okta", ISSUER, "id", "secret", groups_claim="groups")
    add_provider(place.session, stage(place.folder), okta, place.report, lambda _: document)
    details = place.cognito.providers["Okta"]["ProviderDetails"]
    assert details["authorize_scopes"] == "openid profile email groups"


@pytest.mark.parametrize("claim", ["sub", "email", "email_verified", "a b", "1x", "x" * 129])
def test_what_is_no_groups_claim_is_refused(place: Place, claim: str) -> None:
    """With an address as the groups claim, people's addresses would become groups."""
    with pytest.raises(OpsError, match="not the name of a groups claim"):
        place.add(groups_claim=claim)


def test_names_differ_in_more_than_case(place: Place) -> None:
    """Two names must not differ only in case, because user names contain the provider's name in lower case."""
    place.add()
    with pytest.raises(OpsError, match="A provider Okta exists already"):
        place.add(name="OKTA")


@pytest.mark.security("S-61")
def test_secret_is_neither_printed_nor_in_a_stack_parameter_nor_in_a_repr(place: Place) -> None:
    """The secret goes only to Cognito."""
    place.add()
    provider = Provider("Okta", ISSUER, "id", "canary-secret")
    for text in (
        place.printed.getvalue(),
        repr(provider),
        str(place.cloud.parameters),
        str(place.dynamodb.rows),
        (place.folder / ".chalice" / "config.json").read_text(),
    ):
        assert "canary-secret" not in text


def test_problems_of_a_provider_are_named_together(place: Place) -> None:
    """All problems are in one error. `ops` reports the problems before any call of a service."""
    with pytest.raises(OpsError) as caught:
        place.add(name="my_okta", client_id=" ", client_secret="", domains=("acme", "-a.com"))
    for said in ("'my_okta'", "client id", "client secret", "'acme'", "'-a.com'"):
        assert said in str(caught.value)
    assert not place.cognito.log


@pytest.mark.security("S-72")
@pytest.mark.parametrize(
    "typed",
    [
        "b\u00fccher.example",
        "B\u00dcCHER\u3002example",
        "xn--bcher-kva.example",
        "bu\u0308cher.example",
    ],
)
def test_a_domain_may_be_typed_in_any_letters(place: Place, typed: str) -> None:
    """`ops` stores, registers and compares the domain in the normalized form that mail servers look up."""
    place.add(domains=(typed,))
    assert place.dynamodb.rows["Okta"]["domains"] == {"L": [{"S": "xn--bcher-kva.example"}]}
    with pytest.raises(OpsError, match=r"xn--bcher-kva\.example belongs to Okta"):
        place.add(name="Other", domains=("xn--bcher-kva.example",))


@pytest.mark.security("S-72")
@pytest.mark.parametrize(
    "typed",
    [
        "acme",
        "acme.com.",
        "acme.com>",
        "x@acme.com",
        "*.acme.com",
        "127.0.0.1",
        "xn--a.com",
        "\u2615.com",
    ],
)
def test_what_is_no_domain_is_not_registered(place: Place, typed: str) -> None:
    """The error shows the operator's spelling of the domain."""
    with pytest.raises(OpsError, match="is not a domain"):
        place.add(domains=(typed,))
    assert not place.cognito.log


def test_domain_of_another_provider_is_refused(place: Place) -> None:
    """An address must lead to one provider only."""
    place.add(domains=("acme.com",))
    with pytest.raises(OpsError, match=r"acme\.com belongs to Okta"):
        place.add(name="Other", domains=("acme.com",))
    assert "Other" not in place.cognito.providers


def test_removing_goes_in_the_reverse_order(place: Place) -> None:
    """First, the app client stops offering the provider."""
    place.add()
    remove_provider(place.session, stage(place.folder), "Okta", place.report)
    assert place.cloud.parameters["IdentityProviders"] == "COGNITO"
    assert not place.dynamodb.rows
    assert not place.cognito.providers


def test_half_removed_provider_is_shown_and_can_be_removed(place: Place) -> None:
    """Repeating an interrupted removal completes the removal."""
    place.add()
    place.cognito.providers.clear()
    (found,) = list_providers(place.session, stage(place.folder))
    assert not found.complete
    assert (found.in_pool, found.in_table, found.in_client) == (False, True, True)
    remove_provider(place.session, stage(place.folder), "Okta", place.report)
    assert not list_providers(place.session, stage(place.folder))


def test_removing_what_is_not_there_lists_what_is(place: Place) -> None:
    """The error lists the existing providers, so that the operator can find a typo at once."""
    place.add()
    with pytest.raises(OpsError, match="its providers: Okta"):
        remove_provider(place.session, stage(place.folder), "Octa", place.report)


def test_provider_that_people_are_sent_to_at_once_is_not_removed(place: Place) -> None:
    """`AUTO_SIGN_IN` names the provider. Without this provider, people would see an error page."""
    place.add()
    with pytest.raises(OpsError, match="AUTO_SIGN_IN"):
        remove_provider(
            place.session, stage(place.folder, AUTO_SIGN_IN="Okta"), "Okta", place.report
        )
    assert "Okta" in place.cognito.providers


def verify(document: Mapping[str, Any], issuer: str = ISSUER, *, local: bool = False) -> list[str]:
    """Check `issuer` with the discovery document `document`."""
    return verify_issuer(issuer, local=local, fetch=lambda _: document)


def test_issuer_must_call_itself_so() -> None:
    """The error explains the remedy."""
    with pytest.raises(OpsError, match=r"Pass --issuer https://acme\.okta\.com$"):
        verify(DOCUMENT, "https://acme-admin.okta.com")


@pytest.mark.parametrize("said", [f"{ISSUER}/", None, 7])
def test_issuer_that_cognito_cannot_be_given_is_refused(said: object) -> None:
    """The document has an issuer with a slash at the end, or no issuer."""
    with pytest.raises(OpsError, match="Cognito does not accept"):
        verify({**DOCUMENT, "issuer": said})


def test_document_without_what_cognito_needs_is_refused() -> None:
    """The error lists all missing parts."""
    document = {"issuer": ISSUER, "token_endpoint": "https://a/"}
    with pytest.raises(OpsError, match="authorization_endpoint, jwks_uri, userinfo_endpoint"):
        verify(document)


def test_missing_scopes_are_a_warning() -> None:
    """A provider need not list scopes, so a missing scope is only a warning."""
    assert verify(DOCUMENT) == []
    (warning,) = verify({**DOCUMENT, "scopes_supported": ["openid"]})
    assert "profile, email" in warning


def test_plain_http_is_for_the_local_stage() -> None:
    """On the local stage, the Okta stand-in uses plain HTTP."""
    issuer = "http://127.0.0.1:8100"
    assert verify({**DOCUMENT, "issuer": issuer}, issuer, local=True) == []
    with pytest.raises(OpsError, match="pass an issuer with https"):
        verify({**DOCUMENT, "issuer": issuer}, issuer)


@pytest.mark.parametrize("issuer", ["acme.okta.com", "ftp://a/", "https://a/?b", "https://u:p@a"])
def test_what_is_no_issuer_is_refused(issuer: str) -> None:
    """`ops` refuses such a value without a request over the network."""
    with pytest.raises(OpsError, match="--issuer must"):
        verify(DOCUMENT, issuer)
