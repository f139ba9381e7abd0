"""Parses and checks passwords, six-digit codes and passkey ids that people send. Builds the key of an authenticator app.

Sources: OWASP ASVS 5.0 6.2 (length, no composition rules); NIST SP 800-63B 5.1.1; the otpauth key URI format of
authenticator apps; RFC 6238.
"""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from ..errors import InvalidCode, InvalidPassword, InvalidRequest

#: The minimum length of a password is from the user pool's policy. The maximum length is Cognito's (PasswordType). A
#: test compares the minimum with ops/templates/identity.yaml.
MIN_PASSWORD_LENGTH = 12
MAX_PASSWORD_LENGTH = 256
PASSWORD_REQUIREMENTS: Mapping[str, object] = {
    "min_length": MIN_PASSWORD_LENGTH,
    "max_length": MAX_PASSWORD_LENGTH,
    "outer_spaces": False,
}
_CODE_LENGTH = 6
#: The maximum length of a passkey's id in base64url: 1,023 bytes (Web Authentication L3 4, "Credential ID").
_MAX_PASSKEY_ID = 1364
#: `_SILENT` has Unicode's categories of spaces, line ends, dashes and zero-width marks. `_DASHES` has other characters
#: that people type as a dash: the minus sign, the hyphen bullet, and the long-vowel mark of Japanese keyboards.
_SILENT = ("Zs", "Zl", "Zp", "Pd", "Cf")
_DASHES = "\u2212\u2043\u30fc\uff70"


def verify_new_password(password: str) -> None:
    """Raise InvalidPassword if Cognito would refuse the password. Call this function before any call to Cognito, so
    that every address gets the same answer (S-40)."""
    fits = MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH
    if not fits or password != password.strip():
        raise InvalidPassword(
            "the password does not meet the rules", requirements=PASSWORD_REQUIREMENTS
        )


def parse_code(text: str) -> str | None:
    """Return the six digits of a typed or pasted code (`123 456`, `123-456`), or None.

    Digits of every script are accepted, including full-width digits. Spaces, dashes and invisible marks between the
    digits are ignored.
    """
    code = ""
    for character in text:
        digit = unicodedata.decimal(character, None)
        if digit is not None:
            code += str(digit)
        elif not (
            unicodedata.category(character) in _SILENT
            or character in _DASHES
            or character.isspace()
        ):
            return None
    return code if len(code) == _CODE_LENGTH else None


def read_code(text: str) -> str:
    """Return the six digits of a code. Raises InvalidCode."""
    code = parse_code(text)
    if code is None:
        raise InvalidCode("not six digits")
    return code


@dataclass(frozen=True)
class TotpKey:
    """The key for a new authenticator app, in base32, and the `otpauth:` URI for the app's QR code."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


def build_totp_key(secret: str, *, account: str, issuer: str) -> TotpKey:
    """Return `secret` together with its `otpauth:` URI. Cognito's TOTP uses SHA-1, six digits and thirty seconds."""
    label = quote(f"{issuer}:{account}", safe="@")
    query = urlencode({"secret": secret, "issuer": issuer}, quote_via=quote)
    return TotpKey(secret, f"otpauth://totp/{label}?{query}")


def read_passkey_id(credential: str | None) -> str:
    """Return the passkey's id from the browser's answer, a JSON text. Raises InvalidRequest.

    The JSON has the id twice, as text and as bytes. The two must be equal. Otherwise, Gatehouse could check one id, and
    Cognito could use the other id.
    """
    try:
        answer = json.loads(credential or "")
        found = answer["id"]
        if (
            isinstance(found, str)
            and 0 < len(found) <= _MAX_PASSKEY_ID
            and answer["rawId"] == found
        ):
            return found
    except (ValueError, KeyError, TypeError):
        pass
    raise InvalidRequest("credential has no id")
