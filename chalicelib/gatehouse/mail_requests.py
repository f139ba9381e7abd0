"""Passes requests for a mailed code to our Lambda function `account_mail`, and does not wait until the function ends.

A known, a new and an unconfirmed address need different calls to Cognito, and these calls take different times.
Therefore a route that requests a code makes no calls to Cognito. The route passes the address to the function and
answers at once. The answer takes the same time for every address (S-73). Lambda stores the event. If the function
fails, Lambda runs it up to two more times. Source: AWS Lambda developer guide, "Invoking a Lambda function
asynchronously".
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from .errors import TemporarilyUnavailable

SIGN_UP = "sign-up"
RESEND_CODE = "resend-code"
RESET = "forgot-password"
#: HTTP status 202. Lambda has stored the event, and will run the function.
_ACCEPTED = 202
KINDS = (SIGN_UP, RESEND_CODE, RESET)


@dataclass(frozen=True)
class MailRequest:
    """A request for a code. `kind` is one of KINDS. `ip` is the caller's IP address. `lock` is the key of the lock for
    the address (`store/locks.py`)."""

    kind: str
    email: str = field(repr=False)
    ip: str
    lock: str

    @classmethod
    def parse(cls, event: Any) -> "MailRequest":
        """Return the request that an event of the function contains. Raises ValueError for an event that this release
        never sends."""
        names = set(cls.__dataclass_fields__)
        if not isinstance(event, dict) or set(event) != names:
            raise ValueError("not a request for a mail")
        if not all(isinstance(event[name], str) for name in names) or event["kind"] not in KINDS:
            raise ValueError("not a request for a mail")
        return cls(**event)


class Lambda(Protocol):
    """The method of boto3's client that this module calls. The tests' fake client has the same method."""

    def invoke(self, **arguments: Any) -> dict[str, Any]: ...


class MailRequests:
    """Passes requests to the Lambda function `function_name` through `client`."""

    def __init__(self, client: Lambda, function_name: str) -> None:
        self._client = client
        self._function_name = function_name

    def send(self, request: MailRequest) -> None:
        """Pass on a request and return at once. Raises TemporarilyUnavailable."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._client.invoke(
                FunctionName=self._function_name,
                InvocationType="Event",
                Payload=json.dumps(asdict(request)).encode(),
            )
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            raise TemporarilyUnavailable(f"Lambda Invoke: {code}") from None
        except BotoCoreError as error:
            raise TemporarilyUnavailable(f"Lambda Invoke: {type(error).__name__}") from None
        if answer.get("StatusCode") != _ACCEPTED:
            raise TemporarilyUnavailable("Lambda Invoke: not accepted")
