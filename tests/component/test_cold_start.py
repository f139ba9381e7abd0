"""Tests of what a new container imports for an authorized route that uses no table."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.component.world import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import gc, json, sys
before = gc.get_stats()[0]["collections"]
event, context = json.loads(sys.argv[1]), type("Context", (), {"aws_request_id": "r"})()
from app import app
answers = [app(event, context) for _ in range(2)]
heavy = ("boto3", "botocore", "requests", "jwt", "cryptography", "urllib3")
heavy += tuple(
    "chalicelib.gatehouse." + name
    for name in (
        "flows.fresh_check", "cognito.told_groups", "cognito.group_texts", "guard.path_parameters", "routes.call",
        "services", "sign_in_errors", "workers",
    )
)
looked = gc.get_stats()[0]["collections"] - before
print(json.dumps({"status": answers[1]["statusCode"], "loaded": [m for m in heavy if m in sys.modules], "looked": looked}))
"""


def test_a_route_without_a_table_loads_no_heavy_library() -> None:
    """The test imports `app` and sends GET /whoami. Python has then loaded neither boto3, botocore, requests, jwt nor
    cryptography. Python has also loaded no module that only other routes need, and has not collected garbage."""
    from app import app
    from tests.component.test_authorized_routes import CLAIMS
    from tests.doubles.browser import build_event

    event = build_event(
        app.routes, "GET", "/whoami", domain="x.example", stage="api", claims=CLAIMS
    )
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(event)],
        cwd=ROOT,
        env={**ENVIRONMENT, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    # Before `cold_start` is imported, a few garbage collections happen. Without `cold_start`, there would be dozens.
    assert found.pop("looked") <= 5, "garbage is looked for"
    assert found == {"status": 200, "loaded": []}
