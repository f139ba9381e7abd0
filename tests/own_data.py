"""Follows docs/your-data.md as a team would: in a copy of the checkout, with each of its blocks of code."""

import json
import re
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "your-data.md").read_text(encoding="utf-8")
_FOLDERS = (".chalice", "chalicelib", "docs", "frontend", "ops", "tests", "vendor")
_FILES = (
    *("app.py", "pyproject.toml", ".importlinter", "requirements.txt", "requirements-dev.txt"),
    "requirements.in",
)
_WHOAMI = "app.register_blueprint(whoami.routes)"


def follow(folder: Path) -> None:
    """Copy the checkout into `folder`, and do what the page says there."""
    for name in _FOLDERS:
        left_out = shutil.ignore_patterns("__pycache__", "images", "deployed", "deployments")
        shutil.copytree(ROOT / name, folder / name, ignore=left_out, symlinks=True)
    for name in _FILES:
        shutil.copy(ROOT / name, folder)
    for path in (
        ".chalice/gatehouse.yaml",
        "chalicelib/orders.py",
        "tests/component/test_orders.py",
    ):
        (folder / path).write_text(block_after(f"`{path}`:"))
    imported, registered = block_after("Two lines of `app.py`").split("\n\n")
    app = folder / "app.py"
    changed = app.read_text().replace("from chalicelib import whoami", imported)
    app.write_text(changed.replace(_WHOAMI, f"{_WHOAMI}\n{registered.rstrip()}"))
    config = folder / ".chalice" / "config.json"
    settings = json.loads(config.read_text())
    settings["stages"]["local"]["environment_variables"] |= json.loads(
        block_after("environment variable of the stage")
    )
    config.write_text(json.dumps(settings, indent=2))


def block_after(words: str) -> str:
    """Return the first block of code after these words."""
    behind = PAGE[PAGE.index(words) :]
    return re.findall(r"^```\w+\n(.*?)^```$", behind, re.MULTILINE | re.DOTALL)[0]
