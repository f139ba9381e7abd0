"""Fixtures for the end-to-end tests: one local stack with the real template, the real `chalice deploy`, and enforced IAM
policies."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ops.local.authority import FOLDER_VARIABLE, Certificate
from tests.browser import close
from tests.e2e.sightings import note_sent
from tests.e2e.stack import Stack, Visitor
from tests.engines import ENGINES
from tests.engines.webdriver import Driver
from tests.engines.webdriver import Page as Tab
from tests.ports import free_ports
from tests.watched import Watched, watched

# The time limit is long, because the machine also runs other work. Tests that measure time set a limit of their own.
expect.set_options(timeout=30_000)

PROJECT = Path(__file__).resolve().parents[2]


def _ops(*arguments: str, state: Path, authority: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "ops", *arguments, "--state-dir", str(state)],
        cwd=PROJECT,
        env={**os.environ, FOLDER_VARIABLE: str(authority)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[Stack]:
    """Run `ops up --detach` on free ports, as a developer would. The stack allows one other origin, and allows native
    programs on one port."""
    state = tmp_path_factory.mktemp("stack")
    app, aws, okta, other, program = free_ports(5)
    ports = ("--port", str(app), "--aws-port", str(aws), "--okta-port", str(okta))
    origin = f"https://localhost:{other}"
    choices = ("--allow-origin", origin, "--loopback-port", str(program))
    places = {"state": state, "authority": certificate.ca_file.parent}
    try:
        _ops("up", "--detach", *ports, *choices, **places)
        info = json.loads(_ops("info", "--json", **places))
        yield Stack({**info, "allowed_origin": origin, "state_dir": str(state)})
    finally:
        _ops("down", **places)


MOUNTED = """
from chalice.app import Chalice

from chalicelib import whoami
from chalicelib.gatehouse import Gatehouse

app = Chalice(app_name="gatehouse")


@app.route("/health")
def health():
    return {"of": "the team"}


gate = Gatehouse(app, prefix="/account", public={("GET", "/"), ("GET", "/health")})
app.register_blueprint(whoami.routes)


@app.route("/")
def page():
    return {"page of": "the team"}


@app.route("/refunds", methods=["POST"], authorizer=gate.authorized("api/write", max_age=300))
def refund():
    return {"refunded_by": gate.caller().sub}
"""


@pytest.fixture(scope="session")
def mounted(
    tmp_path_factory: pytest.TempPathFactory, certificate: Certificate
) -> Iterator[Watched]:
    """A second checkout with its own stack. An edit in the second checkout reaches the stack without a command. In the
    second checkout, a team's app serves Gatehouse below a path prefix."""
    with watched(tmp_path_factory.mktemp("mounted"), certificate.ca_file.parent, MOUNTED) as found:
        yield found


@pytest.fixture(scope="session")
def notes(stack: Stack) -> Iterator[str]:
    """Serve the example front end at the stack's allowed other origin. Yield the front end's URL."""
    origin = str(stack.info["allowed_origin"])
    port = urlsplit(origin).port
    server = subprocess.Popen(
        [
            *(
                sys.executable,
                str(PROJECT / "examples" / "notes" / "serve.py"),
                "--port",
                str(port),
            ),
            *("--info", str(Path(stack.info["state_dir"]) / "info.json")),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout
        assert server.stdout.readline() == f"Open {origin}/\n"
        yield f"{origin}/"
    finally:
        server.terminate()
        server.communicate()


@pytest.fixture
def visitor(stack: Stack) -> Visitor:
    """A visitor without a browser and without a cookie."""
    return Visitor(stack)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A new browser profile. A script error or a CSP violation fails the test."""
    faults: list[str] = []
    context = browser.new_context(locale="en-GB")
    context.set_default_timeout(30_000)
    context.on("request", lambda request: note_sent(request.post_data))
    context.on("weberror", lambda error: faults.append(str(error.error)))
    context.on(
        "console",
        lambda message: (
            faults.append(message.text)
            if message.type == "error" and "Failed to load resource" not in message.text
            else None
        ),
    )
    yield context
    close(context)
    assert faults == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture(scope="session", params=ENGINES)
def engine(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    certificate: Certificate,
) -> Iterator[Driver]:
    """A browser with an engine other than Chromium. The browser trusts the stack's certificate authority."""
    folder = tmp_path_factory.mktemp(request.param)
    driver = ENGINES[request.param](folder, certificate)
    print(f"{driver.name} {driver.version}")
    yield driver
    driver.stop()


@pytest.fixture
def tab(engine: Driver, stack: Stack) -> Iterator[Tab]:
    """A tab of the browser `engine`, at the app's page and without a session."""
    tab = Tab(engine)
    tab.open(stack.url)
    tab.forget()
    tab.open(stack.url)
    yield tab
    tab.close_other_tabs()
