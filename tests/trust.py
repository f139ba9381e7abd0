"""How the browsers of the tests come to trust a local authority: as a person's do, by its file in their database."""

import os
import subprocess
from pathlib import Path

from tests.browser import certutil_path


def add_to_database(folder: Path, ca_file: Path | str) -> None:
    """Make an NSS database in `folder` that trusts the authority for servers: a profile of Firefox, or Chromium's."""
    certutil = certutil_path()
    folder.mkdir(parents=True, exist_ok=True)
    database = f"sql:{folder}"
    for arguments in (
        ["-N", "--empty-password"],
        ["-A", "-t", "C,,", "-n", "Gatehouse localhost", "-i", str(ca_file)],
    ):
        subprocess.run([certutil, "-d", database, *arguments], check=True, capture_output=True)


def chromium_environment(home: Path, ca_file: Path | str) -> dict[str, str | float | bool]:
    """Return the environment of a Chromium that trusts the authority: a home of its own, with ~/.pki/nssdb in it."""
    add_to_database(home / ".pki" / "nssdb", ca_file)
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": cache}
