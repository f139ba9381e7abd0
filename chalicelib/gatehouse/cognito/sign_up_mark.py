"""The mark by which the pre-sign-up trigger recognizes a sign-up from our own server (S-67).

Cognito's own page asks for a password before the person has proved access to the mailbox. A stranger could therefore
choose the account's password. On a stage with our own form, the trigger refuses every sign-up without the mark. The
mark is an HMAC of the address. The HMAC's key is the app client's secret, and browsers never get this secret. Our
server sends the mark in the ClientMetadata of SignUp. Cognito passes ClientMetadata to the trigger without storing it.
Source: AWS "Pre sign-up Lambda trigger", `clientMetadata`.
"""

import hashlib
import hmac
from collections.abc import Mapping

#: The member of ClientMetadata that contains the mark.
KEY = "gatehouse"


def build_mark(email: str, client_secret: str) -> str:
    """Return the mark of a sign-up for `email`: 64 hexadecimal digits."""
    text = f"gatehouse/sign-up\0{email.lower()}".encode()
    return hmac.new(client_secret.encode(), text, hashlib.sha256).hexdigest()


def has_mark(metadata: object, email: str, client_secret: str) -> bool:
    """Whether a trigger event's `clientMetadata` has the mark for `email`."""
    given = metadata.get(KEY) if isinstance(metadata, Mapping) else None
    expected = build_mark(email, client_secret)
    return isinstance(given, str) and hmac.compare_digest(given.encode(), expected.encode())
