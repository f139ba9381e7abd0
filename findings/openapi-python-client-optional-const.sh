#!/usr/bin/env bash
# openapi-python-client 0.29.1: an optional property with `const` becomes a module that Python cannot compile.
#
# Expected: a client generated from a valid OpenAPI 3.1 document can be imported.
# Actual: the check of the constant lacks a space ("!= Trueand not isinstance"), so the model's module is a syntax
#   error. The command prints no error about the module, and ends with exit code 0. A required `const` is generated correctly.
# Source: the package's template property_templates/const_property.py.jinja; seen in a test that generates a client of
#   Gatehouse's own document.
# Who is affected: teams that publish an optional `const`, such as a flag that is `true` or absent. The error appears
#   when the client is imported. A plain `boolean` works.
# Exit code: 0 while this behaviour exists, 1 when it has changed. Needs python3 (3.11 to 3.14) and a package index.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check openapi-python-client==0.29.1 2>/dev/null

cat > openapi.json <<'JSON'
{
  "openapi": "3.1.0",
  "info": {"title": "Flags", "version": "1"},
  "paths": {
    "/flags": {
      "get": {
        "operationId": "flags",
        "responses": {
          "200": {
            "description": "The flags",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Flags"}}}
          }
        }
      }
    }
  },
  "components": {"schemas": {"Flags": {"type": "object", "properties": {"beta": {"const": true}}}}}
}
JSON
venv/bin/python - <<'PY'
import json
from pathlib import Path

document = json.loads(Path("openapi.json").read_text())
document["components"]["schemas"]["Flags"]["required"] = ["beta"]
Path("required.json").write_text(json.dumps(document))
PY

compiles() {
  venv/bin/openapi-python-client generate --path "$1.json" --output-path "$1" --meta none > /dev/null 2>&1 || { echo "not generated"; return; }
  if venv/bin/python -m compileall -q "$1" > /dev/null; then echo yes; else echo no; fi
}
optional=$(compiles openapi)
required=$(compiles required)
echo "openapi-python-client $(venv/bin/python -c 'from importlib.metadata import version; print(version("openapi-python-client"))')"
echo "exit code 0 for both documents"
echo "optional const: compiles: $optional"
echo "required const: compiles: $required"
[ "$optional" = no ] && [ "$required" = yes ]
