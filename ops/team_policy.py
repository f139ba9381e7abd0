"""The rights of a team's own routes: Chalice's policy file, attached to the API function's role.

Chalice reads `.chalice/policy-<stage>.json` (or what `iam_policy_file` names) for roles that it makes itself. Here the
identity stack makes the roles, so the same file becomes a second policy of the API function's role.
https://aws.github.io/chalice/topics/configfile.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from .errors import OpsError
from .stages import Stage

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
_MAX_BODY_BYTES = 51_200
_COMMENT = re.compile(r"^ *#.*\n", re.MULTILINE)
NAME = "app"
"""Of the policy in the role."""

_OURS = "        - PolicyName: api\n"


def with_team_policy(body: str, stage: Stage) -> str:
    """Return the template with the team's policy in it; unchanged where there is none. Raises OpsError."""
    document = load_team_policy(stage)
    if document is None:
        return body
    theirs = f"        - PolicyName: {NAME}\n          PolicyDocument: {json.dumps(document)}\n"
    whole = body.replace(_OURS, theirs + _OURS)
    if len(whole.encode()) > _MAX_BODY_BYTES:
        whole = _COMMENT.sub("", whole)
    if len(whole.encode()) > _MAX_BODY_BYTES:
        raise OpsError(
            f"{stage.policy_file} is too large: with it the template has more than {_MAX_BODY_BYTES} "
            "bytes, CloudFormation's limit. Name fewer resources, or use wildcards in their names."
        )
    return whole


def load_team_policy(stage: Stage) -> dict[str, Any] | None:
    """Read the stage's policy file; None where there is none. Raises OpsError."""
    try:
        found = json.loads(stage.policy_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise OpsError(f"{stage.policy_file} is not JSON: {error}") from None
    if not isinstance(found, dict) or not found.get("Statement"):
        raise OpsError(
            f'{stage.policy_file} is no policy: {{"Version": "2012-10-17", "Statement": […]}}'
        )
    return found
