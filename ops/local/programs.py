"""This module builds the commands of the local stack's three programs.

Each program is started by its path, so that this package can be installed under any name. `-P` keeps the script's
folder out of `sys.path`. Otherwise, the modules in that folder could be imported by mistake, because they have common
names.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from .leavers import console_file
from .processes import Program

_HERE = Path(__file__).resolve().parent
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE")


def ministack(python: Path, state_dir: Path, port: int, region: str) -> Program:
    """Build the command of MiniStack with the patches. IAM is enforced, and only programs on this machine can reach
    MiniStack.

    The caller's `AWS_*` variables and `PYTHONPATH` are removed, because the Lambda workers inherit MiniStack's
    environment. Each worker unpacks its zip into the temporary folder and does not delete the files (about 50 MB per
    run). So this stack has its own temporary folder, which is deleted when the stack is stopped.
    """
    directory = state_dir / "ministack"
    scratch = directory / "tmp"
    shutil.rmtree(scratch, ignore_errors=True)  # files of an earlier run that was not stopped
    scratch.mkdir(parents=True)
    return Program(
        name="MiniStack",
        arguments=[str(python), "-P", str(_HERE / "launcher.py")],
        environment={
            **_environment(),
            "AUTH": "true",
            "GATEWAY_PORT": str(port),
            "BIND_HOST": "127.0.0.1",
            # Cognito tells identity providers to redirect to `MINISTACK_HOST`. So this host must be the same as in
            # cognito_url.
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": region,
            "MINISTACK_COGNITO_PRETOKEN_STRICT": "1",
            "IOT_MTLS_ENABLED": "0",
            "TMPDIR": str(scratch),
            "STATE_DIR": str(directory / "state"),
            "S3_DATA_DIR": str(directory / "s3"),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        directory=directory,
        port=port,
        port_option="--aws-port",
        health_url=f"http://127.0.0.1:{port}/_ministack/health",
        scratch=scratch,
    )


def okta(python: Path, state_dir: Path, port: int) -> Program:
    """Build the command of the local OIDC provider that takes Okta's place."""
    console = ["--console", str(console_file(state_dir))]
    return Program(
        name="Okta",
        arguments=[str(python), "-P", str(_HERE / "okta.py"), "--port", str(port), *console],
        environment=_environment(),
        directory=state_dir / "okta",
        port=port,
        port_option="--okta-port",
        health_url=f"http://127.0.0.1:{port}/.well-known/openid-configuration",
    )


def front_proxy(
    state_dir: Path,
    port: int,
    aws_port: int,
    api_id: str,
    stage: str,
    certificate: Path | None = None,
) -> Program:
    """Build the command of the reverse proxy at https://localhost:PORT/. Without a certificate, the proxy uses plain
    http.
    """
    api = ["--upstream-port", str(aws_port), "--api-id", api_id, "--stage", stage]
    if certificate:
        api += ["--certificate", str(certificate)]
    return Program(
        name="Proxy",
        arguments=[sys.executable, "-P", str(_HERE / "front_proxy.py"), "--port", str(port), *api],
        environment=_environment(),
        directory=state_dir / "proxy",
        port=port,
        port_option="--port",
        health_url="",
    )


def _environment() -> Mapping[str, str]:
    return {name: os.environ[name] for name in _KEPT if name in os.environ}
