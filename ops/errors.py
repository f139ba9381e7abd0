"""The only error that ops raises deliberately."""

from __future__ import annotations

from collections.abc import Sequence


class OpsError(Exception):
    """A failure that the person can fix; the message says how.

    The command line prints it without a traceback and exits 1.
    """

    @classmethod
    def listing(cls, heading: str, problems: Sequence[str]) -> OpsError:
        """Build one error that names every problem at once."""
        return cls("\n".join([heading, *(f"  - {problem}" for problem in problems)]))
