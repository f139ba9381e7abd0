"""The list of all checks. Each check comes after the checks on which it depends."""

from __future__ import annotations

from . import (
    api,
    app_client,
    data,
    functions,
    identity_providers,
    leaving,
    own_parts,
    packages,
    passkeys,
    pool,
    programs,
    sign_in,
    watch,
)
from . import stack as identity
from .check import Check

CHECKS: tuple[Check, ...] = (
    *identity.CHECKS,
    *api.CHECKS[:1],
    *functions.CHECKS,
    *packages.CHECKS,
    *pool.CHECKS,
    *app_client.CHECKS,
    *programs.CHECKS,
    *passkeys.CHECKS,
    *identity_providers.CHECKS,
    *leaving.CHECKS,
    *own_parts.CHECKS,
    *data.CHECKS,
    *api.CHECKS[1:],
    *watch.CHECKS,
    *sign_in.CHECKS,
)
