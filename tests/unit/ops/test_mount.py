"""Tests of how `ops` finds the prefix under which an app mounts Gatehouse."""

from pathlib import Path

import pytest

from ops.errors import OpsError
from ops.mount import Mount, load_mount

ROOT = Path(__file__).resolve().parents[3]
APP = f"""
import os, sys
sys.path.append({str(ROOT)!r})
from chalice import Chalice
from chalicelib.gatehouse import Gatehouse, Public
print("noise of the team's")
app = Chalice("orders")
gate = Gatehouse(app, prefix=os.environ["MOUNT_AT"], public={{("GET", "/ping"), Public("POST", "/hook", csrf=False)}})
"""


def test_the_app_says_its_prefix_and_its_public_routes(tmp_path: Path) -> None:
    """`ops` imports the app with the stage's settings, in the same way as `chalice deploy` imports the app."""
    (tmp_path / "app.py").write_text(APP)
    mount = load_mount(tmp_path, {"MOUNT_AT": "/account"})
    assert mount.prefix == "/account"
    team = {("GET", "/ping"), ("POST", "/hook")}
    assert mount.public_routes == team | {
        (m, "/account" + p.rstrip("/")) for m, p in Mount().public_routes
    }
    url = mount.url("https://api.example.com/api/")
    assert url.callback == "https://api.example.com/api/account/auth/callback"
    assert mount.page_for_lost("https://api.example.com/api/") is None
    assert url.signed_out == "https://api.example.com/api/account?signed_out=1"


def test_an_app_that_does_not_load_is_named_with_its_reason(tmp_path: Path) -> None:
    """The reason is the last line of Python's own message."""
    (tmp_path / "app.py").write_text("import nothing_of_that_name")
    with pytest.raises(OpsError, match=r"app\.py does not load: .*nothing_of_that_name"):
        load_mount(tmp_path, {})


def test_an_app_without_gatehouse_is_told_the_line(tmp_path: Path) -> None:
    """`init` prints the line but does not write app.py, so the line may still be missing."""
    (tmp_path / "app.py").write_text("from chalice import Chalice\napp = Chalice('orders')\n")
    with pytest.raises(OpsError, match=r"app\.py does not load: it does not mount Gatehouse; add"):
        load_mount(tmp_path, {})


def test_a_folder_without_an_app_is_at_the_root(tmp_path: Path) -> None:
    """Without `app.py`, `ops` assumes that the app mounts Gatehouse at the root."""
    mount = load_mount(tmp_path, {})
    assert mount == Mount()
    assert mount.page_for_lost("https://api.example.com/") == "https://api.example.com/"
