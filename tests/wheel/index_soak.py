"""Tests that a team can install the wheel from a package index. The project has the wheel's line in its lock, but not
the wheel's file. Part of `make soak`."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from pathlib import Path

from chalicelib.gatehouse import __version__
from ops.local.authority import Certificate
from tests.wheel.index import served
from tests.wheel.team import ADOPT, Team

PINNED = f"chalice-gatehouse=={__version__}"


def test_a_wheel_from_an_index_is_locked_and_packaged(
    wheel: Path, certificate: Certificate, tmp_path: Path
) -> None:
    """The test follows docs/adopt.md, with the package's name in place of the file. The zip's runtime comes from the
    index, and pip checks the runtime's hash."""
    team = Team(tmp_path, certificate.ca_file.parent)
    shutil.copyfile(wheel, team.folder / "shelf" / wheel.name)
    install, init, *_ = ADOPT.commands
    assert "[cli]" in install
    with served(team.folder / "shelf") as (address, asked):
        team.pip = {"PIP_INDEX_URL": address}
        team.type("pip install chalice-gatehouse[cli]")
        said = team.type(init)
        team.change(ADOPT)
        assert f"written, with {PINNED}" in said
        assert "up to date" in team.type(init)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        lock = (team.project / "requirements-gatehouse.txt").read_text()
        assert f"\n{PINNED} --hash=sha256:{digest}\n" in lock
        assert address not in lock
        assert not (team.project / "wheels").exists()
        asked.clear()
        team.type("gatehouse package --out", str(tmp_path / "out"))
        assert f"/files/{wheel.name}" in asked
    (package,) = (tmp_path / "out").glob("*.zip")
    with zipfile.ZipFile(package) as packed:
        names = packed.namelist()
    assert {"app.py", "chalice_gatehouse/gate.py"} <= set(names)
    assert [name for name in names if name.startswith("chalice_gatehouse/ops")] == []
