"""Tests of the template without the pool's schema. `ops` sends this template if CloudFormation refuses an update with
the schema."""

from __future__ import annotations

import json

from ops.identity_stack import TEMPLATE
from ops.pool_updates import as_deployed, without_schema
from ops.template import read_template, write_template

TEXT = TEMPLATE.read_text(encoding="utf-8")
BODY = write_template(read_template(TEXT))


def test_nothing_but_the_schema_is_left_out() -> None:
    """The test compares the rest of the template as a whole."""
    whole = read_template(BODY)
    bare = read_template(without_schema(BODY))
    assert whole["Resources"]["UserPool"]["Properties"].pop("Schema")
    assert bare == whole


def test_the_schema_is_left_out_once_and_stays_out() -> None:
    bare = without_schema(BODY)
    assert without_schema(bare) == bare
    assert as_deployed(BODY, BODY) == BODY
    assert as_deployed(BODY, bare) == bare


def test_what_is_deployed_may_be_of_an_earlier_release_or_read_already() -> None:
    """Earlier releases sent the template as text with comments. For a template in JSON, botocore returns a mapping."""
    assert as_deployed(BODY, TEXT) == BODY
    assert as_deployed(BODY, json.loads(BODY)) == BODY
    assert as_deployed(BODY, json.loads(without_schema(BODY))) == without_schema(BODY)


def test_the_schema_names_what_a_pool_does_not_have_anyway() -> None:
    """Every pool has the standard attributes. The schema lists a standard attribute only with a rule: required, or with
    limits."""
    schema = read_template(BODY)["Resources"]["UserPool"]["Properties"]["Schema"]
    standard = [each for each in schema if "StringAttributeConstraints" not in each]
    assert [each["Name"] for each in standard if not each.get("Required")] == []
