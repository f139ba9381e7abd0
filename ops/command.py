"""Parts that all commands share: the project's folder, the stage, examples, and questions to a person."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .errors import OpsError
from .program import PROGRAM

if TYPE_CHECKING:
    from .stages import Stage

_F = TypeVar("_F", bound=Callable[..., Any])


def example(*lines: str) -> str:
    """Build the example at the end of a command's help. A line that starts with a space continues the previous line,
    which ends with a backslash.
    """
    shown = [f"  {line if line.startswith(' ') else f'{PROGRAM} {line}'}" for line in lines]
    return "\n".join(["\b", "Examples:" if len(lines) > 1 else "Example:", *shown])


def state_dir_option(function: _F) -> _F:
    """Add the option `--state-dir` to a command."""
    return click.option(
        "--state-dir",
        type=click.Path(file_okay=False, resolve_path=True, path_type=Path),
        metavar="DIR",
        help=(
            "Folder for the local stack's state (default: .local); pass another folder for a "
            "second stack."
        ),
    )(function)


def yes_option(told: str = "Do not ask for confirmation.") -> Callable[[_F], _F]:
    """Add the option `--yes` to a command."""
    return click.option("--yes", is_flag=True, help=told)


json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as JSON, for programs."
)


def on_stage(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option `--stage` to a command, and pass the stage as the command's first argument."""

    @click.option(
        "--stage", "stage_name", required=True, metavar="S", help="A stage of .chalice/config.json."
    )
    @state_dir_option
    @functools.wraps(function)
    def run(stage_name: str, state_dir: Path | None, **options: Any) -> Any:
        return function(load(stage_name, state_dir), **options)

    return run


def project_dir() -> Path:
    """Return the project folder that the command uses."""
    found: Path = click.get_current_context().find_root().obj
    return found


def load(name: str, state_dir: Path | None = None) -> Stage:
    """Return the stage with this name. For `local`, return the stage of the running stack. Raises OpsError.

    If `AWS_ENDPOINT_URL` is set, the local stage's settings come from the project folder, and the value of the variable
    is the stage's endpoint.
    """
    from .stages import LOCAL, load_stage

    if name != LOCAL or os.environ.get("AWS_ENDPOINT_URL"):
        return load_stage(project_dir(), name)
    from .local.running import running_stage

    return click.get_current_context().with_resource(running_stage(project_dir(), state_dir))


def has_terminal() -> bool:
    """Tell whether a person can answer questions at a terminal. If standard input is closed, Python sets `sys.stdin` to
    None.
    """
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()


def ask(warning: str, word: str) -> None:
    """Ask a person to confirm by typing `word`. Raises OpsError if the person types something else, or if there is no
    terminal.
    """
    if not has_terminal():
        raise OpsError(
            f"{warning} There is no terminal on which to ask for confirmation: pass --yes to confirm."
        )
    click.echo(warning, err=True)
    click.echo(f"Type {word} to continue:", nl=False, err=True)
    if sys.stdin.readline().strip() != word:
        raise OpsError("Nothing was changed.")
