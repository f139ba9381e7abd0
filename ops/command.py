"""What every command of the command line is made of."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from .errors import OpsError

if TYPE_CHECKING:
    from .stages import Stage


def command(commands: Any, name: str, run: Any, summary: str, details: str = "") -> Any:
    """Add a command that calls `run` with its options."""
    parser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.\n{details}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)
    return parser


def add_stage(parser: argparse.ArgumentParser) -> None:
    """Add `--stage`."""
    parser.add_argument("--stage", required=True, metavar="S", help="stage in .chalice/config.json")


def load(options: argparse.Namespace) -> Stage:
    """Read the stage that a command names. Raises OpsError."""
    from .stages import LOCAL, load_stage

    if options.stage == LOCAL and not os.environ.get("AWS_ENDPOINT_URL"):
        raise OpsError(
            "Stage 'local' lives in the local AWS: `python -m ops up` sets it up. To work on it "
            "while it runs, name its endpoint (`python -m ops info`), its root credentials, and "
            "the copy it was deployed from:\n"
            "  AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_ACCESS_KEY_ID=test "
            "AWS_SECRET_ACCESS_KEY=test python -m ops --project-dir .local/app …"
        )
    return load_stage(options.project_dir, options.stage)


def ask(warning: str, word: str) -> None:
    """Let a person confirm by typing `word`; an OpsError when they do not, or cannot."""
    if not sys.stdin.isatty():
        raise OpsError(f"{warning} There is no terminal to ask: use --yes if it is meant.")
    print(warning, file=sys.stderr)
    print(f"Type {word} to go on: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != word:
        raise OpsError("Nothing was changed.")
