"""Makes small distributions: wheels, sources that can be built, and sources whose build fails."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

BUILDS = (
    "from setuptools import setup\nsetup(name={name!r}, version='1.0', py_modules=[{name!r}])\n"
)
#: A set-up script with readable metadata. The build fails at the step in which a compiler would run.
BREAKS = (
    "import sys\nfrom setuptools import setup\n"
    "if 'bdist_wheel' in sys.argv:\n    raise SystemExit('no compiler here')\n"
    "setup(name={name!r}, version='1.0', py_modules=[{name!r}])\n"
)


def sha256(path: Path) -> str:
    """Return a file's hash in the format of requirements.txt."""
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def line(path: Path, version: str = "1.0") -> str:
    """Return a distribution's line for requirements.txt."""
    return f"{path.name.split('-')[0]}=={version} --hash={sha256(path)}\n"


def wheel(
    folder: Path,
    name: str,
    needs: Sequence[str] = (),
    tag: str = "py3-none-any",
    version: str = "1.0",
    text: str = "x = 1\n",
) -> Path:
    """Make a wheel with one module. As some tools do, put the module under purelib."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + "".join(
        f"Requires-Dist: {each}\n" for each in needs
    )
    files = {
        f"{name}.py": text,
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = "".join(f"{each},{_recorded(body)},{len(body)}\n" for each, body in files.items())
    path = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as packed:
        for each, body in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            packed.writestr(each, body)
    return path


def source(folder: Path, name: str, setup: str = BUILDS) -> Path:
    """Make a source distribution."""
    files = {
        "setup.py": setup.format(name=name),
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{name}.py": "x = 1\n",
    }
    path = folder / f"{name}-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as packed:
        for each, body in files.items():
            entry = tarfile.TarInfo(f"{name}-1.0/{each}")
            entry.size = len(body)
            packed.addfile(entry, io.BytesIO(body.encode()))
    return path


def _recorded(body: str) -> str:
    digest = hashlib.sha256(body.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
