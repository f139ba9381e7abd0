"""Drivers that control Firefox and WebKitGTK over WebDriver. Chromium uses Playwright (tests/conftest.py)."""

from collections.abc import Callable
from pathlib import Path

from ops.local.authority import Certificate
from tests.engines.firefox import Firefox
from tests.engines.webdriver import Driver
from tests.engines.webkit import WebKit

#: A function for each engine that starts the engine with a new profile in a folder. The engine trusts the authority of
#: the certificate.
ENGINES: dict[str, Callable[[Path, Certificate], Driver]] = {
    "firefox": lambda folder, trusted: Firefox(folder, trusted.ca_file),
    "webkit": lambda folder, trusted: WebKit(folder, trusted.ca_file, trusted.file),
}
