"""docs/your-routes.md, followed to the letter in a copy of the checkout."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "your-routes.md").read_text(encoding="utf-8")
PARTS = ("chalicelib", "docs", "frontend", "ops", "tests")
#: Everything that `make check` checks about routes, modules and pages.
CHECKED = (
    "test_orders.py",
    "test_openapi.py",
    "test_authorized_routes.py",
    "test_architecture.py",
    "test_documentation.py",
    "test_other_origins.py",
)


def block_after(words: str) -> str:
    """The first code block after these words."""
    return re.findall(r"^```\w+\n(.*?)^```$", PAGE[PAGE.index(words) :], re.MULTILINE | re.DOTALL)[
        0
    ]


def test_a_route_made_as_the_page_says_works_and_breaks_nothing(tmp_path: Path) -> None:
    """View, app, test and description work; a new Python process is used, since the app keeps its routes."""
    for part in PARTS:
        shutil.copytree(
            ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", "images")
        )
    for name in ("app.py", "pyproject.toml", ".importlinter"):
        shutil.copy(ROOT / name, tmp_path)
    written = ("chalicelib/orders.py", "tests/component/test_orders.py")
    for path in (*written, "chalicelib/openapi/orders.json"):
        (tmp_path / path).write_text(block_after(f"`{path}`"))
    imported, registered = block_after("Two lines of `app.py`").split("\n\n")
    app = tmp_path / "app.py"
    before = app.read_text()
    whoami = "app.register_blueprint(whoami.routes)"
    registered = registered.rstrip()
    changed = before.replace("from chalicelib import whoami", imported)
    changed = changed.replace(whoami, f"{whoami}\n{registered}")
    assert len(changed) == len(before) + len("orders, ") + len(registered) + 1
    app.write_text(changed)

    for command in (
        ["ruff", "check", "app.py", *written],
        ["ruff", "format", "--check", "app.py", *written],
        ["pytest", "-q", *(f"tests/component/{name}" for name in CHECKED)],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
