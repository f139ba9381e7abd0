"""The commands that set up, check, look after and remove a stage."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from .command import add_stage, ask, command, load
from .report import Reporter


def add(commands: Any) -> None:
    """Add the commands that set up and look after a stage."""
    provision = command(
        commands,
        "provision",
        _provision,
        "create or update a stage's identity stack",
        "\nApplies ops/templates/identity.yaml with CloudFormation and writes the outputs into\n"
        ".chalice/config.json. Repeating it changes nothing.",
    )
    add_stage(provision)
    deploy = command(
        commands,
        "deploy",
        _deploy,
        "provision, `chalice deploy`, then connect the two",
        "\nThe second pass sets callback and logout URLs, triggers, their permissions, the API's\n"
        "own error answers, its limits and its access log. Shows first what it will change, and\n"
        "asks where deletion protection is on (prod). Whatever fails, run it again.",
    )
    add_stage(deploy)
    deploy.add_argument("--plan", action="store_true", help="only show what would change")
    deploy.add_argument("--yes", action="store_true", help="do not ask")
    destroy = command(
        commands,
        "destroy",
        _destroy,
        "remove a stage with all its accounts and records",
        "\nAsks first. Refuses where deletion protection is on, and says how to take it off.",
    )
    add_stage(destroy)
    destroy.add_argument("--yes", action="store_true", help="do not ask")
    destroy.add_argument(
        "--keep-data", action="store_true", help="leave the user pool and the tables, and name them"
    )
    _add_care(commands)
    package = command(
        commands,
        "package",
        _package,
        "build the Lambda zip by itself",
        "\nJust as `chalice deploy` packages it, from a copy of the project: exactly what\n"
        "requirements.txt locks, or nothing.",
    )
    package.add_argument(
        "--python",
        default="",
        metavar="VERSION",
        help="Lambda's runtime, such as 3.13 (default: the Python that runs this)",
    )
    package.add_argument(
        "--out", type=Path, default=Path("dist"), metavar="DIR", help="where to (default dist)"
    )


def _add_care(commands: Any) -> None:
    doctor = command(
        commands,
        "doctor",
        _doctor,
        "check a deployed stage; exit code 1 if something is wrong",
        "\nChanges nothing. Each finding has an id, which docs/operations.md explains.",
    )
    add_stage(doctor)
    doctor.add_argument("--json", action="store_true", help="for programs")
    rotate = command(
        commands,
        "rotate-keys",
        _rotate_keys,
        "new sealing keys, or a new client secret; everybody stays signed in",
        "\nA new sealing key is added, and used some minutes later, when every container knows it.\n"
        "Old keys go on opening old cookies until --drop-old takes them away.",
    )
    add_stage(rotate)
    rotate.add_argument(
        "--client-secret", action="store_true", help="the app client's secret instead of the keys"
    )
    rotate.add_argument(
        "--drop-old", action="store_true", help="add nothing; remove what is not in use any more"
    )
    rotate.add_argument(
        "--now", action="store_true", help="use the new key at once; some sessions may end"
    )
    rotate.add_argument("--yes", action="store_true", help="drop keys that sessions may still need")


def _package(options: argparse.Namespace) -> None:
    from .package import package

    path = package(options.project_dir, options.out, options.python)
    print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")


def _provision(options: argparse.Namespace) -> None:
    from . import aws, identity_stack

    stage = load(options)
    identity_stack.provision(aws.session(stage), stage, {}, Reporter())
    print(f"{stage.config_file} holds the outputs; commit it.")


def _deploy(options: argparse.Namespace) -> None:
    from . import aws, deploy
    from .plan import plan

    stage = load(options)
    planned = plan(aws.session(stage), stage)
    print("\n".join(planned.lines), file=sys.stderr)
    if options.plan:
        return
    if planned.replaced and not options.yes:
        lost = ", ".join(planned.replaced)
        ask(f"This replaces {lost}: people or sessions in it are lost.", stage.name)
    elif stage.deletion_protection and not options.yes:
        ask(f"Stage {stage.name!r} is one that people rely on.", stage.name)
    root = deploy.deploy(options.project_dir, stage.name, Reporter())
    print(f"{root}\nCommit .chalice/config.json and .chalice/deployed/{stage.name}.json.")


def _destroy(options: argparse.Namespace) -> None:
    from . import aws, destroy

    stage = load(options)
    session = aws.session(stage)
    lost = destroy.inventory(session, stage)
    if not options.yes:
        fate = "keeps" if options.keep_data else "deletes for ever"
        ask(
            f"This removes stage {stage.name!r} in {stage.region}, and {fate}: "
            f"{', '.join(lost) or 'no data'}.",
            stage.name,
        )
    destroy.destroy(session, stage, Reporter(), keep_data=options.keep_data)
    if options.keep_data:
        print(f"Stage {stage.name!r} is gone but for: {', '.join(lost) or 'nothing'}.")
    else:
        print(f"Stage {stage.name!r} is gone. Its entry in config.json stays, without the outputs.")


def _doctor(options: argparse.Namespace) -> int:
    from . import aws
    from .doctor.check import diagnose
    from .doctor.checks import CHECKS
    from .doctor.deployment import Deployment

    stage = load(options)
    diagnosis = diagnose(Deployment(aws.session(stage), stage), CHECKS)
    if options.json:
        print(json.dumps(diagnosis.as_json(), indent=2))
        return 0 if diagnosis.healthy else 1
    for finding in diagnosis.findings:
        print(f"{finding.id}: {finding.says}\n  mend: {finding.mend}")
    for note in diagnosis.notes:
        print(f"note: {note.id}: {note.says}\n  to set it up: {note.mend}")
    for name, why in diagnosis.not_checked.items():
        print(f"({name} not checked: {why})")
    found = len(diagnosis.findings)
    print(
        f"{len(diagnosis.checked)} checks of stage {stage.name}: "
        + ("all is well." if not found else f"{found} finding{'s' if found > 1 else ''}.")
    )
    return 0 if diagnosis.healthy else 1


def _rotate_keys(options: argparse.Namespace) -> None:
    from . import aws, rotate

    stage = load(options)
    session, report = aws.session(stage), Reporter()
    if options.client_secret and options.drop_old:
        rotate.drop_old_client_secrets(session, stage, report)
    elif options.client_secret:
        rotate.rotate_client_secrets(session, stage, report)
    elif options.drop_old:
        rotate.drop_old_sealing_keys(session, stage, report, force=options.yes)
    else:
        rotate.rotate_sealing_keys(session, stage, report, wait=not options.now)
