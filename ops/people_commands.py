"""The commands about all people of a stage: reconcile."""

from __future__ import annotations

import argparse
from typing import Any

from .command import add_stage, command, load
from .report import Reporter


def add(commands: Any) -> None:
    """Add `reconcile`."""
    reconcile = command(
        commands,
        "reconcile",
        _reconcile,
        "make the users table equal to the user pool",
        "\nFor people from before Gatehouse came, and for whatever a trigger missed. Interrupted, it\n"
        "goes on where it stopped. Records of people who are gone from the pool are deleted.",
    )
    add_stage(reconcile)
    reconcile.add_argument(
        "--dry-run", action="store_true", help="only report; exit code 1 if something differs"
    )
    reconcile.add_argument("--restart", action="store_true", help="do not go on: begin anew")


def _reconcile(options: argparse.Namespace) -> int:
    import tempfile
    import time
    from pathlib import Path

    from chalicelib.gatehouse.store.providers import ProviderStore

    from . import aws
    from .pool import Pace, PoolReader
    from .progress_file import ProgressFile
    from .provider_rows import table_of, variable_of
    from .reconcile import Reconciler

    stage = load(options)
    session, report = aws.session(stage), Reporter()
    name = f"reconcile-{stage.name}.sqlite"
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) if options.dry_run else stage.project_dir / ".local"
        progress = ProgressFile(folder / name)
        if options.restart:
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
                    progress=progress,
                    report=report,
                    dry_run=options.dry_run,
                ).run()
            done = True
        finally:
            progress.close(remove=done)
    verb = "to mend" if options.dry_run else "mended"
    print(
        f"{found.people} people, {found.records} records; {verb}: {found.missing} missing, "
        f"{found.differing} differing, {found.surplus} of nobody."
    )
    if found.moved:
        print(f"{found.moved} have an address that their provider may not speak for: see above.")
    return 1 if options.dry_run and found.total else 0
