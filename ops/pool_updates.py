"""What CloudFormation and Cognito are known to say to an update of a user pool, what it means, and the way round.

CloudFormation has refused updates of pools whose schema did not change, because the template names it ("Invalid
AttributeDataType input", https://github.com/aws/aws-cdk/issues/8585,
https://github.com/aws-amplify/amplify-backend/issues/3299). Attributes of a pool can be neither changed nor removed, so a
template without `Schema` asks for nothing else, and loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .template import read_template, write_template

WAY_ROUND = (
    "CloudFormation refuses to update the pool because the template names its schema, a known fault. "
    "Once more without the schema: attributes cannot be changed, so nothing is lost"
)
_OF_SCHEMA = (
    "Invalid AttributeDataType input",
    "Existing schema attributes cannot be modified or deleted",
)
_MEANINGS = {
    "Updates are not allowed for property": (
        "This is fixed when a pool is made. Take the change back, or deploy it as a new stage and "
        "move people (docs/operations.md, Backup and restore)."
    ),
    "Domain already": (
        "The sign-in domain is somebody's already, in the whole region: choose another domain_prefix."
    ),
}


def refused_for_schema(failures: Iterable[str]) -> bool:
    """Whether an update failed for what leaving the schema out goes round."""
    return any(text in line for line in failures for text in _OF_SCHEMA)


def meanings(failures: Iterable[str]) -> list[str]:
    """Say in plain words what known refusals among `failures` mean."""
    lines = list(failures)
    return [meaning for text, meaning in _MEANINGS.items() if any(text in line for line in lines)]


def without_schema(body: str) -> str:
    """Return the template without the pool's `Schema`; unchanged where it has none."""
    template = read_template(body)
    if not _has_schema(template):
        return body
    del template["Resources"]["UserPool"]["Properties"]["Schema"]
    return write_template(template)


def as_deployed(body: str, deployed: str | Mapping[str, Any]) -> str:
    """Return the template for an update of a stack: without the schema where an earlier update went round it."""
    there = read_template(deployed)
    return without_schema(body) if there and not _has_schema(there) else body


def _has_schema(template: Mapping[str, Any]) -> bool:
    return "Schema" in template.get("Resources", {}).get("UserPool", {}).get("Properties", {})
