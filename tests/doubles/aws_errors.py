"""Errors of boto3 clients, for doubles that simulate failures."""

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError


def client_error(code: str, operation: str = "Operation") -> ClientError:
    """Build an error response of an AWS service. Our code must not pass on the text of the error's message."""
    message = f"detail of {code} that stays inside"
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def connect_timeout() -> BotoCoreError:
    """Build the error for a service that does not respond."""
    return ConnectTimeoutError(endpoint_url="https://aws.invalid/secret-path")
