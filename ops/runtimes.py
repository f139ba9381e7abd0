"""The Python runtimes of Lambda that a stage may use, each with its date of deprecation and its operating system."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from .errors import OpsError


@dataclass(frozen=True)
class Runtime:
    """One runtime, such as 3.12. `deprecated` is the day on which Lambda deprecates the runtime. `glibc_minor` is the
    minor version of the runtime's glibc.
    """

    python: str
    deprecated: date
    glibc_minor: int

    @property
    def identifier(self) -> str:
        """The runtime's name in Lambda."""
        return f"python{self.python}"

    @property
    def abi(self) -> str:
        """The tag of compiled wheels for the runtime."""
        return f"cp{self.python.replace('.', '')}"

    def platforms(self, machine: str) -> list[str]:
        """List the platform tags of wheels that run on this runtime.

        pip compares each tag exactly, so the list has a tag for every version up to the runtime's glibc (PEP 600).
        """
        return [
            *(f"manylinux_2_{minor}_{machine}" for minor in range(17, self.glibc_minor + 1)),
            f"manylinux2014_{machine}",
        ]


# After its date of deprecation, a runtime gets no security updates from Lambda. Source of dates and operating systems:
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
# Amazon Linux 2 has glibc 2.26, Amazon Linux 2023 has 2.34. The dates were read in three copies of AWS's table from
# July to November 2026, and at https://endoflife.date/aws-lambda; AWS may change the dates.
RUNTIMES: Mapping[str, Runtime] = {
    runtime.python: runtime
    for runtime in (
        Runtime("3.11", date(2027, 6, 30), 26),
        Runtime("3.12", date(2028, 10, 31), 34),
        Runtime("3.13", date(2029, 6, 30), 34),
        Runtime("3.14", date(2029, 6, 30), 34),
    )
}
SUPPORTED = "Python 3.11 to 3.14"
NEAR_DAYS = 180
"""Warnings begin this number of days before a runtime's deprecation."""

OPTION = "python_version"
"""The option of a stage's `gatehouse` block that names a runtime."""


def runtime_of(options: Mapping[str, Any], running: tuple[int, int] | None = None) -> Runtime:
    """Return the runtime for the option `python_version` of a stage. If the option is missing, return the runtime for
    the version of the running Python.

    Raises OpsError if Gatehouse does not support the version.
    """
    major, minor = running or sys.version_info[:2]
    wanted = options.get(OPTION) or f"{major}.{minor}"
    if wanted not in RUNTIMES:
        raise OpsError(
            f"Gatehouse supports {SUPPORTED}, not Python {wanted}. Run this "
            f'command with a supported Python, or set "{OPTION}" in the stage\'s gatehouse block, '
            f'such as "{newest().python}".'
        )
    return RUNTIMES[wanted]


def runtime_named(identifier: str) -> Runtime | None:
    """Return the runtime that has the name `identifier` in Lambda. Return None for an unsupported runtime."""
    return RUNTIMES.get(identifier.removeprefix("python"))


def newest() -> Runtime:
    """Return the newest supported runtime."""
    return max(RUNTIMES.values(), key=lambda runtime: int(runtime.python.split(".")[1]))


def near_end(runtime: Runtime, today: date) -> str:
    """Return a warning if a runtime is deprecated now or soon. Otherwise, return an empty text."""
    left = (runtime.deprecated - today).days
    if left > NEAR_DAYS:
        return ""
    when = runtime.deprecated.isoformat()
    if left < 0:
        return f"Lambda deprecated {runtime.identifier} on {when}: it gets no security updates."
    return f"Lambda deprecates {runtime.identifier} on {when}, in {left} days."
