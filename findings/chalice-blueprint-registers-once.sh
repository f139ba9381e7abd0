#!/usr/bin/env bash
# chalice 1.34.0: only the first app that registers a Blueprint gets its routes with their arguments.
#
# Expected: a Blueprint describes routes; every app that registers it gets the same routes.
# Actual: the first registration removes the arguments from the Blueprint. The second app gets the same
#   paths with Chalice's defaults: GET instead of POST, and no CORS. Chalice prints no message.
# Source: chalice/app.py, Blueprint.register and Chalice._register_route, which pops each argument from a dictionary
#   that the Blueprint keeps.
# Who is affected: projects that make two apps in one process, as tests and libraries do. The second app then answers
#   other requests than the first app.
# Exit code: 0 while this behaviour exists, 1 when it has changed. Needs python3 (3.11 to 3.14) and a package index.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check chalice==1.34.0 2>/dev/null

cat > two_apps.py <<'PY'
from importlib.metadata import version

from chalice import Blueprint, Chalice

orders = Blueprint(__name__)


@orders.route("/orders", methods=["POST"], cors=True)
def add_order():
    return {}


def seen(name):
    app = Chalice(app_name=name)
    app.register_blueprint(orders)
    ((method, entry),) = [(m, e) for m, e in app.routes["/orders"].items()]
    return method, bool(entry.cors)


first, second = seen("first"), seen("second")
print(f"chalice {version('chalice')}")
print(f"first app:  method {first[0]}, cors {first[1]}")
print(f"second app: method {second[0]}, cors {second[1]}")
assert first == ("POST", True)
assert second == ("GET", False), "Chalice has changed"
PY
venv/bin/python two_apps.py
