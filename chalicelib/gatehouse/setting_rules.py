"""Rules that settings must fulfil together. Each rule yields the problems that it finds in the given settings.

This module uses no regular expressions, because every cold start would have to compile them.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import setting_values as parse

if TYPE_CHECKING:
    from .settings import Settings

_ADDRESSES = (parse.url, parse.base_url, parse.origins)
#: The characters that AWS uses in names, except dots and dashes.
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")


def plain_http(settings: "Settings") -> Iterator[str]:
    """Check that a stage has no URLs with http (S-64). The local stage may have such URLs."""
    if settings.stage == "local":
        return
    for setting in settings.declared:
        if setting.parse not in _ADDRESSES:
            continue
        value = getattr(settings, setting.attribute)
        for address in value if isinstance(value, frozenset) else (value,):
            if isinstance(address, str) and address.startswith("http://"):
                yield f"{setting.variable} must start with https://, not {address}"


def contradictions(settings: "Settings") -> Iterator[str]:
    if settings.auto_sign_in == "COGNITO" and settings.direct_sign_in == "off":
        yield "AUTO_SIGN_IN must not be COGNITO while DIRECT_SIGN_IN is off"
    if settings.session_idle_seconds > settings.session_absolute_seconds:
        yield "SESSION_IDLE_SECONDS is longer than SESSION_ABSOLUTE_SECONDS"
    if settings.remember_idle_seconds > settings.remember_absolute_seconds:
        yield "REMEMBER_IDLE_SECONDS is longer than REMEMBER_ABSOLUTE_SECONDS"
    place = settings.after_sign_in
    if place and not _is_place(place, settings.allowed_origins):
        yield "AFTER_SIGN_IN must be a path such as /api/reports, or a URL of an origin in ALLOWED_ORIGINS"


def _is_place(text: str, origins: frozenset[str]) -> bool:
    """Whether the text has the form of a target after a sign-in. The full check of a target is in `edge.redirects`, and
    runs at each sign-in."""
    if text.startswith("/"):
        return not text.startswith(("//", "/\\"))
    return any(text.startswith(f"{origin}/") for origin in origins)


def pool_and_region(settings: "Settings") -> Iterator[str]:
    """Check that the pool's id, the pool's ARN and the region belong together.

    The URLs of the issuer and of the issuer's keys contain the region and the id. With a wrong region or id, we would
    accept another pool's tokens.
    """
    pool, arn, region = settings.user_pool_id, settings.user_pool_arn, settings.region
    of_pool, _, unique = pool.partition("_")
    if pool and not (_is_region(of_pool) and unique.isascii() and unique.isalnum()):
        yield "USER_POOL_ID must look like eu-west-1_AbCdEfGhI"
    elif pool and region and of_pool != region:
        yield "USER_POOL_ID is in another region than AWS_REGION"
    if not arn:
        return
    named = _parse_pool_arn(arn)
    if named is None:
        yield "USER_POOL_ARN is not the ARN of a user pool"
    elif pool and named[1] != pool:
        yield "USER_POOL_ARN belongs to another pool than USER_POOL_ID"
    elif region and named[0] != region:
        yield "USER_POOL_ARN is in another region than AWS_REGION"


def issuer(settings: "Settings") -> Iterator[str]:
    """Check that the issuer belongs to the pool. With the issuer of another pool, we would accept the other pool's
    tokens."""
    pool, region, said = settings.user_pool_id, settings.region, settings.issuer
    if not pool or not region:
        return
    host = said.removeprefix("https://").removesuffix(f"/{pool}")
    domain = host.removeprefix("issuer-").removeprefix(f"cognito-idp.{region}.")
    whole = (f"https://{part}cognito-idp.{region}.{domain}/{pool}" for part in ("", "issuer-"))
    if said not in whole or not domain or set(domain) - _LETTERS - set(".-"):
        yield "ISSUER is not the issuer of USER_POOL_ID in AWS_REGION"


def _parse_pool_arn(arn: str) -> tuple[str, str] | None:
    """Return region and pool of `arn:aws:cognito-idp:REGION:ACCOUNT:userpool/POOL`, or None for any other text."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or parts[2] != "cognito-idp":
        return None
    _, partition, _, region, account, resource = parts
    kind, _, pool = resource.partition("/")
    is_account = len(account) == 12 and account.isascii() and account.isdigit()
    if not (_is_region(partition) and _is_region(region) and is_account):
        return None
    return (region, pool) if kind == "userpool" and pool else None


def _is_region(text: str) -> bool:
    """Whether a text could be the name of a region or a partition."""
    return bool(text) and not set(text) - _LETTERS - {"-"}


RULES = (plain_http, contradictions, pool_and_region, issuer)
