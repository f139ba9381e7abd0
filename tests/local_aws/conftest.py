"""Fixtures for this folder: all tests share one MiniStack with our fixes, and one Okta stand-in."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ops.local.environment import ministack_python
from ops.local.processes import Processes
from ops.local.programs import ministack, okta
from ops.report import Reporter
from tests.local_aws.cloud import Cloud
from tests.local_aws.okta_browser import OktaBrowser
from tests.local_aws.pool import Pool
from tests.ports import free_ports

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Yield the local AWS with all fixes, and with IAM enforced."""
    state = tmp_path_factory.mktemp("local-aws")
    aws_port, okta_port = free_ports(2)
    python = ministack_python(PROJECT / ".local", Reporter())
    processes = Processes(state)
    try:
        program = ministack(python, state, aws_port, "us-east-1")
        more = {
            "EVENTS_FILE": str(state / "events"),
            "SCRIPT_FILE": str(state / "script"),
            "WITHOUT_MEND": os.environ.get("WITHOUT_MEND", ""),
        }
        processes.start(replace(program, environment={**program.environment, **more}))
        processes.start(okta(Path(sys.executable), state, okta_port))
        yield Cloud(f"http://127.0.0.1:{aws_port}", f"http://127.0.0.1:{okta_port}", state)
    finally:
        processes.stop()


@pytest.fixture(scope="session")
def shared_pool(cloud: Cloud) -> Pool:
    """Yield a user pool with every trigger, an app client and the Okta stand-in."""
    return Pool.create(cloud)


@pytest.fixture
def pool(cloud: Cloud, shared_pool: Pool) -> Pool:
    """Yield the shared pool without people. The triggers of this pool do not change events."""
    shared_pool.clear()
    return shared_pool


@pytest.fixture
def browser(pool: Pool) -> OktaBrowser:
    """Yield a browser for the sign-in at the Okta stand-in."""
    return OktaBrowser(pool)
