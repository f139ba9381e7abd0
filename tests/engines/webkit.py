"""A driver for WebKitGTK's MiniBrowser on a virtual display, with WebKitWebDriver. The browser runs on Linux and has
Safari's engine.

The browser trusts the authorities of the system's bundle and has no option for other authorities. As root, this process
may use its own mount namespace, except in most containers. In the namespace, the browser and no other program reads a
bundle with our authority. Without a mount namespace, WebKitWebDriver receives the one certificate that localhost may
use. In both cases the browser accepts no other certificate.
"""

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.browser import webkit_paths
from tests.engines.webdriver import Command, WebDriverError
from tests.ports import free_ports

_START_SECONDS = 30.0
_ANSWER_SECONDS = 60.0
#: The paths of GnuTLS's trusted bundle in Debian and Fedora.
_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
_IN_PLACE = 'mount --bind "$0" "$1" && shift && exec "$@"'


class WebKit:
    """One MiniBrowser with one session, its driver, and its display."""

    name = "WebKit"

    def __init__(self, folder: Path, ca_file: Path | None, certificate_file: Path | None) -> None:
        """Start WebKitGTK with a new home in `folder`. The browser trusts `ca_file`. If trust in `ca_file` is
        impossible, the browser trusts `certificate_file` for localhost."""
        driver, browser, screen = webkit_paths()
        folder.mkdir(parents=True, exist_ok=True)
        self._started: list[subprocess.Popen[bytes]] = []
        (port,) = free_ports(1)
        self._root = f"http://127.0.0.1:{port}"
        self._session = ""
        options: dict[str, Any] = {"binary": browser, "args": ["--automation"]}
        trusting = _trusting(folder, ca_file) if ca_file else []
        self.trust = "the authority" if trusting else "one certificate"
        if certificate_file and not trusting:
            options["certificates"] = [
                {"host": "localhost", "certificateFile": str(_leaf(folder, certificate_file))}
            ]
        try:
            display = self._display(screen, folder)
            self._log = folder / "webkit.log"
            self._run(
                [*trusting, driver, "--host=127.0.0.1", f"--port={port}"],
                _environment(folder, display),
            )
            self._wait_until_ready()
            wanted = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
            started = self._send("POST", "/session", {"capabilities": wanted})
        except BaseException:
            self._end()
            raise
        self._session = f"/session/{started['sessionId']}"
        self.version = str(started["capabilities"]["browserVersion"])

    def call(self, command: Command, parameters: Mapping[str, Any]) -> Any:
        """Run one command. Raises WebDriverError."""
        path = self._session + command.path.format(id=parameters.get("id", ""))
        body = (
            None if command.method != "POST" else {n: v for n, v in parameters.items() if n != "id"}
        )
        return self._send(command.method, path, body)

    def stop(self) -> None:
        """End the browser."""
        with suppress(OSError, WebDriverError):
            self._send("DELETE", self._session, None)
        self._end()

    def _end(self) -> None:
        for process in reversed(self._started):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _display(self, program: str, folder: Path) -> str:
        """Start Xvfb on a display number that Xvfb chooses and reports."""
        reading, writing = os.pipe()
        with (folder / "display.log").open("wb") as log:
            self._started.append(
                subprocess.Popen(
                    [
                        *(program, "-displayfd", str(writing), "-nolisten", "tcp", "-noreset"),
                        *("-screen", "0", "1920x1600x24"),
                    ],
                    pass_fds=[writing],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            )
        os.close(writing)
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        if not number:
            raise RuntimeError(f"Xvfb did not start: {(folder / 'display.log').read_text()}")
        return f":{number}"

    def _run(self, command: list[str], environment: dict[str, str]) -> None:
        with self._log.open("wb") as log:
            self._started.append(
                subprocess.Popen(
                    command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )
            )

    def _wait_until_ready(self) -> None:
        ends = time.monotonic() + _START_SECONDS
        while time.monotonic() < ends and self._started[-1].poll() is None:
            with suppress(OSError):
                self._send("GET", "/status", None)
                return
            time.sleep(0.05)
        raise RuntimeError(f"WebKitWebDriver did not start:\n{self._log.read_text()[-2000:]}")

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        request = urllib.request.Request(
            self._root + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as refused:
            with refused:
                error = json.load(refused)["value"]
            raise WebDriverError(error["error"], error["message"]) from refused


def _environment(folder: Path, display: str) -> dict[str, str]:
    return {
        **os.environ,
        "DISPLAY": display,
        "GDK_BACKEND": "x11",
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "LANGUAGE": "en_GB",
        "NO_AT_BRIDGE": "1",
    }


def _trusting(folder: Path, ca_file: Path) -> list[str]:
    """Return a command prefix that replaces the system's bundle by a bundle with our authority. If this process may not
    replace the bundle, the prefix is empty."""
    bundle = next((path for path in _BUNDLES if Path(path).exists()), None)
    unshare = shutil.which("unshare")
    if bundle is None or unshare is None:
        return []
    ours = folder / "authorities.pem"
    ours.write_bytes(Path(bundle).read_bytes() + ca_file.read_bytes())
    words = [unshare, "--mount", "sh", "-c", _IN_PLACE, str(ours), bundle]
    tried = subprocess.run(
        [*words, "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return words if tried.returncode == 0 else []


def _leaf(folder: Path, certificate_file: Path) -> Path:
    """Return the certificate without its key."""
    file = folder / "certificate.pem"
    found = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    file.write_bytes(found.public_bytes(Encoding.PEM))
    return file
