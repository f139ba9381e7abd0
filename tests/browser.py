"""Finds the browsers for the tests, or installs them: `python -m tests.browser [chromium …]`.

Nearly all tests use Chromium. Firefox and WebKitGTK show where browser engines behave differently. certutil makes
Chromium and Firefox trust the local stack's certificate. The module installs every program that is missing. A failed
installation is an error, because no test is ever skipped. $CHROMIUM and $FIREFOX can name an executable.
"""

import asyncio
import glob
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

_CLOSE_SECONDS = 30.0
_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FIREFOXES = ("firefox-esr", "firefox")
#: The paths of WebKitGTK's own small browser on Debian and on Fedora. The browser is not in PATH.
_MINI_BROWSERS = ("/usr/lib/*/webkit*gtk-*/MiniBrowser", "/usr/libexec/webkit*gtk-*/MiniBrowser")

#: Without these options Chromium connects to Google's hosts at every start.
QUIET_ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
)


def chromium_path() -> str:
    """Return the path of a Chromium. If there is none, raise RuntimeError with installation instructions."""
    found = _named("CHROMIUM", _CHROMIUMS) or _playwright_chromium()
    return found or _missing("Chromium", "chromium", "set CHROMIUM to an executable")


def firefox_path() -> str:
    """Return the path of a Firefox. If there is none, raise RuntimeError with installation instructions."""
    found = _named("FIREFOX", _FIREFOXES)
    return found or _missing("Firefox", "firefox-esr", "set FIREFOX to an executable")


def webkit_paths() -> tuple[str, str, str]:
    """Return the paths of WebKitWebDriver, MiniBrowser and Xvfb. If one is missing, raise RuntimeError with
    installation instructions."""
    driver, screen = shutil.which("WebKitWebDriver"), shutil.which("Xvfb")
    browser = next((path for names in _MINI_BROWSERS for path in sorted(glob.glob(names))), None)
    if driver is None or browser is None or screen is None:
        return _missing("WebKitGTK with its driver and a display", "webkit2gtk-driver xvfb")
    return driver, browser, screen


def certutil_path() -> str:
    """Return the path of NSS's certutil. If certutil is missing, raise RuntimeError with installation instructions."""
    return shutil.which("certutil") or _missing("certutil", "libnss3-tools")


def launch_arguments() -> list[str]:
    """Return arguments that stop Chromium's background connections. For root (as in CI), the arguments also switch off
    Chromium's sandbox."""
    return [*QUIET_ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]


def close(context: "BrowserContext") -> None:
    """Close a browser profile, but wait no longer than `_CLOSE_SECONDS`. After that time, the profile stays open until
    the browser ends. The limit is needed because Chromium 156 once never answered Playwright 1.65, and the test suite
    waited for ever.

    Playwright's own `close` has no time limit. For this reason, the function uses two private attributes of Playwright.
    """
    closing = asyncio.wait_for(context._impl_obj.close(reason=None), _CLOSE_SECONDS)
    with suppress(TimeoutError):
        context._sync(closing)


class Needed(NamedTuple):
    """A program that the tests use. `find` is the function that finds the program, and `packages` are its Debian
    packages."""

    find: Callable[[], object]
    packages: tuple[str, ...]


NEEDED = {
    "chromium": Needed(chromium_path, ("chromium", "fonts-liberation")),
    "certutil": Needed(certutil_path, ("libnss3-tools",)),
    "firefox": Needed(firefox_path, ("firefox-esr",)),
    "webkit": Needed(webkit_paths, ("webkit2gtk-driver", "xvfb")),
}


def install(*names: str) -> None:
    """Install those programs of `names` that are missing. If an installation fails, raise RuntimeError with
    instructions."""
    lacking = [name for name in names if not _is_there(name)]
    if lacking:
        packages = [package for name in lacking for package in NEEDED[name].packages]
        print(f"Missing: {', '.join(lacking)}; installing with apt-get ...", flush=True)
        _install_by_apt(packages)
    if "chromium" in lacking and not _is_there("chromium"):
        print("No Chromium found; installing Playwright's own ...", flush=True)
        _run([sys.executable, "-m", "playwright", "install", "chromium"], dict(os.environ))
    for name in names:
        print(f"Browser tests use {_told(NEEDED[name].find())}", flush=True)


def _is_there(name: str) -> bool:
    if os.environ.get(name.upper()):
        # If the caller's path is wrong, do not install another program in its place.
        return bool(NEEDED[name].find())
    try:
        NEEDED[name].find()
    except RuntimeError:
        return False
    return True


def _told(found: object) -> str:
    return " with ".join(found) if isinstance(found, tuple) else str(found)


def _named(variable: str, names: tuple[str, ...]) -> str | None:
    named = os.environ.get(variable)
    if named:
        if not os.access(named, os.X_OK):
            raise RuntimeError(f"{variable}={named} is not an executable file")
        return named
    return next((found for name in names if (found := shutil.which(name))), None)


def _missing(what: str, packages: str, otherwise: str = "") -> NoReturn:
    raise RuntimeError(
        f"No {what} found: run `make test`, which installs it, or install `{packages}` yourself"
        + (f", or {otherwise}" if otherwise else "")
    )


def _playwright_chromium() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _install_by_apt(packages: list[str]) -> None:
    apt = shutil.which("apt-get")
    if apt is None:
        return
    command = [apt] if os.geteuid() == 0 else ["sudo", "-n", apt]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if _run([*command, "update", "-qq"], environment):
        # Install the packages one at a time. If one package is not available, the other packages are still installed.
        for package in packages:
            arguments = ["install", "-y", "-qq", "--no-install-recommends", package]
            _run([*command, *arguments], environment)


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
        install(*(sys.argv[1:] or NEEDED))
    except RuntimeError as error:
        sys.exit(str(error))
