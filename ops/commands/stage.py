"""Commands that create and remove a stage: `provision`, `deploy`, `destroy`, `package`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from ..command import ask, example, on_stage, project_dir, yes_option
from ..report import Reporter
from ..stages import Stage


@click.command(epilog=example("provision --stage dev"))
@on_stage
def provision(stage: Stage) -> None:
    """Create or update a stage's identity stack.

    The command applies Gatehouse's CloudFormation template and writes the outputs into .chalice/config.json. A second
    run changes nothing.
    """
    from .. import aws, identity_stack
    from ..team_functions import verify_functions

    verify_functions(stage, identity_stack.FUNCTIONS)
    identity_stack.provision(aws.session(stage), stage, {}, Reporter())
    click.echo(
        f"{stage.config_file} contains the outputs{'' if stage.is_local else '; commit it'}."
    )


@click.command(epilog=example("deploy --stage dev", "deploy --stage prod --plan"))
@on_stage
@click.option("--plan", "only_plan", is_flag=True, help="Show the changes without making them.")
@yes_option()
def deploy(stage: Stage, only_plan: bool, yes: bool) -> None:
    """Provision the stage, run `chalice deploy`, then connect pool, functions and API.

    The command first shows the changes, and asks for confirmation if deletion protection is on, as in prod. The command
    then makes exactly the changes that it has shown. The last step sets callback and logout URLs, the triggers and the
    triggers' permissions. The last step also sets the API's own error responses, limits and access log. After a
    failure, run the command again.
    """
    from .. import aws, identity_stack
    from .. import deploy as deployment
    from ..plan import plan

    chalice: Sequence[str] = deployment.CHALICE
    if stage.project_dir != project_dir():  # the running local stack uses a copy of the project
        from ..local import chalice_cli, running

        chalice, stage = chalice_cli.PROGRAM, running.refresh(project_dir(), stage)
    session, report = aws.session(stage), Reporter()
    if not only_plan:
        identity_stack.settle(session, stage, report)
    planned = plan(session, stage)
    try:
        click.echo("\n".join(planned.lines), err=True)
        if only_plan:
            return
        if planned.replaced and not yes:
            lost = ", ".join(planned.replaced)
            ask(f"This replaces {lost}: the people or sessions stored there are lost.", stage.name)
        elif stage.deletion_protection and not yes:
            ask(f"Stage {stage.name!r} is protected: people use it.", stage.name)
        root = deployment.deploy(stage.project_dir, stage.name, report, chalice, approved=planned)
    finally:
        if planned.change_set is not None:
            planned.change_set.discard(aws.client(session, "cloudformation"))
    click.echo(root if chalice is not deployment.CHALICE else f"{root}\n{_commit(stage)}")


def _commit(stage: Stage) -> str:
    return f"Commit .chalice/config.json and .chalice/deployed/{stage.name}.json."


@click.command(epilog=example("destroy --stage dev", "destroy --stage dev --keep-data"))
@on_stage
@yes_option()
@click.option(
    "--keep-data", is_flag=True, help="Keep the user pool and the tables, and print their names."
)
def destroy(stage: Stage, yes: bool, keep_data: bool) -> None:
    """Remove a stage.

    After a confirmation, the command deletes all accounts and records of the stage. If deletion protection is on, the
    command deletes nothing and says how to turn the protection off.
    """
    from .. import aws
    from .. import destroy as removal

    session = aws.session(stage)
    lost = ", ".join(removal.inventory(session, stage))
    if not yes:
        fate = "keeps" if keep_data else "deletes permanently"
        ask(
            f"This removes stage {stage.name!r} in {stage.region}, and {fate}: {lost or 'no data'}.",
            stage.name,
        )
    removal.destroy(session, stage, Reporter(), keep_data=keep_data)
    if keep_data:
        click.echo(f"Stage {stage.name!r} is removed, except: {lost or 'nothing'}.")
    else:
        click.echo(
            f"Stage {stage.name!r} is removed. Its entry in config.json stays, without the outputs."
        )


@click.command(epilog=example("package --out dist --python 3.13"))
@click.option(
    "--python",
    default="",
    metavar="VERSION",
    help="Lambda's runtime, such as 3.13 (default: the Python that runs this command).",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("dist"),
    show_default=True,
    metavar="DIR",
    help="Where to write the zip.",
)
def package(python: str, out: Path) -> None:
    """Build the Lambda zip without deploying it.

    From a copy of the project, the command builds the zip that `chalice deploy` would upload. The command fails if the
    zip cannot contain exactly the packages that requirements.txt locks.
    """
    from .. import package as packaging

    path = packaging.package(project_dir(), out, python)
    click.echo(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")


COMMANDS = (provision, deploy, destroy, package)
