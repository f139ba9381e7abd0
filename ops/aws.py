"""This module builds boto3 sessions and clients for a stage.

boto3 itself reads the endpoint from `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` in the environment. So the same
code works with the local AWS and with AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.gatehouse.errors import TemporarilyUnavailable

from .errors import OpsError
from .program import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .stages import Stage

# A person waits for the command, so a call to an unreachable endpoint must fail within seconds. boto3 still retries
# throttled calls, because Cognito's control plane allows only a few calls a second.
_CONFIG = Config(
    connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 6}
)
#: Cognito's errors for a trigger that failed.
#: Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html
_TRIGGER_ERRORS = (
    "UserLambdaValidationException",
    "UnexpectedLambdaException",
    "InvalidLambdaResponseException",
)


def session(stage: Stage) -> boto3.Session:
    """Build a boto3 session in the stage's region."""
    with explained("opening a session"):
        return boto3.Session(region_name=stage.region)


def client(session: boto3.Session, service: str) -> Any:
    """Build a boto3 client with short timeouts.

    The return type is `Any`, because boto3 makes its client classes at run time, and Gatehouse does not depend on their
    type stubs.
    """
    make: Callable[..., Any] = session.client
    return make(service, config=_CONFIG)


def account_id(session: boto3.Session) -> str:
    """Return the id of the AWS account to which the session's credentials belong."""
    return str(client(session, "sts").get_caller_identity()["Account"])


def error_code(error: ClientError) -> str:
    """Return the code of an AWS error, such as `ResourceNotFoundException`."""
    return str(_error(error).get("Code", ""))


def error_message(error: ClientError) -> str:
    """Return the message of an AWS error."""
    return str(_error(error).get("Message", ""))


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Convert an AWS error inside the block into an OpsError. The message contains `doing`, the failed action."""
    try:
        yield
    except ClientError as error:
        said = f"AWS refused while {doing}: {error_code(error)}: {error_message(error)}"
        if error_code(error) in _TRIGGER_ERRORS:
            said += (
                "\nA trigger of the user pool refused, failed, or did not respond within "
                f"Cognito's 5 seconds. Read the reason with `{PROGRAM} logs`. If the trigger was "
                "only slow, run this command again."
            )
        raise OpsError(said) from error
    except TemporarilyUnavailable as error:
        raise OpsError(f"A DynamoDB table did not respond while {doing}: {error.detail}") from error
    except BotoCoreError as error:
        raise OpsError(
            f"AWS could not be reached while {doing}: {error}\n"
            "Check the credentials (AWS_PROFILE, or `aws sts get-caller-identity`) and the network."
        ) from error


def _error(error: ClientError) -> Mapping[str, Any]:
    found: Mapping[str, Any] = error.response.get("Error", {})
    return found
