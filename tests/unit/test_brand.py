"""Tests of a team's colours and links: the accepted values, and error messages with a remedy."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.gatehouse.brand import Brand
from chalicelib.gatehouse.colours import (
    MARKS,
    SURFACES,
    build_palette,
    contrast,
    mended,
    mix,
    weakest,
)
from chalicelib.gatehouse.page.static_files import FRONTEND


def read(**said: str) -> list[str]:
    """Return the problems of a brand's settings."""
    return Brand.read(said)[1]


COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21), ("#777777", "#ffffff", 4.48), ("#0000ff", "#ffffff", 8.59)],
)
def test_contrast_is_wcags(one: str, other: str, ratio: float) -> None:
    """The values are the W3C's own examples."""
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.005)


def test_the_greys_are_the_stylesheets() -> None:
    """The greys in the code equal the greys in the stylesheet, so the code measures contrast against real backgrounds."""
    blocks = re.findall(r":root \{(.*?)\}", (FRONTEND / "styles.css").read_text("utf-8"), re.DOTALL)
    for theme, block in zip(("light", "dark"), blocks, strict=False):
        declared = dict(re.findall(r"--([\w-]+): (#\w+);", block))
        greys = {**SURFACES[theme], **MARKS[theme]}
        assert {name: declared[name].replace("#fff", "#ffffff", 1)[:7] for name in greys} == greys


@given(COLOURS, st.sampled_from(["light", "dark"]))
def test_what_is_proposed_is_accepted(accent: str, theme: str) -> None:
    """For any colour, the proposal passes. Every pair of colours that the page derives from the proposal is readable."""
    proposal = mended(accent, theme)
    assert weakest(proposal, theme)[0] >= 4.5
    palette = build_palette(proposal, theme)
    for ground in ("ground", "raised", "tint"):
        assert contrast(palette["accent"], palette[ground]) >= 4.5
    assert contrast(palette["accent"], palette["on-accent"]) >= 4.5
    assert contrast(palette["accent-deep"], palette["on-accent"]) >= 4.5
    assert proposal == accent or weakest(accent, theme)[0] < 4.5


@given(COLOURS, st.sampled_from(["light", "dark"]))
def test_greys_take_the_hue_and_keep_their_contrast(accent: str, theme: str) -> None:
    """With a brand's colours, every text, edge and box has as much contrast as with the page's own colours."""
    palette = build_palette(accent, theme)
    for surface, ground in SURFACES[theme].items():
        for mark, ink in MARKS[theme].items():
            assert contrast(palette[mark], palette[surface]) >= contrast(ink, ground)
    tint = mix(SURFACES[theme]["ground"], accent, 0.12)
    assert contrast(palette["ink"], palette["tint"]) >= contrast(MARKS[theme]["ink"], tint)
    red, green, blue = (
        int(build_palette("#9d174d", theme)["line"][at : at + 2], 16) for at in (1, 3, 5)
    )
    assert green < blue < red, "a grey is as pink as the accent"


@pytest.mark.security("S-54")
@pytest.mark.parametrize("accent", ["red", "#fff", "#12345", "0b6b62", "#0b6b62;}", "#0b6b6g"])
def test_an_accent_is_a_plain_colour(accent: str) -> None:
    """The setting must be a plain colour, because the value becomes part of a stylesheet."""
    (problem,) = read(BRAND_ACCENT=accent)
    assert problem == "BRAND_ACCENT must be a colour such as #0b6b62"


@pytest.mark.security("S-54")
@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "http://example.com/terms", "//evil.example", "/\\evil.example", "terms", "https:evil",
        "https://user@example.com/", "https://", "https:///x", "data:text/html,x", "/a\nb", "/a b", " /a", "https://[x",
    ],
)  # fmt: skip
def test_links_are_https_or_ours(url: str) -> None:
    """The links to terms, privacy and help must be addresses, never code."""
    for name in ("TERMS_URL", "PRIVACY_URL", "SUPPORT_URL"):
        (problem,) = read(**{name: url})
        assert problem.startswith(f"{name} must start with https://")


@pytest.mark.parametrize(
    "url", ["https://example.com/terms?x=1#y", "/terms", "/legal/privacy.html"]
)
def test_ordinary_links_pass(url: str) -> None:
    assert read(TERMS_URL=url, PRIVACY_URL=url) == []


@pytest.mark.security("S-54")
def test_help_may_be_one_address() -> None:
    """A mail address for help must not have a subject or a second recipient. The terms cannot be a mail address."""
    assert read(SUPPORT_URL="mailto:help@example.com") == []
    for url in (
        "mailto:",
        "mailto:help",
        "mailto:a@b.example?bcc=c@d.example",
        "MAILTO:a@b.example\n",
    ):
        (problem,) = read(SUPPORT_URL=url)
        assert problem.startswith("SUPPORT_URL must start with https:// or mailto:")
    assert read(TERMS_URL="mailto:help@example.com") != []


@pytest.mark.parametrize("logo", ["../x.svg", "x.gif", "a/b.svg", "X.SVG", ".svg", "x.svg\n"])
def test_a_logo_is_the_name_of_a_file(logo: str) -> None:
    (problem,) = read(BRAND_LOGO=logo)
    assert problem.startswith("BRAND_LOGO must be")


@pytest.mark.parametrize("languages", [",", "EN", "../en", "en,german"])
def test_languages_are_tags(languages: str) -> None:
    (problem,) = read(LANGUAGES=languages)
    assert problem.startswith("LANGUAGES must be")
