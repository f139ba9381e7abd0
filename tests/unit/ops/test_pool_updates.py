"""The template without the pool's schema, for updates that CloudFormation refuses otherwise."""

from __future__ import annotations

import yaml

from ops.identity_stack import TEMPLATE
from ops.pool_updates import as_deployed, without_schema

BODY = TEMPLATE.read_text(encoding="utf-8")


class Loader(yaml.SafeLoader):
    """Takes CloudFormation's own tags for what stands behind them."""


def _any(loader: Loader, suffix: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.ScalarNode):
        return [suffix, loader.construct_scalar(node)]
    if isinstance(node, yaml.SequenceNode):
        return [suffix, loader.construct_sequence(node, deep=True)]
    assert isinstance(node, yaml.MappingNode)
    return [suffix, loader.construct_mapping(node, deep=True)]


Loader.add_multi_constructor("!", _any)


def test_nothing_but_the_schema_is_left_out() -> None:
    """Of the whole template."""
    whole = yaml.load(BODY, Loader)
    bare = yaml.load(without_schema(BODY), Loader)
    assert whole["Resources"]["UserPool"]["Properties"].pop("Schema")
    assert bare == whole


def test_the_schema_is_left_out_once_and_stays_out() -> None:
    bare = without_schema(BODY)
    assert without_schema(bare) == bare
    assert as_deployed(BODY, BODY) == BODY
    assert as_deployed(BODY, bare) == bare


def test_the_schema_names_what_a_pool_does_not_have_anyway() -> None:
    """Standard attributes that are neither required nor limited are in every pool."""
    schema = yaml.load(BODY, Loader)["Resources"]["UserPool"]["Properties"]["Schema"]
    standard = [each for each in schema if "StringAttributeConstraints" not in each]
    assert [each["Name"] for each in standard if not each.get("Required")] == []
