"""Tests that run the functions of the zip with AWS's own runtime client and the local AWS. Beside the runtime client,
only boto3 is installed.

`make test` uses the Python that runs the tests. `make soak` uses every installed Python that Lambda has.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app import app
from ops.package import package
from ops.runtimes import RUNTIMES
from tests.doubles.browser import build_event
from tests.events import load_event
from tests.lambda_runtime.environment import pythons, runtime_python
from tests.lambda_runtime.runtime_api import Container
from tests.ops_e2e.place import PROJECT, REGION, Place

RUNNING = "{}.{}".format(*sys.version_info[:2])
VERSIONS = list(pythons()) if os.environ.get("GATEHOUSE_SOAK") else [RUNNING]
#: The import name of each locked distribution.
MODULES = (
    *("certifi", "cffi", "cryptography", "idna", "jwt", "pycparser", "segno", "urllib3"),
    *("chalice.app", "cryptography.hazmat.bindings._rust"),
)
WHERE = """
import importlib, json, sys
print(json.dumps({name: importlib.import_module(name).__file__ for name in sys.argv[1:]}))
"""


@dataclass(frozen=True)
class Function:
    """An unpacked zip and the interpreter that runs it."""

    python: Path
    root: Path

    def start(self, handler: str, place: Place) -> Container:
        """Start a container of one of the functions, with the stage's settings."""
        return Container(
            self.python,
            self.root,
            handler,
            {
                **{name: value for name, value in place.stage.environment.items() if value},
                "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION,
                "AWS_ENDPOINT_URL": place.aws_url,
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
            },
        )


Start = Callable[[str], Container]


@pytest.fixture(scope="module", params=VERSIONS)
def function(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Function:
    """Return the zip for one Python, unpacked as Lambda unpacks it."""
    folder = tmp_path_factory.mktemp("task")
    made = package(PROJECT, folder / "out", request.param)
    with zipfile.ZipFile(made) as packed:
        packed.extractall(folder / "task")
    return Function(runtime_python(request.param), folder / "task")


@pytest.fixture
def start(function: Function, place: Place) -> Iterator[Start]:
    """Yield a function that starts containers. At the end of the test, the containers are stopped. If Lambda could not
    load a container, the function raises an error."""
    containers: list[Container] = []

    def start(handler: str) -> Container:
        containers.append(function.start(handler, place))
        return containers[-1]

    yield start
    logged = [container.stop() for container in containers]
    assert not [text for text in logged if "Runtime." in text or "LAMBDA_RUNTIME" in text]


def of_route(method: str, target: str, **named: Any) -> dict[str, Any]:
    """Return the event of API Gateway for a request."""
    return build_event(app.routes, method, target, domain="x.example", stage="api", **named)


def claims_of(place: Place, username: str, sub: str) -> dict[str, str]:
    """Return the claims that API Gateway's authorizer passes on for an access token."""
    return {
        "sub": sub,
        "username": username,
        "client_id": place.variable("CLIENT_ID"),
        "token_use": "access",
        "scope": "openid email profile api/read api/write",
        "iss": f"https://cognito-idp.{REGION}.amazonaws.com/{place.variable('USER_POOL_ID')}",
        "cognito:groups": "[staff]",
    }


def trigger(place: Place, name: str) -> dict[str, Any]:
    """Return a trigger's event for the pool and the client of this stage."""
    event = load_event(name)
    event["userPoolId"], event["region"] = place.variable("USER_POOL_ID"), REGION
    event["callerContext"]["clientId"] = place.variable("CLIENT_ID")
    return event


@pytest.mark.security("S-76")
def test_every_dependency_comes_from_the_zip(function: Function) -> None:
    """The interpreter's environment lacks the dependencies, so no package on this machine can replace a missing
    dependency."""
    command = [function.python, "-c", WHERE, *MODULES]
    done = subprocess.run(
        command, cwd=function.root, env={"PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    for name, path in found.items():
        assert path.startswith(str(function.root)), name
    alone = [function.python, "-I", "-c", "import cryptography"]
    assert subprocess.run(alone, capture_output=True, check=False).returncode == 1


def test_routes_answer_cold_and_warm(start: Start, place: Place) -> None:
    """The test requests the page, the health route and assets, and provokes errors, whose responses must have our
    format. After an event that does not come from API Gateway, the function still works."""
    api = start("app.app")
    for _ in range(2):
        health = api.invoke(of_route("GET", "/health")).document
        assert (health["statusCode"], json.loads(health["body"])["status"]) == (200, "ok")
        page = api.invoke(of_route("GET", "/")).document
        assert page["statusCode"] == 200
        assert "text/html" in page["multiValueHeaders"].get("Content-Type", [""])[0] or (
            "text/html" in page["headers"]["Content-Type"]
        )
    asset = re.search(r'(?:src|href)="[^"]*?(assets/[^"]+)"', page["body"])
    assert asset
    assert api.invoke(of_route("GET", f"/{asset.group(1)}")).document["statusCode"] == 200
    refused = api.invoke(of_route("POST", "/auth/refresh")).document
    assert (refused["statusCode"], "error" in json.loads(refused["body"])) == (403, True)
    assert api.invoke({"not": "a proxy event"}).document["statusCode"] == 400
    login = api.invoke(of_route("GET", "/auth/login")).document
    assert login["statusCode"] in (302, 303)


def test_triggers_write_and_the_record_is_read(start: Start, place: Place) -> None:
    """The test uses the local AWS's table. First the trigger handles a confirmation; then the person's own route reads
    the record, cold and warm."""
    records, api = start("app.user_records"), start("app.app")
    event = trigger(place, "PostConfirmation_ConfirmSignUp")
    for _ in range(2):
        assert records.invoke(event).document == event
    claims = claims_of(place, event["userName"], event["request"]["userAttributes"]["sub"])
    for _ in range(2):
        me = api.invoke(of_route("GET", "/me", claims=claims)).document
        assert me["statusCode"] == 200
        assert json.loads(me["body"])["Email"] == "grace@example.org"
    stranger = api.invoke(of_route("GET", "/me", claims={**claims, "token_use": "id"})).document
    assert stranger["statusCode"] == 401
    assert api.invoke(of_route("GET", "/whoami", claims=claims)).document["statusCode"] == 200


def test_token_claims_sets_the_scopes(start: Start, place: Place) -> None:
    """Hosted and direct sign-ins get the same scopes. The function refuses another pool's event, cold and warm."""
    tokens = start("app.token_claims")
    foreign = {**trigger(place, "TokenGeneration_Authentication"), "userPoolId": "us-east-1_Other"}
    for _ in range(2):
        assert tokens.invoke(foreign).kind == "error"
        answer = tokens.invoke(trigger(place, "TokenGeneration_Authentication")).document
        override = answer["response"]["claimsAndScopeOverrideDetails"]["accessTokenGeneration"]
        assert {"api/read", "api/write"} <= set(override["scopesToAdd"])


def test_each_function_of_the_app_starts(start: Start) -> None:
    """The test also covers functions that are added later. A function may refuse an empty event, but must start."""
    handlers = [each.handler_string for each in app.pure_lambda_functions]
    assert {"app.user_records", "app.token_claims"} <= set(handlers)
    for handler in handlers:
        assert start(handler).invoke({}).kind in ("response", "error"), handler


def test_this_python_is_among_the_runtimes() -> None:
    """`make test` therefore covers one of Lambda's runtimes, whichever Python runs the tests."""
    assert RUNNING in RUNTIMES
    assert VERSIONS
