"""Helpers for the commands that act on one person. The helpers find the person, and explain missing AWS rights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from ..command import ask
from ..errors import OpsError
from ..report import Reporter
from ..stages import Stage

if TYPE_CHECKING:
    from ..directory import Directory, Person

person_argument = click.argument("user", metavar="NAME_OR_EMAIL")


def open_directory(stage: Stage) -> Directory:
    """Return the directory of a stage's people. The directory uses the AWS credentials of the environment."""
    from .. import aws
    from ..directory import Directory

    return Directory(aws.session(stage), stage)


@contextmanager
def at_work(stage: Stage, doing: str) -> Iterator[tuple[Directory, Reporter]]:
    """Open the directory of a stage's people. If AWS denies access, raises OpsError. The message names the
    documentation page that lists each command's AWS rights.
    """
    from botocore.exceptions import ClientError

    from .. import aws

    with aws.explained(doing):
        try:
            yield open_directory(stage), Reporter()
        except ClientError as error:
            if not aws.error_code(error).startswith("AccessDenied"):
                raise
            raise OpsError(
                f"Your AWS credentials do not allow {doing}: {aws.error_message(error)}\n"
                "docs/operations.md, “Rights of an operator”, lists the rights for each command."
            ) from error


def on_person(
    stage: Stage,
    user: str,
    doing: str,
    act: Callable[[Directory, Person, Reporter], None],
    warning: str = "",
) -> None:
    """Find the person, ask for confirmation if `warning` is not empty, and call `act`."""
    with at_work(stage, f"{doing} {user}") as (directory, report):
        person = directory.require(user)
        if warning:
            ask(warning.format(person=person, stage=stage.name), user)
        act(directory, person, report)
