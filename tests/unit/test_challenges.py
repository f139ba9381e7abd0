"""Tests of the two kinds of content of the challenge cookie (S-45)."""

import json
import zlib
from dataclasses import asdict

import pytest

from chalicelib.gatehouse.errors import ChallengeExpired
from chalicelib.gatehouse.sealed.challenges import (
    ENROLMENT_PURPOSE,
    SIGN_IN_PURPOSE,
    Challenge,
    Challenges,
    Enrolment,
)
from chalicelib.gatehouse.sealed.sealing import KeyRing, Sealer
from tests.doubles.clock import Clock

RING = KeyRing("k1", {"k1": "s" * 40})


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(lambda renew: RING)


@pytest.fixture
def challenges(sealer: Sealer, clock: Clock) -> Challenges:
    return Challenges(sealer, clock)


def challenge(challenges: Challenges) -> Challenge:
    return Challenge(
        "SMS_MFA",
        "canary-session",
        "sub-1",
        "canary@example.org",
        True,
        challenges.deadline(),
        ("SMS_MFA",),
    )


def enrolment(challenges: Challenges) -> Enrolment:
    return Enrolment("canary-access", "canary-refresh", "sub-1", "sub-1", challenges.deadline())


def test_what_is_sealed_comes_back(challenges: Challenges) -> None:
    asked, enrolling = challenge(challenges), enrolment(challenges)
    assert challenges.open(challenges.seal(asked)) == asked
    assert challenges.open_enrolment(challenges.seal_enrolment(enrolling)) == enrolling


@pytest.mark.security("S-45")
def test_a_value_of_one_purpose_opens_for_no_other(challenges: Challenges, sealer: Sealer) -> None:
    """Only the purpose in the seal decides whether a value opens, and the content does not matter. A value therefore
    does not open for the other purpose, even if the value has the other purpose's fields."""
    assert SIGN_IN_PURPOSE != ENROLMENT_PURPOSE
    payload = zlib.compress(json.dumps(asdict(enrolment(challenges))).encode())
    with pytest.raises(ChallengeExpired):
        challenges.open_enrolment(sealer.seal(SIGN_IN_PURPOSE, payload))
    payload = zlib.compress(json.dumps(asdict(challenge(challenges))).encode())
    with pytest.raises(ChallengeExpired):
        challenges.open(sealer.seal(ENROLMENT_PURPOSE, payload))


@pytest.mark.security("S-45")
@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"not deflate",
        zlib.compress(b"[]"),
        zlib.compress(b"{}"),
        zlib.compress(b'{"expires_at": "soon"}'),
        zlib.compress(b'{"expires_at": 9e99, "odd": 1}'),
    ],
)
def test_payloads_of_another_release_are_expired_challenges(
    challenges: Challenges, sealer: Sealer, payload: bytes
) -> None:
    """If a cookie of another release caused a crash, the browser would keep the cookie, and every further attempt would
    fail."""
    for purpose, opened in (
        (SIGN_IN_PURPOSE, challenges.open),
        (ENROLMENT_PURPOSE, challenges.open_enrolment),
    ):
        with pytest.raises(ChallengeExpired):
            opened(sealer.seal(purpose, payload))


@pytest.mark.security("S-61")
def test_secrets_do_not_print(challenges: Challenges) -> None:
    assert "canary" not in repr(challenge(challenges)) + repr(enrolment(challenges))
