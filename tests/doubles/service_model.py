"""Functions that check every request that a double gets and every response that a double returns. The checks use AWS's
model of the service in botocore."""

import functools
from typing import Any

import botocore.session
from botocore.exceptions import ClientError
from botocore.model import OperationModel, ServiceModel
from botocore.validate import ParamValidator

#: Errors that every operation may return, even though AWS's models do not list them: Amazon Cognito user pools API
#: reference, "Common Errors".
_COMMON_ERRORS = frozenset({"AccessDeniedException", "ThrottlingException"})


@functools.cache
def service_model(name: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(name)


def operation(service: str, name: str) -> OperationModel:
    return service_model(service).operation_model(name)


def check_request(service: str, name: str, arguments: dict[str, Any]) -> None:
    """Fail the test if the arguments are invalid, so that boto3 would raise an error before it sends the request."""
    _check(operation(service, name).input_shape, arguments, f"request of {name}")


def check_answer(service: str, name: str, answer: dict[str, Any]) -> None:
    """Fail the test if AWS could never return the double's response."""
    shape = operation(service, name).output_shape
    if shape is None:
        assert answer == {}, f"{name} answers nothing"
        return
    _check(shape, answer, f"answer of {name}")


def check_error(service: str, name: str, error: ClientError) -> None:
    """Fail the test if the operation cannot return this error."""
    known = {shape.name for shape in operation(service, name).error_shapes}
    code = error.response["Error"]["Code"]
    if code not in known | _COMMON_ERRORS:
        raise AssertionError(f"{name} has no error {code}")


def _check(shape: Any, value: dict[str, Any], what: str) -> None:
    report = ParamValidator().validate(value, shape)
    if report.has_errors():
        raise AssertionError(f"{what}: {report.generate_report()}")
    for name, member in value.items():
        allowed = getattr(shape.members[name], "enum", None)
        if allowed and member not in allowed:
            raise AssertionError(f"{what}: {name} is {member!r}")
