"""Attaches the rights of a team's own routes, from Chalice's policy file, to the API function's role.

Chalice reads `.chalice/policy-<stage>.json` (or the file in `iam_policy_file`) only for roles that it makes itself. Here
the identity stack makes the roles, so the file becomes another policy of the API function's role.
https://aws.github.io/chalice/topics/configfile.html
"""

from __future__ import annotations

import json
from typing import Any

from .errors import OpsError
from .stages import Stage

NAME = "app"
"""Name of this policy in the role."""
NAMES = (NAME, f"{NAME}-file")
"""Names of the policies that the team writes: this one, and the one from its `gatehouse.yaml`."""


def add_team_policy(template: dict[str, Any], stage: Stage) -> list[str]:
    """Add the team's policy to the API function's role in the template, before its other policies; return the file, if
    any.

    Raises OpsError.
    """
    document = load_team_policy(stage)
    if document is None:
        return []
    policies = template["Resources"]["ApiRole"]["Properties"]["Policies"]
    policies.insert(0, {"PolicyName": NAME, "PolicyDocument": document})
    return [str(stage.policy_file)]


def load_team_policy(stage: Stage) -> dict[str, Any] | None:
    """Read the stage's policy file; return None if there is none. Raises OpsError."""
    try:
        found = json.loads(stage.policy_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise OpsError(f"{stage.policy_file} is not JSON: {error}") from None
    if not isinstance(found, dict) or not found.get("Statement"):
        raise OpsError(
            f'{stage.policy_file} is not a policy such as {{"Version": "2012-10-17", "Statement": […]}}'
        )
    return found
