"""Tests of `ops trust`: the databases that the command finds, and the calls of certutil. tests/e2e/test_engines.py
tests the command with real browsers."""

import os
from pathlib import Path

import pytest

from ops import cli
from ops.errors import OpsError
from ops.local import authority
from ops.local.authority import prepare
from ops.local.trust import databases, trust


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    """Return an authority's file."""
    return prepare(tmp_path / "ca").ca_file


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a fake certutil that records its arguments. The fake fails for a folder with `locked` in its name."""
    file, program = tmp_path / "told", tmp_path / "bin" / "certutil"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {file}\ncase "$2" in *locked*) echo SEC_ERROR >&2; exit 255;; esac\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return file


def test_every_database_of_the_user_is_found(tmp_path: Path) -> None:
    """The command finds Chromium's old folder, new folder and snap folder. The command also finds each used Firefox
    profile in any kind of installation."""
    wanted = [
        *(".pki/nssdb", ".local/share/pki/nssdb", "snap/chromium/current/.pki/nssdb"),
        *(".mozilla/firefox/a.default", ".mozilla/firefox/b.dev", ".config/mozilla/firefox/c"),
        "snap/firefox/common/.mozilla/firefox/d",
        ".var/app/org.mozilla.firefox/.mozilla/firefox/e",
    ]
    for name in wanted:
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "cert9.db").write_text("")
    (tmp_path / ".mozilla/firefox/never-started").mkdir()
    assert databases(tmp_path) == [tmp_path / name for name in wanted]


def test_a_database_is_made_only_where_chromium_has_none(tmp_path: Path) -> None:
    """If ~/.pki/nssdb exists, Chromium ignores the newer folder. A new ~/.pki/nssdb would therefore hide people's own
    certificates from Chromium."""
    new = tmp_path / "new" / ".local" / "share" / "pki" / "nssdb"
    new.mkdir(parents=True)
    assert databases(tmp_path / "new") == [new]
    assert not (tmp_path / "new" / ".pki").exists()
    elsewhere = tmp_path / "data" / "pki" / "nssdb"
    elsewhere.mkdir(parents=True)
    assert databases(tmp_path / "xdg", tmp_path / "data") == [elsewhere]
    assert databases(tmp_path / "none") == [tmp_path / "none" / ".pki" / "nssdb"]
    assert (tmp_path / "none" / ".pki" / "nssdb").is_dir()


def test_the_authority_is_trusted_for_servers_only(tmp_path: Path, told: Path, ca: Path) -> None:
    """The flags "C,," mean: trusted for servers, not trusted for mail and code (certutil's manual)."""
    folder = tmp_path / "home" / ".pki" / "nssdb"
    assert trust(ca, tmp_path / "home") == [folder]
    before, _, after = told.read_text().partition(" -n Gatehouse")
    assert before == f"-d sql:{folder} -A -t C,,"
    assert after.endswith(f" -i {ca}\n")


def test_a_later_authority_has_another_name(tmp_path: Path, told: Path, ca: Path) -> None:
    """certutil refuses a second certificate with the same name. In the devcontainer, `make clean` causes a second
    certificate."""
    trust(ca, tmp_path / "home")
    trust(prepare(tmp_path / "later").ca_file, tmp_path / "home")
    trust(ca, tmp_path / "home")
    names = [
        line.partition(" -n ")[2].partition(" -i ")[0] for line in told.read_text().splitlines()
    ]
    assert names[0] == names[2] != names[1]


@pytest.mark.usefixtures("told")
def test_a_refusal_is_an_error_with_the_database(tmp_path: Path, ca: Path) -> None:
    """The error has certutil's own message."""
    (tmp_path / "locked" / ".pki" / "nssdb").mkdir(parents=True)
    with pytest.raises(OpsError, match=r"could not add .* to .*locked/\.pki/nssdb: SEC_ERROR"):
        trust(ca, tmp_path / "locked")


def test_without_certutil_the_package_is_named(
    tmp_path: Path, ca: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error also names the certificate's file, so that people can import the file by hand."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OpsError, match=r"libnss3-tools.*/ca/authority\.pem"):
        trust(ca, tmp_path)


def test_the_command_says_where_and_what_else(
    tmp_path: Path, told: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the first `up`, the command itself makes the authority."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv(authority.FOLDER_VARIABLE, raising=False)
    (tmp_path / "bin" / "mkcert").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "bin" / "mkcert").chmod(0o755)
    assert cli.main(["trust"]) == 0
    said = capsys.readouterr().out
    file = tmp_path / "home" / ".local" / "share" / "gatehouse" / "authority.pem"
    assert file.exists()
    assert f"trusted in {tmp_path / 'home' / '.pki' / 'nssdb'}\n" in said
    assert f"sudo cp {file} /usr/local/share/ca-certificates/" in said
    assert str(file) in told.read_text()
