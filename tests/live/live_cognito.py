"""A user pool on AWS for the cases of tests/cognitos, with the settings of a stage's pool. The module makes the pool
for one run. Afterwards, the module deletes the pool and the pool's domain.

The pool contains only the run's own people. Unless a tester types codes (`read_code`), the pool's mails go to SES's
simulator.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import requests
from botocore.exceptions import ClientError

from ops.pool_addresses import partition_of
from tests.cognitos.on_aws import TIMEOUT, AwsCognito, no_mail
from tests.cognitos.pool import create_pool

#: The name of the pools and domains of live runs. `clean` searches for this name.
NAME = "gatehouse-live-cases"
TAG = {"gatehouse": "live-cases"}
#: The maximum wait for a new domain, in seconds. Cognito sometimes needs more than a minute until it answers at a new
#: domain.
_PATIENCE_SECONDS = 180.0
_PAUSE_SECONDS = 3.0
#: Sign-ups cause mails with codes. This address of SES accepts every mail, so no mail bounces.
#: https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html#send-email-simulator
_NOBODY = "success@simulator.amazonses.com"
#: The page size for listing all pools.
_PAGE = 60

ReadCode = Callable[[str], str]


@contextmanager
def live_cognito(
    cognito: Any,
    region: str,
    *,
    local_url: str = "",
    mailbox: str = "",
    read_code: ReadCode = no_mail,
) -> Iterator[AwsCognito]:
    """Make the pool, yield the pool, and delete the pool.

    `mailbox` is an address whose `+…` variants reach the tester, who types the codes (`read_code`). On the local AWS,
    `local_url` replaces the domain.
    """
    prefix = f"{NAME}-{secrets.token_hex(4)}"
    lacks = {"clock", "events", "federation", "factors"} | (set() if mailbox else {"mail"})
    try:
        pool = create_pool(cognito, prefix, tags=TAG)
        url = local_url or _with_domain(cognito, pool.id, prefix, region)
        found = AwsCognito(cognito, pool, url, frozenset(lacks), read_code)
        found.made_address = lambda: _variant(mailbox or _NOBODY)
        yield found
    finally:
        clean(cognito, prefix)


def clean(cognito: Any, name: str = NAME) -> list[str]:
    """Delete the pools whose names begin with `name`, and the domains of these pools. Return the names of the deleted
    pools."""
    gone = []
    pages = cognito.get_paginator("list_user_pools").paginate(MaxResults=_PAGE)
    for found in [pool for page in pages for pool in page["UserPools"]]:
        if not found["Name"].startswith(name):
            continue
        pool = cognito.describe_user_pool(UserPoolId=found["Id"])["UserPool"]
        if pool.get("Domain"):
            with suppress(ClientError):
                cognito.delete_user_pool_domain(UserPoolId=found["Id"], Domain=pool["Domain"])
        cognito.delete_user_pool(UserPoolId=found["Id"])
        gone.append(str(found["Name"]))
    return gone


def _with_domain(cognito: Any, pool_id: str, prefix: str, region: str) -> str:
    cognito.create_user_pool_domain(UserPoolId=pool_id, Domain=prefix, ManagedLoginVersion=2)
    url = partition_of(region).domain(prefix, region)
    ends_at = time.monotonic() + _PATIENCE_SECONDS
    while True:
        with suppress(requests.RequestException):
            # The endpoint answers 400 or 405 to this empty request. Any other result means that the host does not
            # exist yet.
            if requests.post(f"{url}/oauth2/token", timeout=TIMEOUT).status_code in (400, 405):
                return url
        assert time.monotonic() < ends_at, f"{url} does not answer"
        time.sleep(_PAUSE_SECONDS)


def _variant(mailbox: str) -> str:
    name, _, domain = mailbox.partition("@")
    return f"{name}+case-{secrets.token_hex(4)}@{domain}"
