"""Decides who may sign up, by the domain of the person's e-mail address. Refuses attributes that only a provider may
set."""

from collections.abc import Collection, Mapping

from .email_domains import parse_address, parse_full_domain

#: Attributes that contain values of an identity provider. Federation requires that the app client may write these
#: attributes. Therefore, without a check, anybody could set them at sign-up (S-51).
PROVIDER_ONLY_ATTRIBUTES = frozenset({"custom:groups", "custom:idp_sub"})


def refuse_address(email: str, allowed: Collection[str], refused: Collection[str]) -> str | None:
    """Return the reason why the address `email` must not sign up, or None if the address is allowed. The reason is for
    the log. If `allowed` is empty, all domains are allowed.

    A domain does not include its subdomains: `example.com` does not cover `mail.example.com`. If a domain has several
    spellings, all spellings count as the same domain, in `email` and in the lists (S-72).
    """
    address = parse_address(email)
    if address is None:
        return "the text is not an e-mail address"
    domain = address.rpartition("@")[2]
    if domain in map(parse_full_domain, refused):
        return "the address's domain is refused"
    if allowed and domain not in map(parse_full_domain, allowed):
        return "the address's domain is not allowed"
    return None


def refuse_attributes(attributes: Mapping[str, object]) -> str | None:
    """Return the reason why a person who signs up without a provider must not set `attributes`. Return None if all
    attributes are allowed."""
    if PROVIDER_ONLY_ATTRIBUTES & attributes.keys():
        return "the sign-up contains attributes that only an identity provider may set"
    return None
