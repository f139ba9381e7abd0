"""Routes for an identity provider's servers: the event hook, and Universal Logout. Browsers do not call these routes."""

from typing import Any

from chalice.app import Response

from ..errors import InvalidRequest, PayloadTooLarge
from .call import Call

#: The maximum size of a request. Okta sends several events in one request, and each event has about 2 kB.
MAX_BODY_BYTES = 256 * 1024
_MAX_CHALLENGE = 512


def verify_event_hook(call: Call, provider: str) -> dict[str, str]:
    """Answer Okta's one-time check that this URL belongs to us. The answer's body contains the challenge from Okta's
    request. The answer is the same for every provider's name.

    Raises NotFound on a stage that was provisioned by a release without event hooks.
    """
    _ = call.services.leaving_door
    challenge = call.header("x-okta-verification-challenge")
    if not 0 < len(challenge) <= _MAX_CHALLENGE or not challenge.isprintable():
        raise InvalidRequest("no verification challenge")
    return {"verification": challenge}


def take_events(call: Call, provider: str) -> Response:
    """Accept a request of Okta's event hook: put the events into the queue, then answer. The function `leaving` acts on
    the events later."""
    secret = call.header("authorization")
    call.services.leaving_door.take_events(provider, secret, lambda: _body(call))
    return Response("", status_code=204)


def revoke(call: Call, provider: str) -> Response:
    """Accept a request of Okta's Universal Logout for one person. The status 204 means that the sessions will end. The
    status 404 means that the pool has no such person."""
    from urllib.parse import quote

    scheme, _, token = call.header("authorization").partition(" ")
    audience = f"{call.url.origin}{call.url.base_path}auth/revoke/{quote(provider, safe='')}"
    door = call.services.leaving_door
    door.revoke(
        provider, token if scheme.lower() == "bearer" else "", audience, lambda: _body(call)
    )
    return Response("", status_code=204)


def _body(call: Call) -> dict[str, Any]:
    from ..edge.bodies import parse_object

    try:
        raw = call.request.raw_body
    except ValueError:
        raise InvalidRequest("body is not base64") from None
    if len(raw) > MAX_BODY_BYTES:
        raise PayloadTooLarge(f"{len(raw)} bytes")
    return parse_object(raw)
