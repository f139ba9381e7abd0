"""A test that follows docs/your-data.md exactly in a copy of the checkout. tests/e2e/own_data_soak.py runs the result on a
stack."""

import subprocess
import sys
from pathlib import Path

from tests.own_data import follow


def test_data_and_functions_made_as_the_page_says_work_and_break_nothing(tmp_path: Path) -> None:
    """The test uses the page's file, module, app and test, and checks the output of `ops` about the file. The test also
    runs the checks of routes, modules and pages."""
    follow(tmp_path)
    written = ("chalicelib/orders.py", "tests/component/test_orders.py")
    agree = (
        "from pathlib import Path; from ops.stages import load_stage; from ops.identity_stack import FUNCTIONS, body_of;"
        "from ops.team_functions import verify_functions; stage = load_stage(Path(), 'local');"
        "verify_functions(stage, FUNCTIONS); assert 'TeamTableOrders' in body_of(stage)"
    )
    checked = ("test_orders.py", "test_authorized_routes.py", "test_architecture.py")
    for command in (
        ["-m", "ruff", "check", "app.py", *written],
        ["-m", "ruff", "format", "--check", "app.py", *written],
        ["-c", agree],
        ["-m", "pytest", "-q", *(f"tests/component/{name}" for name in checked)],
    ):
        done = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
