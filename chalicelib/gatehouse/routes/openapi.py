"""Builds the OpenAPI 3.1 document of the whole HTTP API. The parts are written by hand. Gatehouse's parts are in
`openapi/`, and a team's parts are in the team's own folder.

`document.json` contains the shared parts. Every other file contains paths. The files need not contain preflights,
because preflights are the same for all paths. This module adds the preflights to the paths that
`guard/cors.py` opens to other origins, and adds HEAD to paths with GET.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..errors import InsufficientUserAuthentication
from ..guard import cors
from .table import SPENDING

FOLDER = Path(__file__).resolve().parents[1] / "openapi"
_SHARED = "document.json"


@lru_cache(maxsize=4)
def load_paths(prefix: str = "", theirs: str | None = None) -> dict[str, Any]:
    """Return the path items by path: Gatehouse's own items below `prefix`, and a team's items from the folder `theirs`.

    Raises ValueError for a path that two files describe.
    """
    paths: dict[str, Any] = {}
    for path, item in _read(FOLDER):
        full = prefix + path.rstrip("/") or "/"
        paths[full] = {**item, **_head(path, item), **_preflight(path, item)}
    for path, item in _read(Path(theirs)) if theirs else ():
        if path in paths:
            raise ValueError(f"{path} is described twice")
        paths[path] = {**item, **_head("", item), **_preflight("", item)}
    return paths


def build_document(
    root: str,
    prefix: str = "",
    theirs: str | None = None,
    max_ages: Mapping[tuple[str, str], int] | None = None,
) -> dict[str, Any]:
    """Return the OpenAPI document for the API whose root URL is `root`. `max_ages` contains the `max_age` by method and
    path."""
    shared = json.loads((FOLDER / _SHARED).read_text(encoding="utf-8"))
    paths = dict(load_paths(prefix, theirs))
    for (method, path), seconds in (max_ages or {}).items():
        operation = paths.get(path, {}).get(method.lower())
        if operation is not None and method != "HEAD":
            paths[path] = {**paths[path], method.lower(): _with_age(operation, seconds)}
    described = {path: _with_security(item) for path, item in paths.items()}
    return {**shared, "servers": [{"url": root.rstrip("/")}], "paths": described}


def _with_security(item: dict[str, Any]) -> dict[str, Any]:
    """Return the path item. Operations without `security` are marked as open. If an operation has no description, its
    summary becomes the description, because some programs that read OpenAPI require descriptions."""
    return {
        name: {"security": [], "description": operation.get("summary", ""), **operation}
        if isinstance(operation, dict)
        else operation
        for name, operation in item.items()
    }


def _with_age(operation: dict[str, Any], seconds: int) -> dict[str, Any]:
    """Return the operation, extended by the maximum age of the authentication. The result also describes the answer to
    a person whose authentication is older (RFC 9470)."""
    error = "#/components/schemas/Error"
    insufficient = {
        "type": "object",
        "required": ["error", "message", "max_age"],
        "properties": {
            "error": {"const": InsufficientUserAuthentication.code},
            "message": {"type": "string"},
            "max_age": {"const": seconds},
        },
    }
    unauthorized = {"$ref": error, "properties": {"error": {"const": "unauthorized"}}}
    refusal = {
        "description": f"`unauthorized`, or `{InsufficientUserAuthentication.code}` if the person must authenticate again.",
        "headers": {
            "WWW-Authenticate": {
                "schema": {"type": "string"},
                "description": "The header of RFC 9470. API Gateway changes the name to `x-amzn-Remapped-WWW-Authenticate`.",
            }
        },
        "content": {"application/json": {"schema": {"oneOf": [unauthorized, insufficient]}}},
    }
    responses = {**operation["responses"], "401": refusal}
    return {**operation, "x-max-age": seconds, "responses": responses}


def _read(folder: Path) -> list[tuple[str, Any]]:
    files = [file for file in sorted(folder.glob("*.json")) if file.name != _SHARED]
    found = [item for file in files for item in json.loads(file.read_text("utf-8")).items()]
    paths = [path for path, _ in found]
    if len(set(paths)) != len(paths):
        raise ValueError(f"{max(paths, key=paths.count)} is described twice")
    return found


def _head(path: str, item: dict[str, Any]) -> dict[str, Any]:
    """Return the HEAD operation of a path with GET. A HEAD response has the same headers as the GET response (RFC 9110
    9.3.2)."""
    if "get" not in item or path in SPENDING:
        return {}
    responses = {
        status: {"description": "The same as GET, but without content."}
        for status in item["get"]["responses"]
        if status != "303"  # a GET with a 303 works once, so HEAD must not send the 303
    }
    named = {**item["get"], "operationId": f"{item['get']['operationId']}Head"}
    return {"head": {**named, "responses": responses}}


def _preflight(path: str, item: dict[str, Any]) -> dict[str, Any]:
    authorized = [
        method.upper()
        for method, operation in item.items()
        if any("accessToken" in demand for demand in operation.get("security", ()))
    ]
    if cors.build_rule(path, [method.upper() for method in item], authorized) is None:
        return {}
    named = next(iter(item.values()))
    operation = {
        "operationId": f"{named['operationId']}Preflight",
        "tags": ["cors"],
        "summary": "Tells a browser whether a page of another origin may call this route.",
        "parameters": [p for p in named.get("parameters", ()) if p.get("in") == "path"],
        "responses": {
            "204": {"$ref": "#/components/responses/Preflight"},
            "403": {"$ref": "#/components/responses/Forbidden"},
            "429": {"$ref": "#/components/responses/Throttled"},
            "500": {"$ref": "#/components/responses/Failed"},
            "503": {"$ref": "#/components/responses/Unavailable"},
        },
    }
    return {"options": operation}
