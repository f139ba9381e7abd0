"""Commands that maintain a deployed stage: `doctor`, `reconcile`, `rotate-keys`."""

from __future__ import annotations

import json

import click

from ..command import example, json_option, on_stage, yes_option
from ..report import Reporter
from ..stages import Stage


@click.command(epilog=example("doctor --stage prod"))
@on_stage
@json_option
def doctor(stage: Stage, as_json: bool) -> int:
    """Check a deployed stage.

    The exit code is 1 if something is wrong. The command changes nothing. docs/operations.md explains each finding
    under the finding's id.
    """
    from .. import aws
    from ..doctor.check import diagnose
    from ..doctor.checks import CHECKS
    from ..doctor.deployment import Deployment

    diagnosis = diagnose(Deployment(aws.session(stage), stage), CHECKS)
    code = 0 if diagnosis.healthy else 1
    if as_json:
        click.echo(json.dumps(diagnosis.as_json(), indent=2))
        return code
    for finding in diagnosis.findings:
        click.echo(f"{finding.id}: {finding.says}\n  fix: {finding.mend}")
    for note in diagnosis.notes:
        click.echo(f"note: {note.id}: {note.says}\n  to set it up: {note.mend}")
    for fact in diagnosis.facts:
        click.echo(f"seen: {fact.id}: {fact.says}")
    reasons: dict[str, list[str]] = {}
    for name, why in diagnosis.not_checked.items():
        reasons.setdefault(why, []).append(name)
    for why, names in reasons.items():
        click.echo(f"({', '.join(names)} not checked: {why})")
    found = len(diagnosis.findings)
    click.echo(
        f"{len(diagnosis.checked)} checks of stage {stage.name}: "
        + ("all is well." if not found else f"{found} finding{'s' if found > 1 else ''}.")
    )
    return code


@click.command(epilog=example("reconcile --stage prod --dry-run"))
@on_stage
@click.option(
    "--dry-run",
    is_flag=True,
    help="Only report the differences; the exit code is 1 if a record differs.",
)
@click.option(
    "--restart",
    is_flag=True,
    help="Start from the beginning instead of resuming an interrupted run.",
)
def reconcile(stage: Stage, dry_run: bool, restart: bool) -> int:
    """Make the users table match the user pool.

    Run this command if the pool had people before you added Gatehouse, or if a trigger did not write a record. After an
    interruption, the next run resumes the work. The command deletes the records of people who are no longer in the
    pool.
    """
    import tempfile
    import time
    from pathlib import Path

    from chalicelib.gatehouse.store.providers import ProviderStore
    from chalicelib.gatehouse.store.subjects import SubjectStore

    from .. import aws
    from ..pool import Pace, PoolReader
    from ..progress_file import ProgressFile
    from ..provider_rows import table_of, variable_of
    from ..reconcile import Reconciler

    session, report = aws.session(stage), Reporter()
    name = f"reconcile-{stage.name}.sqlite"
    subjects_table = stage.environment.get("SUBJECTS_TABLE", "")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) if dry_run else stage.project_dir / ".local"
        progress = ProgressFile(folder / name)
        if restart:
            progress.clear()
        pool = PoolReader(
            aws.client(session, "cognito-idp"), variable_of(stage, "USER_POOL_ID"), Pace()
        )
        done = False
        try:
            with aws.explained("reconciling"):
                found = Reconciler(
                    pool=pool,
                    dynamodb=aws.client(session, "dynamodb"),
                    table=variable_of(stage, "USERS_TABLE"),
                    client_id=variable_of(stage, "CLIENT_ID"),
                    refuse_address=ProviderStore(
                        aws.client(session, "dynamodb"), table_of(stage), time.time
                    ).refuse_address,
                    subjects=SubjectStore(
                        aws.client(session, "dynamodb"), subjects_table, time.time
                    )
                    if subjects_table
                    else None,
                    progress=progress,
                    report=report,
                    dry_run=dry_run,
                ).run()
            done = True
        finally:
            progress.close(remove=done)
    verb = "to correct" if dry_run else "corrected"
    click.echo(
        f"{found.people} people, {found.records} records; {verb}: {found.missing} missing, "
        f"{found.differing} differing, {found.surplus} without a person."
    )
    if found.moved:
        click.echo(
            f"{found.moved} people have an address outside their provider's domains: see above."
        )
    return 1 if dry_run and found.total else 0


@click.command(
    "rotate-keys",
    epilog=example("rotate-keys --stage prod", "rotate-keys --stage prod --client-secret"),
)
@on_stage
@click.option(
    "--client-secret",
    is_flag=True,
    help="Rotate the app client's secret instead of the sealing keys.",
)
@click.option(
    "--drop-old",
    is_flag=True,
    help="Only remove unused old keys or secrets; make no new key or secret.",
)
@click.option(
    "--now", is_flag=True, help="Use the new key at once. The early use may end some sessions."
)
@yes_option("Drop old keys even if sessions may still need these keys.")
def rotate_keys(stage: Stage, client_secret: bool, drop_old: bool, now: bool, yes: bool) -> None:
    """Rotate sealing keys or client secrets.

    Everybody stays signed in. Sealing keys encrypt session cookies. The command adds a new sealing key. The app uses
    the new key some minutes later, after every container has read the key. The app still accepts cookies that an old
    key encrypted, until you remove the old keys with --drop-old.
    """
    from .. import aws, rotate

    session, report = aws.session(stage), Reporter()
    if client_secret and drop_old:
        rotate.drop_old_client_secrets(session, stage, report)
    elif client_secret:
        rotate.rotate_client_secrets(session, stage, report)
    elif drop_old:
        rotate.drop_old_sealing_keys(session, stage, report, force=yes)
    else:
        rotate.rotate_sealing_keys(session, stage, report, wait=not now)


COMMANDS = (doctor, reconcile, rotate_keys)
