"""Tests of typed and pasted codes."""

import unicodedata

import pytest

from chalicelib.gatehouse.errors import InvalidCode
from chalicelib.gatehouse.flows.credentials import parse_code, read_code

#: Every character that Unicode classifies as a dash or a space.
NEUTRAL = [
    chr(point) for point in range(0x11000) if unicodedata.category(chr(point)) in ("Pd", "Zs")
]


@pytest.mark.parametrize(
    "typed",
    [
        "123456",
        " 123 456 ",
        "123-456",
        "1-2-3-4-5-6",
        "\uff11\uff12\uff13\u2010\uff14\uff15\uff16",
        "\uff11\uff12\uff13\uff0d\uff14\uff15\uff16",
        "\uff11\uff12\uff13\u30fc\uff14\uff15\uff16",
        "123\u2212456",
        "\u0661\u0662\u0663 \u0664\u0665\u0666",
        "\u0967\u0968\u0969\u096a\u096b\u096c",
        "\u06f1\u06f2\u06f3456",
        "\U0001d7d9\U0001d7da\U0001d7db\U0001d7dc\U0001d7dd\U0001d7de",
        "123456\n",
        "123\t456",
        "\u200e123456\u200f",
        "\ufeff123\u200b456",
    ],
    ids=ascii,
)
def test_six_digits_are_read_as_what_they_are(typed: str) -> None:
    """The digits may belong to any script, and may have spaces, dashes and invisible characters between them."""
    assert parse_code(typed) == "123456"
    assert read_code(typed) == "123456"


@pytest.mark.parametrize("neutral", NEUTRAL, ids=ascii)
def test_every_dash_and_space_is_passed_over(neutral: str) -> None:
    assert parse_code(f"123{neutral}456") == "123456"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "12345",
        "1234567",
        "\uff11\uff12\uff13\uff14\uff15",
        "12345\u00b2",
        "12345\u2465",
        "12345\u4e09",
        "12345\u2167",
        "12345\u00bd",
        "12345x",
        "123.456",
        "123,456",
        "123+456",
        "123_456",
        "123\x00456",
        "123456;",
        "0x1e240",
        "-",
        "\u3000",
    ],
    ids=ascii,
)
def test_anything_else_is_no_code(typed: str) -> None:
    """A code has exactly six digits. The function refuses characters that only look like digits."""
    assert parse_code(typed) is None
    with pytest.raises(InvalidCode):
        read_code(typed)
