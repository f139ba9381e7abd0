"""Tests that `ops` refuses a package above Lambda's limit before the upload."""

import zipfile
from pathlib import Path

import pytest

from ops import package_size
from ops.errors import OpsError
from ops.package_size import require_size


def packed(path: Path) -> Path:
    """Return a zip of about 3 kB with 9 kB of files."""
    noise = bytes(range(256)) * 4
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("pandas/__init__.py", noise)
        made.writestr("pandas/core.py", noise)
        made.writestr("app.py", b"#" * 1000)
        made.writestr("zeros/data.bin", b"\0" * 6000, compress_type=zipfile.ZIP_DEFLATED)
    return path


def test_limits_are_lambdas(tmp_path: Path) -> None:
    assert (package_size.ZIPPED, package_size.UNZIPPED) == (52_428_800, 262_144_000)
    require_size(packed(tmp_path / "a.zip"))


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("ZIPPED", r"size of the zip: .*pandas .*, app\.py "),
        ("UNZIPPED", "size of the unpacked files: .*zeros "),
    ],
)
def test_the_largest_parts_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, said: str
) -> None:
    monkeypatch.setattr(package_size, limit, 3000)
    with pytest.raises(OpsError, match=said):
        require_size(packed(tmp_path / "a.zip"))
