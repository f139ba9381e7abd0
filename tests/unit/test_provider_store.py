"""Tests of the cache of providers, and of the owner of an address."""

import pytest

from chalicelib.gatehouse.store.providers import Provider, ProviderStore
from tests.doubles.aws_errors import client_error
from tests.doubles.clock import Clock
from tests.doubles.dynamodb import DynamoDBDouble


def make_table() -> DynamoDBDouble:
    return DynamoDBDouble(
        {"users": ("userName", frozenset({"Email"})), "providers": ("name", frozenset())}
    )


@pytest.fixture
def table() -> DynamoDBDouble:
    return make_table()


@pytest.fixture
def providers(table: DynamoDBDouble, clock: Clock) -> ProviderStore:
    for name in ("Zeta", "Okta", "Acme", "Beta", "Contoso"):
        table.put(
            "providers", {"name": {"S": name}, "domains": {"SS": [f"{name.lower()}.example"]}}
        )
    return ProviderStore(table, "providers", clock)


def test_all_pages_of_providers_are_read_and_kept_for_a_minute(
    providers: ProviderStore, table: DynamoDBDouble, clock: Clock
) -> None:
    """The table has five rows, and a page has two rows, so the store needs three calls. The store makes these calls
    once a minute."""
    assert [provider.name for provider in providers.all()] == [
        "Acme",
        "Beta",
        "Contoso",
        "Okta",
        "Zeta",
    ]
    providers.all()
    assert table.calls == ["Scan"] * 3
    table.delete("providers", "Zeta")
    clock.advance(59)
    assert providers.find("Zeta") is not None
    clock.advance(1)
    assert providers.find("Zeta") is None


def test_known_providers_outlive_an_outage_and_the_table_is_not_hammered(
    providers: ProviderStore, table: DynamoDBDouble, clock: Clock
) -> None:
    """During an outage, sign-ins use the list that the container has cached. A new container has no cached list."""
    providers.all()
    calls = len(table.calls)
    table.fault = client_error("InternalServerError")
    clock.advance(61)
    for _ in range(5):
        assert providers.find("Okta") is not None
    assert len(table.calls) == calls + 1


@pytest.mark.security("S-56")
@pytest.mark.parametrize(
    ("email", "name"),
    [
        ("bo@okta.example", "Okta"),
        (" Bo@OKTA.Example ", "Okta"),
        ('"a@b"@okta.example', "Okta"),
        ("bo@okta.example.evil", None),
        ("bo@sub.okta.example", None),
        ("okta.example@evil.example", None),
        ("bo@okta\u3002example", "Okta"),
        ("bo@\uff2fkta.example", "Okta"),
        ("bo@b\u00fccher.example", "Books"),
        ("bo@B\u00dcCHER.example.", "Books"),
        ("bo@" + "\u00fc" * 70 + ".example", None),
        ("bo@", None),
        ("", None),
    ],
)
def test_an_address_belongs_to_the_provider_of_its_whole_domain(
    providers: ProviderStore, table: DynamoDBDouble, email: str, name: str | None
) -> None:
    """Suffixes and subdomains do not match. The domain begins after the last @, and all spellings of a domain match."""
    table.put("providers", {"name": {"S": "Books"}, "domains": {"SS": ["xn--bcher-kva.example"]}})
    found = providers.find_by_email(email)
    assert (found.name if found else None) == name


@pytest.mark.security("S-56")
def test_a_provider_is_trusted_only_by_a_true_flag() -> None:
    """With any other value of the flag, the provider is not trusted, and its people are not linked."""
    for odd in ({"S": "true"}, {"N": "1"}, {"BOOL": "yes"}, {"BOOL": False}, {}):
        row = Provider.from_item({"name": {"S": "x"}, "trusted": odd, "link": odd})
        assert (row.trusted, row.link, row.label) == (False, False, "x")
    assert Provider.from_item({"name": {"S": "x"}, "trusted": {"BOOL": True}}).trusted
