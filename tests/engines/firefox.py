"""A driver for Firefox without a window. The driver uses Marionette, Firefox's own protocol. geckodriver translates
WebDriver into Marionette.

https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html

Firefox includes Marionette, but Debian has no geckodriver. The driver therefore needs no program except Firefox. The
profile is new. The profile's certificate database trusts the stack's authority, as a person's database does after `ops
trust`.
"""

import json
import os
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.browser import firefox_path
from tests.engines.webdriver import Command, WebDriverError
from tests.trust import firefox_profile

_START_SECONDS = 60.0
_ANSWER_SECONDS = 60.0
#: Settings that let Firefox use any free port, and that prevent calls to the hosts of Firefox's maker.
_PREFERENCES = {
    "marionette.port": 0,
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "nimbus.rollouts.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "intl.accept_languages": "en-GB",
}


class Firefox:
    """One Firefox with one session."""

    name = "Firefox"

    def __init__(
        self,
        folder: Path,
        ca_file: Path | None,
        preferences: Mapping[str, str | int | bool] | None = None,
    ) -> None:
        """Start Firefox with a new profile in `folder`. Firefox trusts `ca_file` in addition to the usual authorities."""
        profile = firefox_profile(folder, ca_file)
        wanted = {**_PREFERENCES, **(preferences or {})}
        (profile / "user.js").write_text(
            "".join(f"user_pref({json.dumps(n)}, {json.dumps(v)});\n" for n, v in wanted.items())
        )
        self._log = (folder / "firefox.log").open("wb")
        self._process = subprocess.Popen(
            [firefox_path(), "--headless", "--marionette", "--no-remote", "--profile", profile],
            env={**os.environ, "HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._number = 0
        try:
            self._socket = self._connect(profile / "MarionetteActivePort")
            self._reader = self._socket.makefile("rb")
            self._read()  # Firefox sends a greeting first
            started = self._call("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {}}})
        except BaseException:
            self._end()
            raise
        self.version = str(started["capabilities"]["browserVersion"])

    def call(self, command: Command, parameters: Mapping[str, Any]) -> Any:
        """Run one command. Raises WebDriverError."""
        answer = self._call(command.marionette, parameters)
        # Over HTTP, the result is in `value`. Marionette returns either the result alone, or an object that has `value`
        # as its only member.
        return answer["value"] if isinstance(answer, dict) and set(answer) == {"value"} else answer

    def stop(self) -> None:
        """End the browser."""
        with suppress(OSError, WebDriverError):
            self._call("Marionette:Quit", {"flags": ["eForceQuit"]})
        self._end()

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        with suppress(AttributeError):
            self._reader.close()
            self._socket.close()

    def _connect(self, port_file: Path) -> socket.socket:
        """Connect to the port that Firefox has chosen and written to a file."""
        ends = time.monotonic() + _START_SECONDS
        while time.monotonic() < ends and self._process.poll() is None:
            with suppress(OSError, ValueError):
                port = int(port_file.read_text())
                return socket.create_connection(("127.0.0.1", port), timeout=_ANSWER_SECONDS)
            time.sleep(0.05)
        tail = Path(self._log.name).read_text(errors="replace")[-2000:]
        raise RuntimeError(f"Firefox did not start (code {self._process.poll()}):\n{tail}")

    def _call(self, name: str, parameters: Mapping[str, Any]) -> Any:
        self._number += 1
        body = json.dumps([0, self._number, name, parameters]).encode()
        self._socket.sendall(b"%d:%b" % (len(body), body))
        _, number, error, answer = self._read()
        assert number == self._number
        if error:
            raise WebDriverError(error["error"], error["message"])
        return answer

    def _read(self) -> Any:
        length = b""
        while (character := self._reader.read(1)) != b":":
            if not character:
                raise ConnectionError("Firefox hung up")
            length += character
        return json.loads(self._reader.read(int(length)))
