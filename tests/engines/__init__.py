"""Firefox and WebKitGTK, driven by WebDriver; Chromium is Playwright's (tests/conftest.py)."""

from collections.abc import Callable
from pathlib import Path

from ops.local.authority import Certificate
from tests.engines.firefox import Firefox
from tests.engines.webdriver import Driver
from tests.engines.webkit import WebKit

#: Each starts with a new profile in a folder, and trusts the certificate's authority.
ENGINES: dict[str, Callable[[Path, Certificate], Driver]] = {
    "firefox": lambda folder, trusted: Firefox(folder, trusted.ca_file),
    "webkit": lambda folder, trusted: WebKit(folder, trusted.ca_file, trusted.file),
}
