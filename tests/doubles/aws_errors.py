"""The errors of boto3 clients, for doubles that a test lets fail."""

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError


def client_error(code: str, operation: str = "Operation") -> ClientError:
    """Build an error response of the service. Its message contains text that our code must not pass on."""
    message = f"detail of {code} that stays inside"
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def connect_timeout() -> BotoCoreError:
    """Build the error for a service that does not answer at all."""
    return ConnectTimeoutError(endpoint_url="https://aws.invalid/secret-path")
