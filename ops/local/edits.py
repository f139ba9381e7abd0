"""This module deploys edits of the project into the running stack. The stack keeps its people, sessions and records.

If only code has changed, the functions get a new zip through Lambda's UpdateFunctionCode. After any other change
(routes, functions, settings, dependencies, rights, the template), this module runs the same steps as `deploy`. The
module checks each change before it deploys the change. If the project cannot be deployed, the stack keeps running
unchanged.
"""

from __future__ import annotations

import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from .. import aws
from ..connect import load_deployed
from ..deploy import deploy
from ..errors import OpsError
from ..report import Reporter
from ..runtimes import runtime_of
from ..stages import LOCAL, Stage, load_stage
from .app_shape import load_shape
from .candidate import require_deployable
from .chalice_cli import PROGRAM as CHALICE
from .code_package import CodePackage
from .running import refresh
from .staged_copy import copy_code

_API = "api_handler"
_CODE = "in the stack"
_WARM_SECONDS = 30.0


class Edits:
    """Compares the project with the deployed code, and deploys the difference. Use this class inside
    `running_stage`.
    """

    def __init__(
        self, project_dir: Path, stage: Stage, info: dict[str, Any], report: Reporter
    ) -> None:
        """`stage` is the running stage; `info` is the content of `info --json`."""
        self._project_dir = project_dir
        self._stage = stage
        self._url = str(info["page_url"])
        self._report = report
        self._zip = b""
        self._waiting: list[Path] = []
        # Creating a client takes time. So this class creates the client once, and not at each edit.
        self._lambda: Any = aws.client(aws.session(stage), "lambda")
        # `ca_file` is None for plain HTTP.
        self._trust = ssl.create_default_context(cafile=info["ca_file"])
        self._look()

    def take(self, changed: Sequence[Path]) -> None:
        """Deploy the changed files, and print the duration. If the deployment fails, print the error; the stack stays
        unchanged.
        """
        began = time.monotonic()
        # Changes that could not be deployed earlier are still in the project. So they are deployed together with the
        # new changes.
        changed = sorted({*changed, *self._waiting})
        self._waiting = changed
        named = ", ".join(self._name(path) for path in changed[:3])
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        try:
            way = self._bring(changed)
            self._waiting = []
            self._report.note(f"{named}{more}: {way} ({time.monotonic() - began:.1f} s)")
            for name in sorted(self._functions.keys() - {_API}) if way == _CODE else ():
                self._put(name)
        except OpsError as error:
            self._report.note(f"{named}{more}: not deployed, and the stack is unchanged.\n{error}")
        except (ClientError, BotoCoreError) as error:
            self._report.note(f"{named}{more}: the local AWS refuses the deployment: {error}")

    def deploy(self) -> None:
        """Deploy the current state of the project. If this method raises OpsError, the stack is unchanged."""
        require_deployable(self._project_dir, self._stage.project_dir, self._candidate)
        self._deploy()

    @property
    def _candidate(self) -> Path:
        return self._stage.project_dir.with_name("candidate")

    def _bring(self, changed: Sequence[Path]) -> str:
        # `whole` is true if the edit changes settings, dependencies, rights or the template.
        whole = any(path.suffix != ".py" and not self._is_data(path) for path in changed)
        if whole or any(path.suffix == ".py" for path in changed):
            shape = require_deployable(self._project_dir, self._stage.project_dir, self._candidate)
            whole = whole or shape != self._shape
        if whole:
            self._deploy()
            return "deployed again; people, sessions and records stay"
        copy_code(self._project_dir, self._stage.project_dir)
        self._zip = self._package.with_code(self._stage.project_dir)
        # The API's function is updated first, because the developer will reload the page next.
        self._put(_API)
        self._warm()
        return _CODE

    def _is_data(self, path: Path) -> bool:
        """Tell whether a file contains the app's data, such as a page or texts."""
        return any(
            path.is_relative_to(self._project_dir / each) for each in ("chalicelib", "vendor")
        )

    def _put(self, name: str) -> None:
        """Upload the newest zip to a function."""
        self._lambda.update_function_code(FunctionName=self._functions[name], ZipFile=self._zip)

    def _warm(self) -> None:
        """Start the API's new container, so that the next reload of the page does not wait for the start."""
        try:
            # `_url` is the app's own address on this machine, so it is safe to open.
            urllib.request.urlopen(self._url, timeout=_WARM_SECONDS, context=self._trust).close()  # noqa: S310 # nosec B310
        except urllib.error.HTTPError as answer:
            self._report.note(
                f"{self._url} answers {answer.code}; see /aws/lambda/{self._stage.api_function}"
            )
        except OSError as failure:
            self._report.note(f"{self._url} does not answer: {failure}")

    def _deploy(self) -> None:
        self._shape = ""  # The shape is unknown until the deployment has ended.
        self._stage = refresh(self._project_dir, self._stage)
        deploy(self._stage.project_dir, LOCAL, self._report, CHALICE)
        self._stage = load_stage(self._stage.project_dir, LOCAL)
        self._look()

    def _look(self) -> None:
        """Store the state of the deployed files, so that later edits can be compared with this state."""
        copy = self._stage.project_dir
        self._package = CodePackage(copy, runtime_of(self._stage.options))
        self._functions = load_deployed(self._stage).functions
        self._shape = load_shape(copy, self._stage.environment)

    def _name(self, path: Path) -> str:
        for folder in (self._project_dir / "vendor", self._project_dir):
            if path.is_relative_to(folder):
                return path.relative_to(folder).as_posix()
        return path.name
