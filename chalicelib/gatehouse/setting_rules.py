"""Rules between settings: each returns what is wrong with the values."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import setting_values as parse

if TYPE_CHECKING:
    from .settings import Settings

_ADDRESSES = (parse.url, parse.base_url, parse.origins)


def plain_http(settings: "Settings") -> Iterator[str]:
    """http is allowed on the local stage only (S-64)."""
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
        yield "AUTO_SIGN_IN is COGNITO while DIRECT_SIGN_IN is off"
    for kind, lifetimes in (("SESSION", settings.session), ("REMEMBER", settings.remembered)):
        if lifetimes.idle > lifetimes.absolute:
            yield f"{kind}_IDLE_SECONDS is longer than {kind}_ABSOLUTE_SECONDS"
    place = settings.after_sign_in
    if place and not _is_place(place, settings.allowed_origins):
        yield "AFTER_SIGN_IN must be a path such as /api/reports, or a URL of an origin in ALLOWED_ORIGINS"


def _is_place(text: str, origins: frozenset[str]) -> bool:
    """Whether it can be a target at all; `edge.redirects` decides at each sign-in."""
    if text.startswith("/"):
        return not text.startswith(("//", "/\\"))
    return any(text.startswith(f"{origin}/") for origin in origins)


def pool_and_region(settings: "Settings") -> Iterator[str]:
    """Check that the pool's id, its ARN and the region belong together.

    The addresses of issuer and keys contain region and id: those of another pool would be somebody else's.
    """
    pool, arn, region = settings.user_pool_id, settings.user_pool_arn, settings.region
    found = re.fullmatch("([a-z0-9-]+)_[A-Za-z0-9]+", pool)
    if pool and found is None:
        yield "USER_POOL_ID must look like eu-west-1_AbCdEfGhI"
    elif found and region and found[1] != region:
        yield "USER_POOL_ID is of another region than AWS_REGION"
    named = re.fullmatch("arn:[a-z-]+:cognito-idp:([a-z0-9-]+):[0-9]{12}:userpool/(.+)", arn)
    if arn and named is None:
        yield "USER_POOL_ARN is not the ARN of a user pool"
    elif named and pool and named[2] != pool:
        yield "USER_POOL_ARN is of another pool than USER_POOL_ID"
    elif named and region and named[1] != region:
        yield "USER_POOL_ARN is of another region than AWS_REGION"


def issuer(settings: "Settings") -> Iterator[str]:
    """With the issuer of another pool, its keys would be trusted."""
    pool, region = settings.user_pool_id, settings.region
    host = rf"(?:issuer-)?cognito-idp\.{re.escape(region)}\.[a-z0-9.-]+"
    if pool and region and not re.fullmatch(rf"https://{host}/{re.escape(pool)}", settings.issuer):
        yield "ISSUER is not the issuer of USER_POOL_ID in AWS_REGION"


RULES = (plain_http, contradictions, pool_and_region, issuer)
