"""Runs cases against a Cognito. A result must be the same as the expected result, or as a difference in the list of
known differences."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cognitos.case import Case
from tests.cognitos.world import Port, World

DIFFERENCES = Path(__file__).with_name("differences.json")


@dataclass(frozen=True)
class Difference:
    """A case in which a Cognito gives another result than AWS, and the reason. `page` is the AWS page or the report
    that documents the difference."""

    seen: Any
    why: str
    page: str


def load_differences(cognito: str) -> dict[str, Difference]:
    """Return the listed differences of "double" or "local". The keys are the names of the cases."""
    listed: dict[str, Any] = json.loads(DIFFERENCES.read_text(encoding="utf-8"))
    return {name: Difference(**entry) for name, entry in listed.get(cognito, {}).items()}


def observe(case: Case, port: Port) -> Any:
    """Run a case. Return as JSON what the case observed, or the error that it raised."""
    try:
        seen = case.run(World(port))
    except Exception as error:  # noqa: BLE001 - a case that cannot be finished is an observation too
        seen = {"broke": describe(error)}
    return as_json(seen)


def describe(error: Exception) -> str:
    response = getattr(error, "response", None)
    if isinstance(response, Mapping) and "Error" in response:
        return str(response["Error"]["Code"])
    return type(error).__name__


def as_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


def verdict(case: Case, seen: Any, listed: Mapping[str, Difference]) -> str | None:
    """Return a message if the observation is wrong. Otherwise return None."""
    expected = as_json(case.expected)
    difference = listed.get(case.name)
    if difference is None:
        if seen == expected:
            return None
        return f"{case.says} ({case.page})\n  AWS: {expected}\n  here: {seen}, which is not listed"
    if seen == expected:
        return f"{case.name} no longer differs: remove it from {DIFFERENCES.name}"
    if seen != difference.seen:
        return f"{case.name}: {seen}, where {difference.seen} is listed"
    return None
