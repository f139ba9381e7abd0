"""Tests of the local certificate authority: its files, the certificates that the authority signs, and the certificates
that the authority must never sign."""

from __future__ import annotations

import datetime
import fcntl
import ipaddress
import os
import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ops.errors import OpsError
from ops.local import authority
from ops.local.authority import Certificate, prepare
from tests.faults.certificates import Authority as OtherAuthority

DAY = datetime.timedelta(days=1)


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


def handshake(server: ssl.SSLContext, ca_file: Path, name: str) -> str:
    """Let a client that trusts only `ca_file` connect to `name`. Return the client's error about the certificate, or an
    empty text."""
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(ours, server_side=True).close()
        except OSError:
            ours.close()

    thread = threading.Thread(target=serve)
    thread.start()
    client = ssl.create_default_context(cafile=str(ca_file))
    client.verify_flags |= ssl.VERIFY_X509_STRICT  # Python 3.13 has this flag by default
    try:
        client.wrap_socket(theirs, server_hostname=name).close()
        return ""
    except ssl.SSLError as refused:
        return str(refused)
    finally:
        theirs.close()
        thread.join()


def context(file: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(file)
    return made


def leaf(certificate: Certificate) -> x509.Certificate:
    return x509.load_pem_x509_certificate(certificate.file.read_bytes())


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_a_client_that_trusts_the_authority_trusts_localhost(tmp_path: Path, name: str) -> None:
    """The certificate is valid for every name of the local machine."""
    made = prepare(tmp_path)
    assert handshake(context(made.file), made.ca_file, name) == ""


@pytest.mark.parametrize("name", ["bank.example", "localhost.example", "10.0.0.1", "::2"])
def test_the_authority_is_believed_about_no_other_host(tmp_path: Path, name: str) -> None:
    """Browsers refuse the authority's certificates for other hosts, even if an attacker has stolen the authority's key."""
    made = prepare(tmp_path)
    stolen = serialization.load_pem_private_key(
        (tmp_path / "authority-key.pem").read_bytes(), password=None
    )
    ca = x509.load_pem_x509_certificate(made.ca_file.read_bytes())
    assert isinstance(stolen, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    try:
        alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        alternative = x509.DNSName(name)
    forged = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now() - DAY)
        .not_valid_after(now() + DAY)
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(stolen.public_key()), False
        )
        .sign(stolen, hashes.SHA256())
    )
    file = tmp_path / "forged.pem"
    file.write_bytes(authority._pem(key) + forged.public_bytes(serialization.Encoding.PEM))
    assert "permitted subtree violation" in handshake(context(file), made.ca_file, name)


def test_the_certificate_is_one_that_every_browser_takes(tmp_path: Path) -> None:
    """The certificate follows Apple's rules: it is valid for at most 825 days, has its names in subjectAltName, is only
    for servers, and does not belong to an authority."""
    found = leaf(prepare(tmp_path))
    assert found.not_valid_after_utc - found.not_valid_before_utc <= 400 * DAY
    extensions = found.extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [use._name for use in usage] == ["serverAuth"]
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_the_authority_is_made_once(tmp_path: Path) -> None:
    """A second `up` keeps the authority and the certificate, so people need not trust the authority again."""
    first = prepare(tmp_path)
    before = first.ca_file.read_bytes(), first.file.read_bytes()
    second = prepare(tmp_path)
    assert (second.ca_file.read_bytes(), second.file.read_bytes()) == before
    assert prepare(tmp_path / "elsewhere").ca_file.read_bytes() != before[0]


def test_only_the_owner_reads_a_key(tmp_path: Path) -> None:
    """The umask does not matter. If other users can read a file, `up` makes the file private or replaces the file."""
    before = os.umask(0)
    try:
        made = prepare(tmp_path)
    finally:
        os.umask(before)
    keys = [tmp_path / "authority-key.pem", made.file]
    assert [stat.S_IMODE(key.stat().st_mode) for key in keys] == [0o600, 0o600]
    seen = made.file.read_bytes()
    for key in keys:
        key.chmod(0o644)
    prepare(tmp_path)
    assert [stat.S_IMODE(key.stat().st_mode) for key in keys] == [0o600, 0o600]
    assert made.file.read_bytes() != seen, "another user may have read the key"


@pytest.mark.parametrize("later", [380, 396, 398, 500])
def test_a_certificate_that_ends_soon_is_renewed(tmp_path: Path, later: int) -> None:
    """The same authority signs the new certificate, so people need not trust a new authority."""
    first = prepare(tmp_path)
    ca, before = first.ca_file.read_bytes(), leaf(first)
    second = prepare(tmp_path, now=lambda: now() + later * DAY)
    assert second.ca_file.read_bytes() == ca
    assert leaf(second).not_valid_after_utc > before.not_valid_after_utc + 300 * DAY


def test_a_certificate_never_outlives_its_authority(tmp_path: Path) -> None:
    """In the authority's last weeks, a new certificate ends no later than the authority. `up` makes this certificate
    only once."""
    first = prepare(tmp_path)
    ca = x509.load_pem_x509_certificate(first.ca_file.read_bytes())

    def last() -> datetime.datetime:
        return ca.not_valid_after_utc - 5 * DAY

    second = prepare(tmp_path, now=last)
    assert leaf(second).not_valid_after_utc <= ca.not_valid_after_utc
    kept = second.file.read_bytes()
    assert prepare(tmp_path, now=last).file.read_bytes() == kept


@pytest.mark.parametrize("content", [b"", b"garbage", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_damaged_certificate_is_made_anew(tmp_path: Path, content: bytes) -> None:
    """People need not trust a new authority, because the authority stays the same."""
    made = prepare(tmp_path)
    made.file.write_bytes(content)
    assert handshake(context(prepare(tmp_path).file), made.ca_file, "localhost") == ""


def test_a_certificate_of_another_authority_is_made_anew(tmp_path: Path) -> None:
    """A person may have copied the files from another folder."""
    made, other = prepare(tmp_path / "one"), prepare(tmp_path / "two")
    made.file.write_bytes(other.file.read_bytes())
    prepare(tmp_path / "one")
    assert handshake(context(made.file), made.ca_file, "localhost") == ""


@pytest.mark.parametrize("name", ["authority.pem", "authority-key.pem"])
@pytest.mark.parametrize("content", [b"", b"garbage", b"\xff\xfe", b"-----BEGIN X-----\n"])
def test_a_damaged_authority_is_an_error_that_names_the_mend(
    tmp_path: Path, name: str, content: bytes
) -> None:
    """The command overwrites no file, because browsers trust the old authority."""
    prepare(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(OpsError, match="its files are damaged") as caught:
        prepare(tmp_path)
    assert f"Remove {tmp_path}, run this command again, and trust the new authority" in str(
        caught.value
    )
    assert (tmp_path / name).read_bytes() == content


def test_an_authority_without_its_key_is_an_error(tmp_path: Path) -> None:
    """An authority without a key cannot renew the certificate."""
    prepare(tmp_path)
    (tmp_path / "authority-key.pem").unlink()
    with pytest.raises(OpsError, match="its key is missing"):
        prepare(tmp_path)


def test_a_key_of_another_authority_is_an_error(tmp_path: Path) -> None:
    """With the wrong key, the authority would sign certificates that browsers do not trust."""
    prepare(tmp_path / "one")
    prepare(tmp_path / "two")
    (tmp_path / "two" / "authority-key.pem").replace(tmp_path / "one" / "authority-key.pem")
    with pytest.raises(OpsError, match="do not belong together"):
        prepare(tmp_path / "one")


def test_an_expired_authority_is_an_error(tmp_path: Path) -> None:
    """The error has the date on which the authority expired."""
    prepare(tmp_path)
    with pytest.raises(OpsError, match=r"it expired on 20\d\d-\d\d-\d\d"):
        prepare(tmp_path, now=lambda: now() + 3651 * DAY)


def test_an_authority_that_may_sign_for_anybody_is_an_error(tmp_path: Path) -> None:
    """An attacker may have replaced the authority. People must not trust an authority that can sign for every host."""
    other = OtherAuthority(tmp_path)
    (tmp_path / "authority-key.pem").write_bytes(authority._pem(other._key))
    with pytest.raises(OpsError, match="not limited to localhost"):
        prepare(tmp_path)


def test_a_folder_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    """The cases are a file at the folder's path, and a folder at the key's path. The error has the path and explains
    how to use another folder."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OpsError, match=r"File exists: .*file\.\n.* GATEHOUSE_CA_DIR=DIR"):
        prepare(tmp_path / "file")
    (tmp_path / "authority.pem").write_text("")
    (tmp_path / "authority-key.pem").mkdir()
    with pytest.raises(OpsError, match=r"Is a directory|damaged"):
        prepare(tmp_path)


def test_a_folder_of_somebody_else_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may read every file, so the test simulates the refusal."""

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    prepare(tmp_path)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(OpsError, match=r"Permission denied: .*authority\.pem\.\nMake that folder"):
        prepare(tmp_path)


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container may run as a user without an account entry."""
    for name in (authority.FOLDER_VARIABLE, "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "~")
    with pytest.raises(OpsError, match="home directory") as caught:
        prepare()
    assert "choose another folder with GATEHOUSE_CA_DIR=DIR" in str(caught.value)


def test_several_at_once_agree(tmp_path: Path) -> None:
    """If two stacks start at the same moment without an authority, one stack waits until the other stack has made the
    authority."""
    with (tmp_path / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        second = threading.Thread(target=prepare, args=(tmp_path,))
        second.start()
        second.join(timeout=0.3)
        assert second.is_alive()
        assert not (tmp_path / "authority.pem").exists()
    second.join(timeout=30)
    assert (tmp_path / "authority.pem").exists()


def fake_mkcert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a fake `mkcert` first in PATH. The fake mkcert has its own root certificate."""
    root = tmp_path / "caroot"
    root.mkdir()
    other = OtherAuthority(root)
    (root / "authority.pem").replace(root / "rootCA.pem")
    (root / "rootCA-key.pem").write_bytes(authority._pem(other._key))
    program = tmp_path / "bin" / "mkcert"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n[ "$1" = -CAROOT ] && echo {root}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv(authority.FOLDER_VARIABLE, raising=False)
    return root


def test_an_installed_mkcert_root_signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's browsers already trust mkcert's root, so `up` does not make an authority of our own."""
    root = fake_mkcert(tmp_path, monkeypatch)
    made = prepare()
    assert made == Certificate(
        root / "rootCA.pem", tmp_path / "data" / "gatehouse" / "localhost.pem", True
    )
    assert handshake(context(made.file), made.ca_file, "localhost") == ""
    assert not (tmp_path / "data" / "gatehouse" / "authority.pem").exists()


@pytest.mark.parametrize("broken", ["rootCA.pem", "rootCA-key.pem"])
def test_without_a_usable_mkcert_root_our_own_authority_signs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """A machine may trust mkcert's root without having the root's key. On such a machine, mkcert cannot sign."""
    root = fake_mkcert(tmp_path, monkeypatch)
    (root / broken).unlink()
    made = prepare()
    assert made.ca_file == tmp_path / "data" / "gatehouse" / "authority.pem"
    assert not made.by_mkcert


def test_a_named_folder_keeps_an_authority_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The devcontainer names a folder, so that the host can find the authority's file."""
    fake_mkcert(tmp_path, monkeypatch)
    monkeypatch.setenv(authority.FOLDER_VARIABLE, str(tmp_path / "named"))
    assert prepare().ca_file == tmp_path / "named" / "authority.pem"
