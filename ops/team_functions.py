"""This module checks that the team's Lambda functions are the same in app.py and in `.chalice/gatehouse.yaml`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .errors import OpsError
from .mount import OwnFunction, load_mount
from .nearest import nearest
from .stages import Stage
from .team_file import API, NAME, TeamFile, load_team_file, path_of
from .team_resources import queue_variable, stream_variable, table_variable

# A placeholder for the ARN of a stream that does not exist yet. The placeholder is a valid ARN.
_NO_STREAM = "arn:aws:dynamodb:us-east-1:000000000000:table/{}/stream/not-provisioned-yet"


def verify_functions(stage: Stage, ours: Iterable[str]) -> None:
    """Compare the functions in the project's app with the functions in `.chalice/gatehouse.yaml`. `ours` has the names
    of Gatehouse's functions. Raises OpsError; its message says what to do.
    """
    found = load_team_file(stage.project_dir)
    functions = load_mount(stage.project_dir, {**_expected(stage, found), **stage.environment})
    declared = {each.name: each for each in functions.functions if each.name not in ours}
    problems = [
        *_only_in_file(found, declared),
        *_only_in_app(stage, found, declared),
        *_without_their_source(stage, found, declared),
    ]
    if problems:
        raise OpsError.listing(
            f"app.py and {path_of(stage.project_dir)} name different functions. Change one of the "
            "two files:",
            problems,
        )


def _expected(stage: Stage, found: TeamFile) -> dict[str, str]:
    """Return the outputs that the stack will have. The ARNs of streams are placeholders, so this function also works
    before the resources exist."""
    names = {}
    for table in found.tables:
        names[table_variable(table)] = stage.named(table)
        names[stream_variable(table)] = _NO_STREAM.format(stage.named(table))
    for queue in found.queues:
        names[queue_variable(queue)] = stage.named(queue)
    return names


def _only_in_file(found: TeamFile, declared: dict[str, OwnFunction]) -> Iterator[str]:
    for name in found.functions:
        if name != API and name not in declared:
            meant = nearest(name, declared)
            said = (
                f"did you mean {meant}?"
                if meant
                else "remove that entry, or declare the function in app.py"
            )
            yield (
                f"{NAME} has a function {name} that app.py does not declare: {said} "
                "(a blueprint's name_prefix is part of the name)"
            )


def _only_in_app(stage: Stage, found: TeamFile, declared: dict[str, OwnFunction]) -> Iterator[str]:
    for name in declared:
        if name not in found.functions and name not in stage.own_roles:
            yield (
                f"app.py declares the function {name}, which has no role: add `{name}: {{}}` under `functions` in {NAME}, "
                "with the tables and queues that it uses"
            )


def _without_their_source(
    stage: Stage, found: TeamFile, declared: dict[str, OwnFunction]
) -> Iterator[str]:
    """Yield a problem for each function without the right to read its own queue or stream. Lambda refuses to connect
    such a function to its source.
    """
    for name, rights in found.functions.items():
        source = declared[name].source if name in declared else ""
        for queue in found.queues:
            if source == stage.named(queue) and "receive" not in rights.queues.get(queue, ()):
                yield (
                    f"{name} is called by the queue {queue}: "
                    f"add `queues: {{{queue}: receive}}` to the function in {NAME}"
                )
        for table in found.tables:
            streams = (stream for stream in _streams(stage, table) if source.startswith(stream))
            if any(streams) and "stream" not in rights.tables.get(table, ()):
                yield (
                    f"{name} is called by the stream of {table}: "
                    f"add `tables: {{{table}: stream}}` to the function in {NAME}"
                )


def _streams(stage: Stage, table: str) -> Iterator[str]:
    yield _NO_STREAM.format(stage.named(table))
    made = stage.environment.get(stream_variable(table))
    if made:
        yield made
