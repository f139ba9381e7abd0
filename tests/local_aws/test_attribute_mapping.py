"""Tests of the function that turns claims into attributes. These tests need no service."""

from __future__ import annotations

from typing import Any

import pytest

from ops.local.mends.attribute_mapping import as_text, map_attributes, missing_required


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (["a", "b c"], "[a, b c]"),
        ([], "[]"),
        (7, "7"),
        ({"k": 1}, '{"k": 1}'),
        ("Chloé", "Chloé"),
    ],
)
def test_values_become_text(value: Any, text: str) -> None:
    assert as_text(value) == text


def test_one_claim_feeds_two_attributes() -> None:
    """If the claim is missing, the function sets neither attribute."""
    mapping = {"custom:idp_sub": "sub", "nickname": "sub", "name": "absent", "username": "sub"}
    assert map_attributes({"sub": "00uX"}, mapping) == {
        "custom:idp_sub": "00uX",
        "nickname": "00uX",
    }


def test_required_attributes_are_named() -> None:
    """Cognito itself sets `sub`, so `sub` is never missing."""
    schema = [{"Name": "sub", "Required": True}, {"Name": "email", "Required": True}]
    assert missing_required({}, schema) == ["email"]
    assert missing_required({"email": "a@example.com"}, schema) == []


def test_an_unmapped_email_verified_reads_false() -> None:
    """The provider's claim is true, but the pool does not map the claim."""
    claims = {"email": "a@example.com", "email_verified": True}
    assert map_attributes(claims, {"email": "email"})["email_verified"] == "false"
