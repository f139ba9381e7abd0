"""Checks the JavaScript for `make check`: ESLint, TypeScript's types, and the types for other people's front ends.

    python -m tests.javascript_check            lint, check types, compare frontend/session.d.ts, check a consumer's file
    python -m tests.javascript_check --write    first generate frontend/session.d.ts again from the JSDoc of session.js

tests/javascript/package-lock.json locks the tools, and npm installs them when the lock changes. The checks need
Node.js. Without Node.js, `make check JAVASCRIPT=no` omits the checks.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "tests" / "javascript"
BIN = HERE / "node_modules" / ".bin"
TYPES = ROOT / "frontend" / "session.d.ts"
WITHOUT = "To continue without checking the JavaScript: make check JAVASCRIPT=no"

_LINT = ("eslint", "--config", "tests/javascript/eslint.config.js", "frontend", "examples")
_PAGE = ("tsc", "--project", "tests/javascript")
_CONSUMER = ("tsc", "--project", "tests/javascript/consumer")
_HEADER = "// Made from session.js by `python -m tests.javascript_check --write`. A TypeScript project needs both files.\n"


def stop(*lines: str) -> NoReturn:
    """Print the reason, and exit with code 1."""
    sys.exit("\n".join(lines))


def install(folder: Path = HERE) -> None:
    """Install the packages of the folder's lock into the folder, unless they are installed."""
    lock = folder / "package-lock.json"
    installed = folder / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    npm = shutil.which("npm")
    if npm is None:
        stop(
            (
                "Checking the JavaScript needs Node.js (20.19 or newer) with npm, which is "
                "not installed."
            ),
            WITHOUT,
        )
    where = folder.relative_to(ROOT)
    print(
        f"Installing the JavaScript tools into {where}/node_modules (once, and after their lock changes) ..."
    )
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--engine-strict"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        stop(
            done.stdout + done.stderr,
            f"npm could not install the packages of {where}/package-lock.json; its "
            "lines above say why (no access to the registry? Node.js older than 20.19?).",
            WITHOUT,
        )
    installed.touch()


def run(tool: str, *arguments: str) -> int:
    """Run one of the tools in the checkout. Return the tool's exit code."""
    return subprocess.run([str(BIN / tool), *arguments], cwd=ROOT, check=False).returncode


def types_of_session() -> str:
    """Return the types that TypeScript derives from the JSDoc of session.js."""
    with tempfile.TemporaryDirectory() as folder:
        options = (
            *("--ignoreConfig", "--allowJs", "--checkJs", "--strict", "--target", "es2022"),
            *(
                "--module",
                "esnext",
                "--moduleResolution",
                "bundler",
                "--lib",
                "es2023,dom,dom.iterable",
            ),
            *("--types", "", "--declaration", "--emitDeclarationOnly", "--outDir", folder),
        )
        if run("tsc", *options, "frontend/session.js"):
            stop("TypeScript cannot derive types from frontend/session.js.")
        return _HEADER + (Path(folder) / "session.d.ts").read_text(encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Run all checks. Return the exit code."""
    install()
    made = types_of_session()
    if "--write" in arguments:
        TYPES.write_text(made, encoding="utf-8")
    failed = [check[0] for check in (_LINT, _PAGE, _CONSUMER) if run(*check)]
    if TYPES.read_text(encoding="utf-8") != made:
        print(
            "frontend/session.d.ts does not match session.js: run python -m "
            "tests.javascript_check --write"
        )
        failed.append("session.d.ts")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
