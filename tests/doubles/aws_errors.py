"""The errors that boto3 clients raise, for doubles that are told to fail."""

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError


def client_error(code: str, operation: str = "Operation") -> ClientError:
    """An answer of the service that says no; its message holds text that must not travel further."""
    message = f"detail of {code} that stays inside"
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def connect_timeout() -> BotoCoreError:
    """No answer at all."""
    return ConnectTimeoutError(endpoint_url="https://aws.invalid/secret-path")
