"""Converts e-mail addresses and their domains to the form that mail servers look up (S-72).

A domain is converted to an A-label (UTS 46, non-transitional: `straße` is not `strasse`). If a person types an address,
the converted address must match the rule of HTML's e-mail field. Any other typed address is refused, because a strict
and a lenient parser could find different domains in such an address. If a provider sends an address, only the domain is
checked. Sources: UTS 46; RFC 5890; WHATWG HTML, "Email state (type=email)"; RFC 1035 2.3.4; RFC 5321 4.5.3.1.
"""

import re

#: `MAX_ADDRESS_LENGTH` is Cognito's limit for a user name (API reference, UsernameType). `MAX_LOCAL_LENGTH` is RFC
#: 5321's limit for the part before the @.
MAX_ADDRESS_LENGTH = 128
MAX_LOCAL_LENGTH = 64
_MAX_DOMAIN_LENGTH = 253

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+")
#: `victim%corp.example@relay.example` and `corp.example!victim@…` ask the receiving server to forward the mail (the
#: percent hack; UUCP's bang paths). In such an address, the mailbox does not belong to the domain at the end.
_ROUTE = re.compile(rf"%{_LABEL}(?:\.{_LABEL})+$|^(?:{_LABEL}\.)+{_LABEL}!", re.IGNORECASE)
#: Web browsers (WHATWG) and other programs read a name as an IPv4 address if the last label is a number.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def parse_domain(text: str) -> str | None:
    """Return a domain in lower-case ASCII, or None if `text` is not a domain.

    `bücher.example`, `xn--bcher-kva.example` and `BÜCHER。example` count as one domain.
    """
    domain = text
    if not text.isascii() or "xn--" in text.lower():
        import idna  # a dependency of requests; loaded here, because most cold starts do not need idna

        try:
            domain = idna.encode(text, uts46=True, std3_rules=True).decode("ascii")
        except UnicodeError:
            return None
    domain = domain.lower()
    if len(domain) > _MAX_DOMAIN_LENGTH or _DOMAIN.fullmatch(domain) is None:
        return None
    return None if _NUMBER.fullmatch(domain.rpartition(".")[2]) else domain


def parse_full_domain(text: str) -> str | None:
    """Return a domain as `parse_domain` does. For a domain without a dot, return None, because such a domain has no
    mailboxes (RFC 7085)."""
    domain = parse_domain(text)
    return domain if domain is not None and "." in domain else None


def parse_address(text: str) -> str | None:
    """Return an address that a person typed, with the domain in lower-case ASCII, or None if `text` is not an address.

    The part before the @ is unchanged, because only the domain's mail server knows whether upper and lower case differ
    in that part.
    """
    local, separator, rest = text.rpartition("@")
    if not separator or len(local) > MAX_LOCAL_LENGTH or len(text) > MAX_ADDRESS_LENGTH:
        return None
    if _LOCAL.fullmatch(local) is None or _ROUTE.search(local) is not None:
        return None
    domain = parse_full_domain(rest)
    address = f"{local}@{domain}"
    return None if domain is None or len(address) > MAX_ADDRESS_LENGTH else address


def email_domain(email: str) -> str:
    """Return the domain of an address in lower-case ASCII, or an empty string if the domain is unclear.

    Use this function for addresses from a provider. If the text before the last @ contains a line break, or another @
    that is not in quotes, a program could mistake that text for the domain. The function then returns an empty string.
    """
    local, _, domain = email.strip().rpartition("@")
    quoted = len(local) > 1 and local[0] == local[-1] == '"'
    if not local or not local.isprintable() or ("@" in local and not quoted):
        return ""
    return parse_domain(domain.removesuffix(".")) or ""
