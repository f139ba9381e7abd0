"""The domain of an e-mail address in one spelling: the one that mail servers look up."""

import unicodedata


def email_domain(email: str) -> str:
    """Return what stands after the last `@`, in lower-case ASCII where there is such a spelling.

    `bücher.example`, `xn--bcher-kva.example` and `BÜCHER。example` are one domain (RFC 3490; UTS 46).
    """
    domain = unicodedata.normalize("NFKC", email).rpartition("@")[2]
    domain = domain.strip().casefold().rstrip(".")
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode("ascii").rstrip(".")
    except UnicodeError:
        return domain
