"""Tests a stage on AWS: `python -m tests.live --stage dev` (see README.md in this folder).

The command checks the requirements of the tests, and then runs the tests of this folder. Afterwards, the command
deletes the tests' people and pools, and prints the transcript's path.
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ops import aws
from ops.connect import load_deployed
from ops.errors import OpsError
from ops.stages import Stage, load_stage
from tests.live.live_cognito import clean
from tests.live.record import DEFAULT, ROOT

MISSING = 2
_PEOPLE = "gatehouse-live-"


def main(arguments: Sequence[str] | None = None) -> int:
    """Check, run the tests, and clean up. Return pytest's exit code, or 2 if a requirement of the tests is not met."""
    options = _parser().parse_args(arguments)
    project = Path(options.project).resolve()
    try:
        stage = load_stage(project, options.stage)
        if options.clean:
            _clean(stage)
            return 0
        missing = list(_missing(stage, options.okta))
    except OpsError as error:
        missing = [str(error)]
    if missing:
        print("Before the tests can run:", *missing, sep="\n  - ", file=sys.stderr)
        return MISSING
    os.environ.update(_variables(options, project))
    import pytest

    try:
        # The tests ask for codes on the terminal, so pytest must not capture input and output (-s).
        return int(pytest.main([*(("-s",) if options.mail else ()), str(Path(__file__).parent)]))
    finally:
        _clean(stage)
        print(f"\nTranscript, without secrets: {options.transcript}")
        print(f"Where AWS differs: python -m tests.cognitos.transcript {options.transcript}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.live", description=__doc__)
    parser.add_argument("--stage", required=True, help="a deployed stage of .chalice/config.json")
    parser.add_argument("--project", default=str(ROOT), help="the checkout that deployed it")
    parser.add_argument(
        "--okta", default="", metavar="NAME", help="also test a sign-in through this provider"
    )
    parser.add_argument(
        "--mail",
        default="",
        metavar="ADDRESS",
        help=(
            "also test mailed codes: some twenty go to ADDRESS with +… in it, and you type them in"
        ),
    )
    parser.add_argument(
        "--transcript", default=str(DEFAULT), metavar="FILE", help=("file for the transcript")
    )
    parser.add_argument(
        "--clean", action="store_true", help=("only delete the remains of an interrupted run")
    )
    return parser


def _missing(stage: Stage, okta: str) -> Iterator[str]:
    """Yield a message for each requirement of the tests that is not met. The message says what to do."""
    from tests.browser import chromium_path

    if not stage.environment.get("USER_POOL_ID"):
        yield f"stage {stage.name} is not deployed: python -m ops deploy --stage {stage.name}"
        return
    load_deployed(stage)
    session = aws.session(stage)
    with aws.explained("checking your credentials (AWS_PROFILE, or keys in the environment)"):
        aws.account_id(session)
    if okta:
        if not sys.stdin.isatty() and not os.environ.get("GATEHOUSE_LIVE_OKTA_PASSWORD"):
            yield "GATEHOUSE_LIVE_OKTA_USER and GATEHOUSE_LIVE_OKTA_PASSWORD, or a terminal to type in"
        try:
            chromium_path()
        except RuntimeError as error:
            yield str(error)


def _variables(options: argparse.Namespace, project: Path) -> dict[str, str]:
    found = {
        "GATEHOUSE_LIVE_STAGE": options.stage,
        "GATEHOUSE_LIVE_PROJECT": str(project),
        "GATEHOUSE_LIVE_TRANSCRIPT": str(Path(options.transcript).resolve()),
        "GATEHOUSE_LIVE_MAIL": options.mail,
        "GATEHOUSE_LIVE_OKTA": options.okta,
    }
    if options.okta:
        for name, ask in (("USER", input), ("PASSWORD", getpass.getpass)):
            variable = f"GATEHOUSE_LIVE_OKTA_{name}"
            found[variable] = os.environ.get(variable) or ask(f"{options.okta}: {name.lower()}: ")
    return found


def _clean(stage: Stage) -> None:
    """Delete what an interrupted run has left behind: the pools of the cases, and the tests' people in the stage."""
    session = aws.session(stage)
    cognito = aws.client(session, "cognito-idp")
    with aws.explained("deleting the tests' people and pools"):
        for name in clean(cognito):
            print(f"Removed the user pool {name}.")
        pool = stage.environment["USER_POOL_ID"]
        found = cognito.list_users(UserPoolId=pool, Filter=f'email ^= "{_PEOPLE}"')["Users"]
        for user in found:
            cognito.admin_delete_user(UserPoolId=pool, Username=user["Username"])
            aws.client(session, "dynamodb").delete_item(
                TableName=stage.environment["USERS_TABLE"],
                Key={"userName": {"S": user["Username"]}},
            )
            print(f"Removed the account {user['Username']}.")


if __name__ == "__main__":
    sys.exit(main())
