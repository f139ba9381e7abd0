"""This module reads CloudFormation templates (YAML with CloudFormation's short tags, or JSON) and writes compact
templates.

The template in the repository is YAML with comments, for people. A template in a request may have at most 51,200 bytes,
including its comments. So `ops` sends JSON without comments and blanks, with one line per resource.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from .errors import OpsError

MOST_BYTES = 51_200
# The long forms of `Ref` and `Condition` have no prefix. The long form of any other function begins with `Fn::`.
_PLAIN = ("Ref", "Condition")
_FOR_READERS = {"Parameters": "Description", "Resources": "Metadata"}
_SECTIONS = ("Parameters", "Mappings", "Conditions", "Resources", "Outputs")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # libyaml is optional
    """A YAML loader that returns CloudFormation's tags in their long form: `!Sub x` is {"Fn::Sub": "x"}."""


def _long_form(loader: Any, tag: str, node: yaml.Node) -> dict[str, Any]:
    found: Any
    if isinstance(node, yaml.ScalarNode):
        found = loader.construct_scalar(node)
        if tag == "GetAtt":
            found = found.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        found = loader.construct_sequence(node, deep=True)
    else:
        found = loader.construct_mapping(node, deep=True)
    return {tag if tag in _PLAIN else f"Fn::{tag}": found}


_Loader.add_multi_constructor("!", _long_form)


def read_template(body: str | Mapping[str, Any]) -> dict[str, Any]:
    """Read a template from the repository or from a stack. A stack's JSON template is already a mapping.

    Raises OpsError.
    """
    if not isinstance(body, str):
        return dict(body)
    try:
        found = json.loads(body) if body.startswith("{") else yaml.load(body, _Loader)  # noqa: S506  # nosec B506
    except (ValueError, yaml.YAMLError) as error:
        raise OpsError(f"The text is not a CloudFormation template: {error}") from None
    return found if isinstance(found, dict) else {}


def write_template(template: Mapping[str, Any]) -> str:
    """Write a template for a request. Each parameter, resource and output has one line.

    To keep the request small, the text leaves out three things: the descriptions of parameters, the spaces in the JSON of
    a dashboard, and the Metadata, which only checkov reads.
    """
    whole = {
        **template,
        **{
            section: {name: _without(left_out, each) for name, each in template[section].items()}
            for section, left_out in _FOR_READERS.items()
            if template.get(section)
        },
    }
    parts = [f"{_small(name)}:{_section(name, value)}" for name, value in whole.items()]
    return "{" + ",\n".join(parts) + "}\n"


def size_of(body: str) -> int:
    """Return a template's size in bytes, as CloudFormation counts it."""
    return len(body.encode())


def _without(left_out: str, each: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in each.items() if key != left_out}
    if kept.get("Type") == "AWS::CloudWatch::Dashboard":
        body = kept["Properties"]["DashboardBody"]
        bare = {"Fn::Sub": _small(json.loads(body["Fn::Sub"]))}
        kept["Properties"] = {**kept["Properties"], "DashboardBody": bare}
    return kept


def _section(name: str, value: Any) -> str:
    if name not in _SECTIONS or not value:
        return _small(value)
    return "{\n" + ",\n".join(f"{_small(key)}:{_small(each)}" for key, each in value.items()) + "}"


def _small(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
