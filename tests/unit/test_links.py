"""Tests of the links of the pages: every relative link leads to an existing file, every anchor to a heading or an id."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (
    "",
    ".github",
    "docs",
    "docs/adr",
    "examples/notes",
    "examples/orders",
    "examples/program",
    "examples/webhook",
    "frontend/brand",
    "tests/events",
    "tests/live",
)
PAGES = sorted(page for folder in FOLDERS for page in (ROOT / folder).glob("*.md"))
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def prose(page: Path) -> str:
    """Return the page without its code blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """Return GitHub's anchors for the headings, and the ids in the page."""
    text, found = prose(page), set[str]()
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        words = LINK.sub("]", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", words).strip().replace(" ", "-")
        twice = sum(1 for other in found if re.fullmatch(rf"{re.escape(slug)}(-\d+)?", other))
        found.add(f"{slug}-{twice}" if twice else slug)
    return found | set(re.findall(r'<a id="([^"]+)"', text))


def broken(page: Path) -> list[str]:
    """Return the broken links of a page."""
    lost = []
    for link in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path) if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    return lost


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    """The test does not check external addresses, because no test uses the network."""
    assert broken(page) == []


def test_no_page_is_left_out() -> None:
    """The folders in the list of this test contain all pages, except the template of docs/faults.md. The test checks
    the template's links in docs/faults.md."""
    everywhere = {
        page
        for page in ROOT.rglob("*.md")
        if not set(page.relative_to(ROOT).parts)
        & {".venv", ".local", ".git", "vendor", "node_modules", ".pytest_cache"}
    }
    assert everywhere - set(PAGES) == {ROOT / "tests" / "faults" / "page.md"}


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    """The check finds links to missing files and to renamed headings, and no correct links."""
    (tmp_path / "other.md").write_text("# `One` thing, then\n## Same\n## Same\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](gone.md) [b](other.md#renamed) [c](#nothing)\n"
        "[d](other.md#one-thing-then) [e](other.md#same-1) [f](https://example.com/gone)\n"
        "```\n[g](gone.md)\n```\n"
    )
    assert broken(page) == ["gone.md", "other.md#renamed", "#nothing"]
