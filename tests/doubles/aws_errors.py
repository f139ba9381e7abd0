"""The errors of boto3 clients, for doubles that should fail."""

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError


def client_error(code: str, operation: str = "Operation") -> ClientError:
    """An error response of the service; its message contains text that must not be passed on."""
    message = f"detail of {code} that stays inside"
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def connect_timeout() -> BotoCoreError:
    """Build the error for a service that does not answer at all."""
    return ConnectTimeoutError(endpoint_url="https://aws.invalid/secret-path")
