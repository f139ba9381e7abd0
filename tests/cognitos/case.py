"""Defines what every Cognito must do. One case is a few calls, their expected result, and the AWS page that documents
the result.

A case runs through a `World` against any Cognito: the strict double, the local AWS, or a real pool. The case returns
the observed result, and its decorator has the expected result. A difference between the two results does not raise an
error, so tests can compare the difference with a list.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.cognitos.world import World

GUIDE = "https://docs.aws.amazon.com/cognito/latest/developerguide/"
REFERENCE = "https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/"

#: The groups of cases, in the order of the table. Each group is a module of `tests.cognitos.cases`.
GROUPS = (
    "sign_up",
    "letter_case",
    "codes",
    "secret_hash",
    "passwords",
    "challenges",
    "passkeys",
    "tokens",
    "rotation",
    "people",
    "groups",
    "federation",
    "events",
    "settings",
)

#: The features that a Cognito may lack. If a case is left out, the table shows the text of the missing feature as the
#: reason.
LACKS = {
    "clock": "no test can change its clock",
    "mail": "no test can read its mails",
    "factors": "its only second factor is an authenticator app",
    "events": "its triggers are not recorded",
    "federation": "it has no identity provider",
    "settings": "the app never calls these operations, so the test double has none of them",
    "endpoints": "it has no domain",
}


@dataclass(frozen=True)
class Case:
    """One behaviour of Cognito. `page` is the URL of AWS's page; `needs` lists the features that a Cognito must have
    for this case."""

    name: str
    group: str
    says: str
    run: Callable[[World], Any]
    expected: Any
    page: str
    needs: frozenset[str]


CASES: dict[str, Case] = {}


def case(expected: Any, page: str, *needs: str) -> Callable[[Callable[..., Any]], Any]:
    """Register a function as a case with the function's name."""
    assert set(needs) <= set(LACKS)

    def register(run: Callable[[World], Any]) -> Callable[[World], Any]:
        name, group = run.__name__, run.__module__.rpartition(".")[2]
        assert name not in CASES, name
        says = " ".join((run.__doc__ or "").split())
        CASES[name] = Case(name, group, says, run, expected, page, frozenset(needs))
        return run

    return register


def load_cases() -> dict[str, Case]:
    """Import every group. Return the cases by name, in the order of the groups."""
    for group in GROUPS:
        importlib.import_module(f"tests.cognitos.cases.{group}")
    return dict(sorted(CASES.items(), key=lambda item: GROUPS.index(item[1].group)))
