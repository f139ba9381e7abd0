"""This module makes this user's browsers trust the local authority: `python -m ops trust`.

Chromium and Firefox on Linux store trusted authorities in NSS databases. Chromium reads ~/.pki/nssdb if that folder
exists. Otherwise, Chromium reads the database in the user's data folder. So if this module created ~/.pki/nssdb,
Chromium would no longer read the database in the data folder. Other browsers use the system's store, which this module
does not change.
https://chromium.googlesource.com/chromium/src/+/main/docs/linux/cert_management.md
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from cryptography import x509

from ..errors import OpsError

_CHROMIUM = (".pki/nssdb", ".local/share/pki/nssdb", "snap/chromium/current/.pki/nssdb")
_FIREFOX = (
    ".mozilla/firefox/*/cert9.db",
    ".config/mozilla/firefox/*/cert9.db",
    "snap/firefox/common/.mozilla/firefox/*/cert9.db",
    ".var/app/org.mozilla.firefox/.mozilla/firefox/*/cert9.db",
)


def databases(home: Path, data: Path | None = None) -> list[Path]:
    """Return the folders with this user's NSS databases. If Chromium has no database, create one.

    `data` is the user's data folder, if that folder is not below `home`.
    """
    places = [home / name for name in _CHROMIUM]
    if data:
        places.append(data / "pki" / "nssdb")
    chromium = [place for place in places if place.is_dir()]
    if not chromium:
        places[0].mkdir(parents=True)
        chromium = [places[0]]
    profiles = [file.parent for pattern in _FIREFOX for file in sorted(home.glob(pattern))]
    return [*chromium, *profiles]


def trust(ca_file: Path, home: Path | None = None) -> list[Path]:
    """Add the authority to every database of this user's browsers. The browsers trust the authority for server
    certificates, and for nothing else. Return the databases.

    Raises OpsError if certutil is missing or fails.
    """
    certutil = shutil.which("certutil")
    if certutil is None:
        raise OpsError(
            "The program certutil, which adds an authority to the browsers' databases, is missing. "
            "Install `libnss3-tools` (Debian, Ubuntu) or `nss-tools` (Fedora), or import the "
            f"file by hand: {ca_file}"
        )
    data = os.environ.get("XDG_DATA_HOME") if home is None else None
    # Two authorities in a database must not have the same name. The certificate of each authority has a different name,
    # so the name is taken from the certificate.
    name = x509.load_pem_x509_certificate(ca_file.read_bytes()).subject.rfc4514_string()
    found = databases(home or Path.home(), Path(data) if data else None)
    for folder in found:
        done = subprocess.run(
            [
                *(certutil, "-d", f"sql:{folder}", "-A", "-t", "C,,"),
                *("-n", name.removeprefix("CN="), "-i", str(ca_file)),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip()
            raise OpsError(f"certutil could not add {ca_file} to {folder}: {said}")
    return found
