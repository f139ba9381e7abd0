"""Tests of people without a password in the pool. The profile of such a person comes from an identity provider. The
person may have identities that were linked later."""

import pytest

from chalicelib.gatehouse.cognito.identities import Identity
from chalicelib.gatehouse.cognito.tokens import IdentityClaims
from chalicelib.gatehouse.flows.direct_sign_in import is_federated_only

NATIVE = "5d3c7b1e-0a6f-4c7e-9b1d-2f6a8c4e0d11"
OKTA, CONTOSO = Identity("Okta", "00u1"), Identity("Contoso", "00u2")


@pytest.mark.security("S-40")
@pytest.mark.parametrize(
    ("username", "identities", "expected"),
    [
        (NATIVE, (), False),
        (NATIVE, (OKTA,), False),
        ("Okta_00u1", (OKTA,), True),
        ("okta_00u1", (OKTA,), True),
        ("Okta_00u1", (CONTOSO, OKTA), True),
    ],
)
def test_birth_decides(username: str, identities: tuple[Identity, ...], expected: bool) -> None:
    """The user name decides. The first entry of `identities` cannot decide, because AWS does not document the order of
    the entries."""
    provider = identities[0].provider if identities else "COGNITO"
    claims = IdentityClaims("sub", username, "", "", "", (), provider, identities)
    assert is_federated_only(claims) is expected
