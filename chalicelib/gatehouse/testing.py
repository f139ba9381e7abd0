"""Helpers with which a team tests its own routes in Chalice's test client. The test client does not check access
tokens.

    with Client(app) as client:
        client.http.get("/orders", headers=signed_in(gate, groups=("admins",)))

The helpers do not simulate API Gateway, so the tests cannot show how the API answers a request with a missing or
expired token. The tests do cover the app's own checks of scope and group.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .services import Services
from .settings import Settings

if TYPE_CHECKING:
    from .gate import Gatehouse

#: The settings of a stage that does not exist.
ENVIRONMENT = {
    "STAGE": "test",
    "AWS_REGION": "us-east-1",
    "USER_POOL_ID": "us-east-1_test",
    "CLIENT_ID": "test-client",
    "COGNITO_URL": "https://sign-in.test.invalid",
    "CLIENT_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:test-client",
    "SEALING_KEYS_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:test-keys",
    "USERS_TABLE": "test-users",
    "PROVIDERS_TABLE": "test-providers",
    "SESSIONS_TABLE": "test-sessions",
}


def use(
    gate: "Gatehouse",
    tables: Mapping[str, Any] | None = None,
    clients: Mapping[str, Any] | None = None,
) -> None:
    """Replace tables and clients with your fakes. After this call, `gate.table` and `gate.client` return the fakes."""
    own = gate.own_doubles
    own.update({f"table {name}": double for name, double in (tables or {}).items()})
    own.update(clients or {})


def signed_in(
    gate: "Gatehouse",
    sub: str = "test-person",
    scope: str = "api/read api/write",
    groups: Iterable[str] = (),
) -> dict[str, str]:
    """Return the headers of a signed-in person's request. The function also replaces the settings of `gate` with the
    settings of an invented stage.

    :param sub: the caller's `sub`, which `gate.caller().sub` returns.
    :param scope: the scopes of the access token. Without the route's scope, the answer is 403.
    :param groups: the Cognito groups that the person is in.
    """
    gate.services = Services(Settings.from_env(ENVIRONMENT))
    claims = {
        "token_use": "access",
        "client_id": ENVIRONMENT["CLIENT_ID"],
        "sub": sub,
        "username": sub,
        "cognito:username": sub,  # without this claim, Chalice's test client passes on no claims
        "cognito:groups": list(groups),
        "scope": scope,
        "iat": 0,
    }
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
    head, payload = (base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    return {"Authorization": f"{head}.{payload}.", "Content-Type": "application/json"}
