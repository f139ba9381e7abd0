"""Defines how every implementation of Cognito must behave. A case consists of a few calls, their expected result, and
the URL of the AWS page that documents the result.

A case runs through a `World` against any implementation: the strict test double, the local AWS, or a real pool. The
case returns the result that it observed. Its decorator contains the expected result. If the two results differ, the
case raises no error, because tests first look for the difference in a list of known differences.
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

#: The features that an implementation of Cognito may lack, each with a reason. If a case is left out because of a
#: missing feature, the table shows this reason.
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
    """One behaviour of Cognito. `page` is the URL of AWS's page. `needs` lists the features without which the case
    cannot run."""

    name: str
    group: str
    says: str
    run: Callable[[World], Any]
    expected: Any
    page: str
    needs: frozenset[str]


CASES: dict[str, Case] = {}


def case(expected: Any, page: str, *needs: str) -> Callable[[Callable[..., Any]], Any]:
    """Register a function as a case. The case has the same name as the function."""
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
