"""Uses `ops trust` to make the tests' browsers trust a local authority. Each browser has a separate home folder."""

import os
import subprocess
from pathlib import Path
from typing import Any

from ops.local.trust import trust
from tests.browser import certutil_path


def chromium_environment(home: Path, ca_file: Path | str) -> dict[str, Any]:
    """Return the environment of a Chromium that trusts the authority."""
    # if certutil is missing, this call raises an error with instructions for the installation
    certutil_path()
    trust(Path(ca_file), home)
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    kept = {name: value for name, value in os.environ.items() if name != "XDG_DATA_HOME"}
    return {**kept, "HOME": str(home), "XDG_CACHE_HOME": cache}


def firefox_profile(home: Path, ca_file: Path | None) -> Path:
    """Make a Firefox profile like that of a first start, and make the profile trust the authority. Return the profile's
    folder."""
    profile = home / ".mozilla" / "firefox" / "tests.default"
    profile.mkdir(parents=True)
    if ca_file:
        new = [certutil_path(), "-d", f"sql:{profile}", "-N", "--empty-password"]
        subprocess.run(new, check=True, capture_output=True)
        trust(ca_file, home)
    return profile
