"""This module makes the certificate for https://localhost, and the local certificate authority that signs the
certificate.

Each user's certificate authority is made once and kept, so the user needs to trust the authority only once. The
authority is limited to this machine's own names (RFC 5280, 4.2.1.10) and to certificates of servers (4.2.1.12). So a
stolen key is of little use: browsers refuse the authority's certificates for other hosts. If mkcert has made and
installed a root certificate, mkcert's root signs the certificate instead of Gatehouse's authority.

Apple's browsers refuse certificates that are valid for more than 825 days. Apple's browsers also require that a
certificate has its host names in subjectAltName, and has the extended key usage for servers:
https://support.apple.com/en-us/103769
"""

from __future__ import annotations

import datetime
import fcntl
import ipaddress
import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ..errors import OpsError

FOLDER_VARIABLE = "GATEHOUSE_CA_DIR"
_DAY = datetime.timedelta(days=1)
_AUTHORITY_DAYS = 3650
_SERVER_DAYS = 397
_RENEWED_DAYS_BEFORE = 30
_MKCERT_SECONDS = 10
_NAMES = ("localhost",)
_ADDRESSES = (ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1"))
_SERVER_ONLY = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])

_Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Clock = Callable[[], datetime.datetime]


@dataclass(frozen=True)
class Certificate:
    """The app's certificate: its PEM files, and whether mkcert's root signed the certificate."""

    ca_file: Path
    file: Path
    by_mkcert: bool


@dataclass(frozen=True)
class _Authority:
    file: Path
    certificate: x509.Certificate
    key: _Key


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


def default_folder() -> Path:
    """The authority's folder: `$GATEHOUSE_CA_DIR`, or the user's own data folder."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named).expanduser().resolve()
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "gatehouse"


def prepare(folder: Path | None = None, now: Clock = _now) -> Certificate:
    """Return a certificate for localhost that is valid for at least a month. If no such certificate exists, make a new
    one.

    If `folder` or `$GATEHOUSE_CA_DIR` is set, the authority in that folder signs, even if mkcert has a root. Raises
    OpsError if the authority cannot be used; the message says what to do.
    """
    own = folder is not None or bool(os.environ.get(FOLDER_VARIABLE))
    try:
        folder = folder or default_folder()
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            mkcert = None if own else _mkcert_authority(now)
            authority = mkcert or _own_authority(folder, now)
            file = folder / "localhost.pem"
            if not _is_good(file, authority, now):
                _write(file, _server_certificate(authority, now), private=True)
    # `RuntimeError` means that this user has no home folder.
    except (OSError, RuntimeError) as error:
        told = f"{error.strerror}: {error.filename}" if isinstance(error, OSError) else str(error)
        raise OpsError(
            f"The local authority for https://localhost cannot be stored: {told}.\nMake that "
            f"folder writable for you, choose another folder with {FOLDER_VARIABLE}=DIR, or pass "
            "--http."
        ) from error
    return Certificate(authority.file, file, mkcert is not None)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Make sure that only one `up` process at a time creates missing files."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _own_authority(folder: Path, now: Clock) -> _Authority:
    certificate_file, key_file = folder / "authority.pem", folder / "authority-key.pem"
    if not certificate_file.exists():
        certificate, key = _new_authority(now)
        _write(key_file, _pem(key), private=True)
        _write(certificate_file, certificate.public_bytes(serialization.Encoding.PEM))
    else:
        try:
            certificate, key = _read(certificate_file, key_file)
        except FileNotFoundError as error:
            raise _unusable(folder, "its key is missing") from error
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise _unusable(folder, "its files are damaged") from error
        if certificate.public_key() != key.public_key():
            raise _unusable(folder, "its certificate and its key do not belong together")
        if certificate.not_valid_after_utc <= now():
            raise _unusable(folder, f"it expired on {certificate.not_valid_after_utc:%Y-%m-%d}")
        if not _is_confined(certificate):
            raise _unusable(folder, "it is not limited to localhost")
        if key_file.stat().st_mode & 0o077:
            key_file.chmod(0o600)
    return _Authority(certificate_file, certificate, key)


def _unusable(folder: Path, why: str) -> OpsError:
    return OpsError(
        f"The local authority for https://localhost cannot be used: {why}.\n"
        f"Remove {folder}, run this command again, and trust the new authority; or pass --http."
    )


def _mkcert_authority(now: Clock) -> _Authority | None:
    """Return the root that `mkcert -install` has added to this user's browsers. Return None if there is no such
    root, or if the root cannot sign certificates.
    """
    program = shutil.which("mkcert")
    if program is None:
        return None
    try:
        said = subprocess.run(
            [program, "-CAROOT"],
            capture_output=True,
            text=True,
            timeout=_MKCERT_SECONDS,
            check=True,
        )
        root = Path(said.stdout.strip())
        certificate, key = _read(root / "rootCA.pem", root / "rootCA-key.pem")
    except (OSError, subprocess.SubprocessError, ValueError, TypeError, UnsupportedAlgorithm):
        return None
    if certificate.public_key() != key.public_key() or certificate.not_valid_after_utc <= now():
        return None
    return _Authority(root / "rootCA.pem", certificate, key)


def _read(certificate_file: Path, key_file: Path) -> tuple[x509.Certificate, _Key]:
    certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    if not isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)):
        raise TypeError("a key of another kind")
    return certificate, key


def _is_confined(certificate: x509.Certificate) -> bool:
    try:
        found = certificate.extensions.get_extension_for_class(x509.NameConstraints)
    except (x509.ExtensionNotFound, ValueError):
        return False
    return found.critical and found.value == _constraints()


def _constraints() -> x509.NameConstraints:
    names = [x509.DNSName(name) for name in _NAMES]
    addresses = [x509.IPAddress(ipaddress.ip_network(address)) for address in _ADDRESSES]
    return x509.NameConstraints([*names, *addresses], None)


def _new_authority(now: Clock) -> tuple[x509.Certificate, _Key]:
    key = ec.generate_private_key(ec.SECP256R1())
    # Two authorities with the same name and different keys confuse browsers, so each authority gets a unique name.
    name = _name(f"Gatehouse localhost {secrets.token_hex(4)}")
    certificate = (
        _builder(name, name, key, key.public_key(), now(), _AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(_constraints(), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate, key


def _server_certificate(authority: _Authority, now: Clock) -> bytes:
    """Make a certificate for localhost. Return key and certificate as one PEM text, so that they are always written and
    read together.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.DNSName(name) for name in _NAMES]
    addresses = [x509.IPAddress(address) for address in _ADDRESSES]
    days = min(_SERVER_DAYS, (authority.certificate.not_valid_after_utc - now()).days)
    certificate = (
        _builder(
            _name("localhost"),
            authority.certificate.subject,
            key,
            authority.key.public_key(),
            now(),
            days,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.SubjectAlternativeName([*names, *addresses]), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return _pem(key) + certificate.public_bytes(serialization.Encoding.PEM)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: _Key,
    issuer_key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    now: datetime.datetime,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + days * _DAY)
        .add_extension(_SERVER_ONLY, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False
        )
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _is_good(file: Path, authority: _Authority, now: Clock) -> bool:
    """Tell whether key and certificate in `file` are complete, private, signed by this authority, and valid long
    enough.
    """
    try:
        certificate, key = _read(file, file)
        certificate.verify_directly_issued_by(authority.certificate)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature):
        return False
    ends = min(certificate.not_valid_after_utc, authority.certificate.not_valid_after_utc)
    lasts = ends > now() + _RENEWED_DAYS_BEFORE * _DAY
    last_one = ends == authority.certificate.not_valid_after_utc and ends > now()
    begun = certificate.not_valid_before_utc <= now()
    private = not file.stat().st_mode & 0o077
    whole = certificate.public_key() == key.public_key()
    return whole and private and begun and (lasts or last_one)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(key: _Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(file: Path, data: bytes, *, private: bool = False) -> None:
    """Write a file atomically. With `private`, other users can never read the file."""
    made = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o644)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(data)
    made.replace(file)
