"""Follows docs/your-data.md as a team would: the module applies each code block of the page to a copy of the checkout."""

import json
from pathlib import Path

from tests.own_project import ROOT, block_after, copy_checkout, edit_app

PAGE = (ROOT / "docs" / "your-data.md").read_text(encoding="utf-8")


def follow(folder: Path) -> None:
    """Copy the checkout into `folder`, and follow the page in the copy."""
    copy_checkout(folder)
    for path in (
        ".chalice/gatehouse.yaml",
        "chalicelib/orders.py",
        "tests/component/test_orders.py",
    ):
        (folder / path).write_text(block_after(PAGE, f"`{path}`:"))
    edit_app(folder, PAGE)
    config = folder / ".chalice" / "config.json"
    settings = json.loads(config.read_text())
    settings["stages"]["local"]["environment_variables"] |= json.loads(
        block_after(PAGE, "environment variable of the stage")
    )
    config.write_text(json.dumps(settings, indent=2))
