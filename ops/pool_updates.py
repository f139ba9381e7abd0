"""This module explains why CloudFormation and Cognito refuse some updates of a user pool, and works around one refusal.

CloudFormation has sometimes refused an update because the template contained the unchanged schema ("Invalid
AttributeDataType input", https://github.com/aws/aws-cdk/issues/8585,
https://github.com/aws-amplify/amplify-backend/issues/3299). A pool's attributes cannot
be changed or removed later. So an update without `Schema` has the same effect as an update with `Schema`, and no data
is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .template import read_template, write_template

WAY_ROUND = (
    "CloudFormation refuses to update the pool because the template contains the pool's schema, a known fault of "
    "CloudFormation. Trying again without the schema. No data is lost, because attributes cannot "
    "be changed"
)
_OF_SCHEMA = (
    "Invalid AttributeDataType input",
    "Existing schema attributes cannot be modified or deleted",
)
_MEANINGS = {
    "Updates are not allowed for property": (
        "Cognito cannot change this property of an existing pool. Undo the change, or deploy the "
        "change as a new stage and move people (docs/operations.md, Backup and restore)."
    ),
    "Domain already": (
        "The sign-in domain is already taken in this region: choose another domain_prefix."
    ),
}


def refused_for_schema(failures: Iterable[str]) -> bool:
    """Tell whether an update failed because the template contained the schema."""
    return any(text in line for line in failures for text in _OF_SCHEMA)


def meanings(failures: Iterable[str]) -> list[str]:
    """Explain each known refusal in `failures` in plain words, and return the explanations."""
    lines = list(failures)
    return [meaning for text, meaning in _MEANINGS.items() if any(text in line for line in lines)]


def without_schema(body: str) -> str:
    """Return the template without the pool's `Schema`. A template without `Schema` is returned unchanged."""
    template = read_template(body)
    if not _has_schema(template):
        return body
    del template["Resources"]["UserPool"]["Properties"]["Schema"]
    return write_template(template)


def as_deployed(body: str, deployed: str | Mapping[str, Any]) -> str:
    """Return `body`, the template for an update of a stack. If the deployed template has no schema, because an earlier
    update omitted the schema, the result has no schema either.
    """
    there = read_template(deployed)
    return without_schema(body) if there and not _has_schema(there) else body


def _has_schema(template: Mapping[str, Any]) -> bool:
    return "Schema" in template.get("Resources", {}).get("UserPool", {}).get("Properties", {})
