"""A webhook: a payment service reports payments, and signs each request.

Copy this file to `chalicelib/payments.py`; README.md in this folder has the other steps. The signature is an
HMAC-SHA256 over the time and the raw body, as at Stripe, GitHub and Slack. These services use other names for the
headers.
"""

import hashlib
import hmac
import json
import os
import time
from functools import cache
from typing import Any

from chalice.app import Blueprint

from chalicelib.gatehouse import gate_of
from chalicelib.gatehouse.errors import InvalidRequest, Unauthorized
from chalicelib.gatehouse.log import log_event

routes = Blueprint(__name__)

#: The maximum age of a signature, in seconds. The caller's clock may also be this many seconds ahead.
TOLERANCE_SECONDS = 300
#: The content types that the service may send. Chalice answers 415 to any other type.
TYPES = ["application/json", "application/x-www-form-urlencoded", "application/octet-stream"]


@routes.route("/hooks/payments", methods=["POST"], content_types=TYPES)
def payment() -> dict[str, Any]:
    """Accept one delivery. A repeated delivery gets the same response and has no effect."""
    request = routes.current_request
    try:
        body = request.raw_body  # the decoded body: API Gateway may send base64
    except ValueError:
        raise InvalidRequest("body is not base64") from None
    verify_signature(
        body if isinstance(body, bytes) else body.encode(),
        request.headers.get("x-payments-signature", ""),
        load_secret(),
        time.time(),
    )
    # Parse the body after the check, because the sender of an unverified body may be an attacker.
    try:
        delivery = str(json.loads(body)["id"])
    except (ValueError, KeyError, TypeError):
        raise InvalidRequest("no delivery of the service", field="id") from None
    if is_first(delivery):
        # Do your own work at this point. If the work takes long, put the delivery into a queue.
        log_event("payment", delivery=delivery)
    return {"taken": True}


def verify_signature(body: bytes, header: str, secret: bytes, now: float) -> None:
    """Check `t=<Unix seconds>,v1=<hex>` over `<t>.<body>`. Raises Unauthorized.

    The signature covers the raw bytes, because JSON that was parsed and serialized again may have another signature.
    The comparison takes the same time for every wrong signature.
    """
    parts = [part.partition("=")[::2] for part in header.split(",")]
    times = [value for name, value in parts if name == "t"]
    given = [value for name, value in parts if name == "v1"]
    if len(times) != 1 or not times[0].isascii() or not times[0].isdigit() or len(times[0]) > 12:
        raise Unauthorized("webhook without a time")
    wanted = hmac.new(secret, times[0].encode() + b"." + body, hashlib.sha256).hexdigest()
    # While the service changes its secret, one request may have two signatures.
    matches = [hmac.compare_digest(wanted.encode(), each.encode()) for each in given[:4]]
    if not any(matches):
        raise Unauthorized("webhook with a wrong signature")
    if abs(now - int(times[0])) > TOLERANCE_SECONDS:
        raise Unauthorized("webhook with an old signature")


@cache
def load_secret() -> bytes:
    """Read the secret that is shared with the service, once per container."""
    client = gate_of(routes).client("secretsmanager")
    answer = client.get_secret_value(SecretId=os.environ["PAYMENTS_SECRET_ARN"])
    return str(answer["SecretString"]).encode()


def is_first(delivery: str) -> bool:
    """Store a delivery, and return whether the delivery is new. Within the tolerance an attacker could send a signed
    request again."""
    client = gate_of(routes).client("dynamodb")
    try:
        client.put_item(
            TableName=os.environ["DELIVERIES_TABLE"],
            Item={
                "id": {"S": delivery},
                "expires_at": {"N": str(int(time.time()) + 2 * 86_400)},
            },
            ConditionExpression="attribute_not_exists(id)",
        )
    except client.exceptions.ConditionalCheckFailedException:
        return False
    return True
