"""A test that follows docs/your-routes.md exactly in a copy of the checkout. tests/openapi generates clients from the
resulting OpenAPI document."""

import subprocess
import sys
from pathlib import Path

from tests.own_routes import WRITTEN, follow

#: The part of `make check` about routes, modules and pages.
CHECKED = (
    "test_orders.py",
    "test_openapi.py",
    "test_authorized_routes.py",
    "test_architecture.py",
    "test_documentation.py",
    "test_other_origins.py",
)


def test_a_route_made_as_the_page_says_works_and_breaks_nothing(tmp_path: Path) -> None:
    """The view, the app, the test and the description work. The test starts a new Python process, because an app cannot
    remove its routes."""
    follow(tmp_path)
    for command in (
        ["ruff", "check", "app.py", *WRITTEN],
        ["ruff", "format", "--check", "app.py", *WRITTEN],
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
