"""Follows docs/your-routes.md as a team would: the module applies each code block of the page to a copy of the
checkout."""

from pathlib import Path

from tests.own_project import ROOT, block_after, copy_checkout, edit_app

PAGE = (ROOT / "docs" / "your-routes.md").read_text(encoding="utf-8")
#: The Python files that a team writes when it follows docs/your-routes.md.
WRITTEN = ("chalicelib/orders.py", "tests/component/test_orders.py")


def follow(folder: Path) -> None:
    """Copy the checkout into `folder`, and follow the page in the copy."""
    copy_checkout(folder)
    for path in (*WRITTEN, "chalicelib/openapi/orders.json"):
        (folder / path).write_text(block_after(PAGE, f"`{path}`"))
    edit_app(folder, PAGE)
