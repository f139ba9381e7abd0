"""Tests of the second try: only a test with a browser or a stack gets a second try, and the summary shows the first
failure."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: A test that fails until it has run `FAILURES` times.
_TEST = """
from pathlib import Path

def test_it():
    seen = Path(__file__).with_suffix(".seen")
    count = len(seen.read_text()) if seen.exists() else 0
    seen.write_text("x" * (count + 1))
    assert count >= FAILURES, f"canary {count}"
"""
_BROKEN_STACK = """
import pytest

@pytest.fixture(scope="session")
def stack():
    raise OSError("canary of a fixture")

def test_it(stack):
    pass
"""


def _run(folder: Path, files: dict[str, str], *options: str) -> tuple[int, str]:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "tests.second_try", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "--import-mode=importlib", f"--rootdir={folder}", *options, str(folder)],
        cwd=ROOT,
        # Other plugins would need seconds to load.
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def _failing(times: int) -> str:
    return _TEST.replace("FAILURES", str(times))


@pytest.mark.parametrize(
    "options", [(), ("-p", "xdist", "-n", "2")], ids=["one process", "two processes"]
)
def test_a_test_with_a_browser_gets_a_second_try(tmp_path: Path, options: tuple[str, ...]) -> None:
    """The summary names the test and shows why it failed."""
    code, text = _run(tmp_path, {"tests/frontend/test_one.py": _failing(1)}, *options)
    assert code == 0, text
    assert "1 passed, 1 repeated" in text
    assert "tests/frontend/test_one.py::test_it (call)" in text
    assert "canary 0" in text


def test_a_tests_own_fixture_gets_a_second_try(tmp_path: Path) -> None:
    """For example, a fixture removes the people of an earlier test from a stack."""
    fixture = (
        _failing(1).replace("def test_it", "@pytest.fixture\ndef clean")
        + "\ndef test_it(clean): pass\n"
    )
    code, text = _run(tmp_path, {"tests/local_aws/test_one.py": "import pytest\n" + fixture})
    assert code == 0, text
    assert "tests/local_aws/test_one.py::test_it (setup)" in text


@pytest.mark.parametrize(
    "files",
    [
        {"tests/frontend/test_one.py": _failing(2)},
        {"tests/unit/test_one.py": _failing(1)},
        {"tests/component/test_one.py": _failing(1)},
        {"tests/e2e/test_one.py": _BROKEN_STACK},
        {f"tests/e2e/test_{name}.py": _failing(1) for name in ("one", "three", "two")},
    ],
    ids=["two failures", "unit", "component", "stack", "too many"],
)
def test_every_other_failure_fails_the_run(tmp_path: Path, files: dict[str, str]) -> None:
    """The cases are a test that fails twice, a test without a browser, a stack that does not start, and a third test
    that needs a second try."""
    code, text = _run(tmp_path, files)
    assert code == 1, text
    assert "1 failed" in text or "1 error" in text
