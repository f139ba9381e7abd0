"""docs/your-routes.md, followed to the letter in a copy of the checkout."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "your-routes.md").read_text(encoding="utf-8")
PARTS = ("chalicelib", "docs", "frontend", "ops", "tests")
#: Whose sentences a new route could break: its own, the description's, the lists', the pages'.
CHECKED = (
    "test_orders.py",
    "test_openapi.py",
    "test_authorized_routes.py",
    "test_documentation.py::test_api_page_names_every_route",
)


def block_after(words: str) -> str:
    """The first block of code behind these words."""
    return re.findall(r"^```\w+\n(.*?)^```$", PAGE[PAGE.index(words) :], re.MULTILINE | re.DOTALL)[
        0
    ]


def replace_line(file: Path, start: str, line: str) -> None:
    """Put `line` in place of the only one that starts so."""
    text, times = re.subn(rf"^{re.escape(start)}.*$", line, file.read_text(), flags=re.MULTILINE)
    assert times == 1
    file.write_text(text)


def test_a_route_made_as_the_page_says_works_and_breaks_nothing(tmp_path: Path) -> None:
    """Blueprint, app, description, page and test; Python is a fresh one, since the app holds its routes."""
    for part in PARTS:
        shutil.copytree(
            ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", "images")
        )
    for name in ("app.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    for path in (
        "chalicelib/gatehouse/routes/orders.py",
        "chalicelib/gatehouse/openapi/orders.json",
        "tests/component/test_orders.py",
    ):
        (tmp_path / path).write_text(block_after(f"`{path}`"))
    imports, loop = block_after("These two lines of `app.py`").splitlines()
    replace_line(tmp_path / "app.py", "from chalicelib.gatehouse.routes import ", imports)
    replace_line(tmp_path / "app.py", "for blueprint in ", loop)
    with (tmp_path / "docs" / "api.md").open("a") as page:
        page.write(block_after("in the last table of `docs/api.md`"))

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *(f"tests/component/{name}" for name in CHECKED)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
