"""This module reads the people of a user pool for `ops`, page by page, at a limited rate."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.gatehouse.cognito.identities import birthplace_of
from chalicelib.gatehouse.cognito.pool_user import PoolUser, parse_pool_user
from chalicelib.gatehouse.store.users import NAME_COLUMNS, UserProfile

from . import aws

# Cognito allows 30 calls of ListUsers a second, and this quota cannot be raised. Sign-ins that link accounts need some
# of these calls.
# https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
CALLS_PER_SECOND = 20
PAGE = 60
# The states of people with an unconfirmed sign-up, and of invited people who have never signed in.
PENDING_STATES = frozenset({"UNCONFIRMED", "FORCE_CHANGE_PASSWORD"})


class Pace:
    """Limits the number of calls per second by waiting between calls."""

    def __init__(
        self,
        per_second: float = CALLS_PER_SECOND,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval = 1 / per_second
        self._clock = clock
        self._sleep = sleep
        self._next = clock()

    def wait(self) -> None:
        """Wait until the next call may begin."""
        now = self._clock()
        if now < self._next:
            self._sleep(self._next - now)
        self._next = max(now, self._next) + self._interval


class PoolReader:
    """A reader of one pool. `client` is boto3's `cognito-idp` client; `requests` counts the calls."""

    def __init__(self, client: Any, user_pool_id: str, pace: Pace) -> None:
        self._client = client
        self._pool = user_pool_id
        self._pace = pace
        self.requests = 0

    def page(self, token: str | None) -> tuple[list[PoolUser], str | None]:
        """Return a page of people and the token of the next page."""
        more = {"PaginationToken": token} if token else {}
        answer = self._call(self._client.list_users, Limit=PAGE, **more)
        return [parse_pool_user(user) for user in answer["Users"]], answer.get("PaginationToken")

    def find(self, name: str) -> PoolUser | None:
        """Return the user whose user name is `name`, or the native user whose address is `name`."""
        try:
            return parse_pool_user(self._call(self._client.admin_get_user, Username=name))
        except ClientError as error:
            if aws.error_code(error) == "UserNotFoundException":
                return None
            raise

    def _call(self, call: Callable[..., dict[str, Any]], **arguments: Any) -> dict[str, Any]:
        self._pace.wait()
        self.requests += 1
        return call(UserPoolId=self._pool, **arguments)


def build_profile(user: PoolUser, client_id: str) -> UserProfile:
    """Return the data that the users table stores about a user of the pool. `client_id` is used if the user's own app
    client is unknown.
    """
    birthplace = birthplace_of(user.user_name, user.identities)
    attributes = user.attributes
    return UserProfile(
        user_name=user.user_name,
        client_id=client_id,
        email=attributes.get("email", ""),
        given_name=attributes.get("given_name", ""),
        family_name=attributes.get("family_name", ""),
        provider=birthplace.provider,
        sub=attributes.get("sub", ""),
        linked=",".join(birthplace.linked),
        told=NAME_COLUMNS,  # ListUsers and AdminGetUser return all existing attributes
    )
