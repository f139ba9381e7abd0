"""docs/your-routes.md as a team follows it: in a copy of the checkout, block by block."""

from pathlib import Path

from tests.own_project import ROOT, block_after, copy_checkout, edit_app

PAGE = (ROOT / "docs" / "your-routes.md").read_text(encoding="utf-8")
#: Python files that the page has a team write.
WRITTEN = ("chalicelib/orders.py", "tests/component/test_orders.py")


def follow(folder: Path) -> None:
    """Copy the checkout into `folder`, and do what the page says there."""
    copy_checkout(folder)
    for path in (*WRITTEN, "chalicelib/openapi/orders.json"):
        (folder / path).write_text(block_after(PAGE, f"`{path}`"))
    edit_app(folder, PAGE)
