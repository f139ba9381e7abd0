"""This module reads the rights of a team's own routes from Chalice's policy file, and adds them to the API function's
role.

Chalice reads `.chalice/policy-<stage>.json` (or the file in `iam_policy_file`) only for roles that Chalice itself
makes. In Gatehouse, the identity stack makes the roles. So this module adds the content of the file to the stack's
role, as a policy.
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
"""Names of the policies that the team writes: the policy from the policy file, and the policy from the team's
`gatehouse.yaml`.
"""


def add_team_policy(template: dict[str, Any], stage: Stage) -> list[str]:
    """Insert the team's policy before the other policies of the API function's role in the template.

    Return a list with the path of the policy file. The list is empty if the stage has no such file. Raises OpsError.
    """
    document = load_team_policy(stage)
    if document is None:
        return []
    policies = template["Resources"]["ApiRole"]["Properties"]["Policies"]
    policies.insert(0, {"PolicyName": NAME, "PolicyDocument": document})
    return [str(stage.policy_file)]


def load_team_policy(stage: Stage) -> dict[str, Any] | None:
    """Read the stage's policy file. Return None if the stage has no such file. Raises OpsError."""
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
