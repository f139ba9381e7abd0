"""Functions that check every response of the component tests against the OpenAPI document. Fixtures in
tests/component/conftest.py call these functions."""

import json
import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from app import gate
from tests.doubles.browser import Answer

_URI = "urn:openapi"


@cache
def document() -> dict[str, Any]:
    return gate.openapi_document("https://api.example.com/")


@cache
def _registry() -> Registry[Any]:
    resource = Resource.from_contents(document(), default_specification=DRAFT202012)
    return Registry().with_resource(_URI, resource)


@cache
def operations() -> dict[tuple[str, str], dict[str, Any]]:
    """Map (METHOD, path) to the operation in the document."""
    return {
        (method.upper(), path): operation
        for path, item in document()["paths"].items()
        for method, operation in item.items()
    }


def problems(method: str, path: str, answer: Answer) -> list[str]:
    """Return the differences between `answer` and the OpenAPI document. If the document does not describe the request,
    the list is empty."""
    operation = operations().get((method, _template(path)))
    if operation is None:
        return []
    described = operation["responses"].get(str(answer.status))
    where = f"{method} {path} -> {answer.status}"
    if described is None:
        return [f"{where}: the status is not in the document"]
    described = _resolved(described)
    found = [
        f"{where}: header {name} is missing"
        for name, header in described.get("headers", {}).items()
        if _resolved(header).get("required") and name.lower() not in answer.headers
    ]
    content = described.get("content")
    if content is None:
        return [*found, *([f"{where}: a body"] if answer.body else [])]
    media_type = answer.headers["content-type"].partition(";")[0]
    if media_type not in content:
        return [*found, f"{where}: {media_type} is not in the document"]
    if media_type == "application/json":
        validator = _validator(json.dumps(content[media_type]["schema"]))
        found += [f"{where}: {e.message}" for e in validator.iter_errors(json.loads(answer.body))]
    return found


@cache
def _validator(schema: str) -> Any:
    return Draft202012Validator(_absolute(json.loads(schema)), registry=_registry())


@cache
def _template(path: str) -> str:
    for template in document()["paths"]:
        if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)), path):
            return str(template)
    return path


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        found: Any = document()
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def _absolute(node: Any) -> Any:
    """Make the references in a schema absolute, because the validator receives each schema without the rest of the
    document."""
    if isinstance(node, dict):
        return {
            name: _URI + value if name == "$ref" and value.startswith("#") else _absolute(value)
            for name, value in node.items()
        }
    return [_absolute(entry) for entry in node] if isinstance(node, list) else node
