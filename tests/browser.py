"""Finds the Chromium that the browser tests drive, or installs one: `python -m tests.browser`.

A missing browser is installed or is an error, never a skipped test. $CHROMIUM names one explicitly.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

#: Without these Chromium tries to reach its maker's hosts at every start.
QUIET_ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
)


def chromium_path() -> str:
    """Return the path of a Chromium; raises RuntimeError that says how to get one."""
    named = os.environ.get("CHROMIUM")
    if named:
        if not os.access(named, os.X_OK):
            raise RuntimeError(f"CHROMIUM={named} is not an executable file")
        return named
    for name in _NAMES:
        found = shutil.which(name)
        if found:
            return found
    own = _playwright_chromium()
    if own:
        return own
    raise RuntimeError(
        "No Chromium found: run `make test`, which installs one, or install the package "
        "`chromium` yourself, or set CHROMIUM to an executable"
    )


def launch_arguments() -> list[str]:
    """Return Chromium's arguments: quiet, and without its sandbox where we are root (as CI containers are)."""
    return [*QUIET_ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]


def install() -> str:
    """Return the path of a Chromium, installing one if there is none."""
    try:
        return chromium_path()
    except RuntimeError:
        if os.environ.get("CHROMIUM"):
            raise
    for attempt in (_install_by_apt, _install_by_playwright):
        print(f"No Chromium here; {attempt.__doc__}", flush=True)
        if attempt():
            return chromium_path()
    return chromium_path()


def _playwright_chromium() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _install_by_apt() -> bool:
    """installing Debian's with apt-get ..."""
    apt = shutil.which("apt-get")
    if apt is None:
        return False
    command = [apt] if os.geteuid() == 0 else ["sudo", "-n", apt]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return all(
        _run([*command, *arguments], environment)
        for arguments in (
            ["update", "-qq"],
            ["install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-liberation"],
        )
    )


def _install_by_playwright() -> bool:
    """asking Playwright for its own ..."""
    return _run([sys.executable, "-m", "playwright", "install", "chromium"], dict(os.environ))


def _run(command: list[str], environment: dict[str, str]) -> bool:
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


if __name__ == "__main__":
    try:
        print(f"Browser tests use {install()}")
    except RuntimeError as error:
        sys.exit(str(error))
