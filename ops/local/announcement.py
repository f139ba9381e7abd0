"""This module builds the text that `up` prints once the stack is ready."""

from __future__ import annotations

from ..program import PROGRAM
from .addresses import Addresses
from .authority import Certificate
from .okta import load_people
from .people import DEMO_USERS


def announcement(
    addresses: Addresses,
    certificate: Certificate | None,
    *,
    detach: bool = False,
    page_url: str = "",
) -> str:
    """Build the text with the addresses, the people who can sign in, the certificate to trust, and the command that
    stops the stack.
    """
    people = ", ".join(str(person["email"]) for person in load_people())
    accounts = ", ".join(f"{user['email']} / {user['password']}" for user in DEMO_USERS)
    lines = [
        ("Open", page_url or addresses.app_url),
        ("Okta's people", f"{people} (choose a person; no password is needed)"),
        ("Okta's console", f"{addresses.okta_url}/admin"),
        ("Email, password", accounts),
        ("Mails and codes", f"{addresses.aws_url}/inbox"),
        *_about(certificate),
        ("Stop", f"{PROGRAM} down" if detach else "Ctrl-C"),
    ]
    return "\n" + "".join(f"  {name:<17} {text}\n" for name, text in lines)


def _about(certificate: Certificate | None) -> list[tuple[str, str]]:
    if certificate is None:
        return [
            (
                "Safari, WebKit",
                ("cannot sign in over plain http, because they do not store Secure cookies there."),
            ),
            ("", "Use Chromium or Firefox, or start again without --http."),
        ]
    if certificate.by_mkcert:
        return [("Certificate", "signed by your mkcert root, which your browsers already trust")]
    return [
        ("Trust it once", f"{PROGRAM} trust (for Chromium and Firefox on this machine)"),
        ("", f"{certificate.ca_file}: macOS, Windows, devcontainer: docs/local-aws.md#https"),
    ]
