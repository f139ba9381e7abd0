"""Commands for the project: `init`, `lock`, `run`."""

from __future__ import annotations

import os
import subprocess

import click

from ..command import example, on_stage, project_dir
from ..stages import Stage


@click.command(epilog=example("init"))
def init() -> int:
    """Prepare a Chalice project for Gatehouse.

    The command adds the missing parts to .chalice/config.json, and keeps all other text of the file. The command also
    writes requirements-gatehouse.txt, and prints the lines that you must add yourself to app.py, requirements.txt and
    .gitignore. Run `init` again after each new version of Gatehouse; a second run changes nothing. The exit code is 1
    if you must change something first.
    """
    from ..project import prepare

    found = prepare(project_dir())
    for line in found.done:
        click.echo(line)
    for line in found.amiss:
        click.echo(f"to change: {line}")
    for file, lines in found.by_hand.items():
        click.echo(f"\nto add to {file}:")
        for line in lines:
            click.echo(f"    {line}")
    return 1 if found.amiss else 0


@click.command(epilog=example("lock", "lock --add 'humanize>=4'"))
@click.argument("sources", nargs=-1, metavar="[FILE]...", type=click.Path(dir_okay=False))
@click.option("--upgrade", is_flag=True, help="Raise all packages to their newest version.")
@click.option(
    "--add",
    "added",
    metavar="REQUIREMENT",
    help="Add this requirement to requirements.in, then lock that file and the files that include it.",
)
def lock(sources: tuple[str, ...], upgrade: bool, added: str | None) -> None:
    """Lock requirements*.in with hashes.

    For each FILE (default: each requirements*.in of the project), the command writes a .txt into the same folder. The
    .txt is for Python 3.11 to 3.14. Versions that are already locked stay the same. The .txt contains no addresses of
    package indexes.
    """
    from ..lock import add, lock_all

    if added is not None:
        if sources or upgrade:
            raise click.UsageError(
                "--add keeps all locked versions, so it cannot be used with --upgrade or FILE."
            )
        for target in add(project_dir(), added):
            click.echo(f"locked {target}")
        return
    for target in lock_all(project_dir(), sources, upgrade=upgrade):
        click.echo(f"locked {target}")


@click.command(
    epilog=example("run --stage local -- python createtable.py"),
    context_settings={"ignore_unknown_options": True},
)
@on_stage
@click.argument("words", nargs=-1, required=True, metavar="COMMAND...", type=click.UNPROCESSED)
def run(stage: Stage, words: tuple[str, ...]) -> int:
    """Run your own program with a stage's variables.

    The program gets the stage's environment_variables and region. For the local stage, the program also gets the
    running stack's endpoint and credentials. Use this command to create your own tables, to run tests, or to inspect
    the stage.
    """
    variables = {name: str(value) for name, value in stage.environment.items()}
    region = {"AWS_REGION": stage.region, "AWS_DEFAULT_REGION": stage.region}
    try:
        done = subprocess.run(words, env={**os.environ, **variables, **region}, check=False)
    except OSError as error:
        raise click.ClickException(
            f"{words[0]} cannot be started: {error.strerror}. Check the program's name, and check "
            "that the program is installed."
        ) from error
    return done.returncode if done.returncode >= 0 else 128 - done.returncode


COMMANDS = (init, lock, run)
