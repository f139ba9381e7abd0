"""Who may sign up: by the e-mail address's domain, and never with attributes that only a provider may set."""

import unicodedata
from collections.abc import Collection, Mapping

#: Identity providers map these, so the app client can write them, and anybody could at sign-up (S-51).
PROVIDER_ONLY_ATTRIBUTES = frozenset({"custom:groups", "custom:idp_sub"})


def refuse_address(email: str, allowed: Collection[str], refused: Collection[str]) -> str | None:
    """Return why `email` may not sign up, for the log, or None. Domains are lower case; an empty `allowed` allows all.

    A domain stands for itself only: `example.com` does not speak for `mail.example.com`.
    """
    domain = email.rpartition("@")[2].strip().lower().rstrip(".")
    # What a mail server may read it as (UTS 46): `bad.example` in full-width letters is no other domain.
    read_as = unicodedata.normalize("NFKC", email).rpartition("@")[2].strip().casefold().rstrip(".")
    if domain in refused or read_as in refused:
        return "the address's domain is refused"
    if allowed and domain not in allowed:
        return "the address's domain is not allowed"
    return None


def refuse_attributes(attributes: Mapping[str, object]) -> str | None:
    """Return why somebody without a provider may not bring these attributes, or None."""
    if PROVIDER_ONLY_ATTRIBUTES & attributes.keys():
        return "attributes that only an identity provider may set"
    return None
