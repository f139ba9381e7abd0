"""This module has OpsError, the only error that `ops` raises deliberately."""

from __future__ import annotations

from collections.abc import Sequence


class OpsError(Exception):
    """A failure that the person at the command line can fix. The message says how to fix the failure.

    The command line prints the message without a traceback, and exits with 1.
    """

    @classmethod
    def listing(cls, heading: str, problems: Sequence[str]) -> OpsError:
        """Build one error that names every problem at once."""
        return cls("\n".join([heading, *(f"  - {problem}" for problem in problems)]))
