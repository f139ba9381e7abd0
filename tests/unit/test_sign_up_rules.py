"""Tests of the rules for addresses that may sign up."""

import pytest

from chalicelib.gatehouse.sign_up_rules import refuse_address, refuse_attributes

ALLOWED = frozenset({"example.com", "example.org"})
REFUSED = frozenset({"bad.example", "b\u00fccher.example"})


@pytest.mark.parametrize(
    "email",
    ["a@example.com", "A@EXAMPLE.COM", "a@\uff45xample.com", "a@example\u3002org"],
)
def test_an_allowed_domain_may_sign_up(email: str) -> None:
    """The rules accept all spellings of the domain."""
    assert refuse_address(email, ALLOWED, REFUSED) is None


@pytest.mark.security("S-72")
@pytest.mark.parametrize(
    "listed", ["b\u00fccher.example", "xn--bcher-kva.example", "B\u00dcCHER.example"]
)
@pytest.mark.parametrize(
    "typed", ["b\u00fccher.example", "XN--BCHER-KVA.example", "bu\u0308cher.example"]
)
def test_lists_and_addresses_may_spell_a_domain_differently(listed: str, typed: str) -> None:
    """In the lists of allowed and of refused domains, all spellings of a domain match. The spellings are Unicode and
    A-label (xn--…), composed and decomposed letters, upper and lower case."""
    email = f"a@{typed}"
    assert refuse_address(email, frozenset({listed}), frozenset()) is None
    assert refuse_address(email, frozenset(), frozenset({listed}))


@pytest.mark.parametrize(
    "email",
    [
        "a@mail.example.com",
        "a@example.com.evil.example",
        "a@example.co",
        "a",
        "",
        "@",
        "a@",
        "A@EXAMPLE.COM ",
        "a@b@example.org",
    ],
)
def test_another_domain_may_not(email: str) -> None:
    """The rules refuse a subdomain of the domain, a longer name, and an address without a domain."""
    assert refuse_address(email, ALLOWED, REFUSED)


@pytest.mark.parametrize(
    "email",
    [
        "a@bad.example",
        "a@BAD.example",
        "a@bad.example.",
        "a@\uff42ad.example",
        "a@bad\uff0eexample",
        "a@bad\u3002example",
        "a@b\u00fccher.example",
        "a@xn--bcher-kva.example",
    ],
)
def test_a_refused_domain_may_not(email: str) -> None:
    """The rules refuse a listed domain even if all other domains are allowed."""
    assert refuse_address(email, frozenset(), REFUSED)
    assert refuse_address("a@good.example", frozenset(), REFUSED) is None


@pytest.mark.security("S-51")
def test_only_a_provider_sets_groups_and_subject() -> None:
    """People could set these attributes at sign-up, so the rules refuse such a sign-up."""
    assert refuse_attributes({"email": "a@b.example", "given_name": "A"}) is None
    assert refuse_attributes({"custom:groups": ""})
    assert refuse_attributes({"custom:idp_sub": "00u"})
