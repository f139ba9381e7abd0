"""This module lists the sessions of a person, and ends a single session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from chalicelib.gatehouse.store.session_rows import SessionRow

from .directory import Directory, Person
from .errors import OpsError
from .printable import printable
from .program import PROGRAM
from .report import Reporter


def list_sessions(directory: Directory, person: Person) -> list[SessionRow]:
    """Return the person's active sessions, the most recently used session first."""
    return directory.sessions.of(person.user.sub)


def lines_of(person: Person, rows: Sequence[SessionRow]) -> Iterator[str]:
    """Yield one line per session, for people to read."""
    if not rows:
        yield f"{person} has no session."
    for row in rows:
        device = printable(row.device) or "unknown browser"
        yield (
            f"{row.id}  {device}, by {printable(row.provider)}; "
            f"started {row.startedAt}, last used {row.lastUsedAt}"
        )


def as_data(row: SessionRow) -> Mapping[str, Any]:
    """Return a session's row as data for `--json`."""
    return asdict(row)


def end_session(
    directory: Directory, person: Person, session_id: str, stage: str, report: Reporter
) -> None:
    """End one session. Raises OpsError if the person has no session with this id."""
    if not session_id or not directory.sessions.end(person.user.sub, session_id):
        raise OpsError(
            f"{person} has no session {printable(session_id)!r}. "
            f"Run `{PROGRAM} user sessions {printable(person.user_name)} --stage {stage}` to list "
            "the person's sessions."
        )
    report.note(
        "the session ends at its next refresh; its current access token works for ten minutes at "
        "most"
    )
