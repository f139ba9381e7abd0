"""Tests of sealed values: the values that open, and the values that must not open."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.gatehouse.errors import ConfigurationError, SealBroken
from chalicelib.gatehouse.sealed.sealing import KeyRing, Sealer

RING = KeyRing("k1", {"k1": "a" * 64})
SEALER = Sealer(lambda renew: RING)


@given(st.binary(max_size=2000))
def test_what_is_sealed_opens(payload: bytes) -> None:
    """The sealer accepts any bytes, even an empty value."""
    assert SEALER.open("p", SEALER.seal("p", payload)) == payload


def test_the_same_payload_is_never_sealed_alike() -> None:
    """The nonce is random, because equal cookies would reveal equal values."""
    assert len({SEALER.seal("p", b"same") for _ in range(50)}) == 50


@pytest.mark.security("S-10")
def test_every_single_bit_counts() -> None:
    """Flipping any one bit of nonce, text or tag breaks the seal."""
    kid, _, text = SEALER.seal("p", b"payload").partition(".")
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        value = f"{kid}.{base64.urlsafe_b64encode(bytes(changed)).rstrip(b'=').decode()}"
        with pytest.raises(SealBroken):
            SEALER.open("p", value)


def test_every_truncation_breaks_it() -> None:
    """The test removes characters at the front or at the end."""
    value = SEALER.seal("p", b"payload")
    for length in range(len(value)):
        with pytest.raises(SealBroken):
            SEALER.open("p", value[:length])
    with pytest.raises(SealBroken):
        SEALER.open("p", value + "A")


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v + "=",
        lambda v: v + "\n",
        lambda v: " " + v,
        lambda v: v.replace(".", ".."),
        lambda v: v.replace("k1", "K1"),
        lambda v: v.replace("k1.", "k1.="),
    ],
)
def test_there_is_one_spelling_of_a_value(change: object) -> None:
    """The opener refuses a value with padding or white space, or with letters changed to upper or lower case."""
    with pytest.raises(SealBroken):
        SEALER.open("p", change(SEALER.seal("p", b"x")))  # type: ignore[operator]  # a lambda of the list above


def test_the_standard_alphabet_is_not_base64url() -> None:
    """`+` and `/` would be second spellings of `-` and `_`."""
    for _ in range(500):
        value = SEALER.seal("p", b"x" * 60)
        other = value.replace("-", "+").replace("_", "/")
        if other != value:
            with pytest.raises(SealBroken):
                SEALER.open("p", other)
            return
    raise AssertionError("no value with - or _ in 500")


def test_unused_bits_at_the_end_are_checked() -> None:
    """The last character of base64url can have unused bits, which must be zero."""
    value = SEALER.seal("p", b"xx")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for letter in alphabet.replace(value[-1], ""):
        with pytest.raises(SealBroken):
            SEALER.open("p", value[:-1] + letter)


def test_a_purpose_opens_only_its_own() -> None:
    """For example, a sealed login transaction does not open as a session."""
    value = SEALER.seal("login", b"x")
    for purpose in ("session", "", "logi", "login2", "challenge"):
        with pytest.raises(SealBroken):
            SEALER.open(purpose, value)


def test_a_value_under_another_kid_does_not_open() -> None:
    """The kid is part of the authenticated data. If the kid is replaced, the seal breaks, even if two kids have the
    same key."""
    ring = KeyRing("k1", {"k1": "a" * 64, "k2": "a" * 64})
    sealer = Sealer(lambda renew: ring)
    with pytest.raises(SealBroken):
        sealer.open("p", sealer.seal("p", b"x").replace("k1.", "k2."))


def test_old_keys_open_and_the_current_one_seals() -> None:
    """After a rotation everybody stays signed in."""
    new = Sealer(lambda renew: KeyRing("k2", {"k1": "a" * 64, "k2": "b" * 64}))
    assert new.open("p", SEALER.seal("p", b"x")) == b"x"
    assert new.seal("p", b"x").startswith("k2.")


def test_an_unknown_kid_asks_for_the_ring_once_more() -> None:
    """Another container may already use a new key, so the opener reads the ring again for an unknown kid. For a kid in
    the ring, the opener does not read the ring again."""
    asked: list[bool] = []
    rings = {False: RING, True: KeyRing("k2", {"k1": "a" * 64, "k2": "b" * 64})}

    def load(renew: bool) -> KeyRing:
        asked.append(renew)
        return rings[renew]

    sealer = Sealer(load)
    assert sealer.open("p", Sealer(lambda renew: rings[True]).seal("p", b"x")) == b"x"
    assert asked == [False, True]
    asked.clear()
    sealer.open("p", SEALER.seal("p", b"x"))
    assert asked == [False]


@given(st.text(max_size=200))
def test_no_text_breaks_the_opener(value: str) -> None:
    """For any input from a browser, the only possible exception is SealBroken."""
    for text in (value, f"k1.{value}"):
        with pytest.raises(SealBroken):
            SEALER.open("p", text)


def test_oversized_values_are_refused_before_any_work() -> None:
    """For oversized values, the opener loads no key ring."""

    def load(renew: bool) -> KeyRing:
        raise AssertionError("loaded")

    with pytest.raises(SealBroken):
        Sealer(load).open("p", "k1." + "A" * 5000)


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({}, "`current`"),
        ({"current": "k1"}, "`current`"),
        ({"current": "k2", "k1": "a" * 64}, "`current`"),
        ({"current": 1, "k1": "a" * 64}, "`current`"),
        ({"current": "k1", "k1": "short"}, "k1"),
        ({"current": "k1", "k1": "a" * 64, "k 2": "b" * 64}, "k 2"),
        ({"current": "k1", "k1": "a" * 31}, "k1"),
    ],
)
def test_a_bad_key_ring_names_its_faults_and_no_key(
    document: dict[str, object], named: str
) -> None:
    """The message is written to the log, so the message must not contain keys."""
    with pytest.raises(ConfigurationError, match=named) as caught:
        KeyRing.parse(document)
    assert "short" not in caught.value.detail.replace("too short", "")
    assert "aaaa" not in caught.value.detail


def test_keys_do_not_print() -> None:
    """The `repr` of the key ring hides the keys."""
    assert "aaaa" not in repr(RING)
