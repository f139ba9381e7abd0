"""A program that calls the API with a client that openapi-python-client generates from /openapi.json. The program prints
the results.

The program runs in the environment of tests/openapi/requirements.txt, next to the generated package `made`.
"""

import json
import ssl
import sys
from urllib.parse import urlsplit

from made import AuthenticatedClient, Client
from made.api.api import me, orders, sessions, users
from made.api.direct import direct_sign_in
from made.api.page import health
from made.models import (
    DirectSignInBody,
    DirectSignInXGatehouse,
    Error,
    SessionsResponse200,
    TokenAnswer,
)

base_url, ca_file, email, password = sys.argv[1:]
trusted = ssl.create_default_context(cafile=ca_file)
api = Client(
    base_url=base_url,
    verify_ssl=trusted,
    headers={"Origin": "{0.scheme}://{0.netloc}".format(urlsplit(base_url))},
)


def sign_in(secret: str) -> object:
    return direct_sign_in.sync(
        client=api,
        body=DirectSignInBody(email=email, password=secret, remember=False),
        x_gatehouse=DirectSignInXGatehouse.VALUE_0,
    )


alive, refused, signed_in = health.sync(client=api), sign_in("wrong"), sign_in(password)
assert alive is not None
assert isinstance(refused, Error)
assert isinstance(signed_in, TokenAnswer)
person = AuthenticatedClient(base_url=base_url, verify_ssl=trusted, token=signed_in.access_token)
mine, others = me.sync(client=person), users.sync(client=person, limit=1)
assert mine is not None
assert not isinstance(mine, Error)
assert isinstance(others, Error)
listed, owned = sessions.sync(client=person), orders.sync(client=person)
assert isinstance(listed, SessionsResponse200)
assert owned is not None
assert not isinstance(owned, Error)
print(
    json.dumps(
        {
            "health": alive.status,
            "refused": refused.error,
            "me": mine.email,
            "listed": all(each.started_at.tzinfo for each in listed.sessions),
            "users": others.error,
            "orders": owned.owner == mine.sub,
        }
    )
)
