"""Tests that an error of AWS becomes one message that says what to do."""

import pytest
from botocore.exceptions import ClientError

from ops import aws
from ops.errors import OpsError


@pytest.mark.parametrize(
    ("code", "says_where"),
    [("UserLambdaValidationException", True), ("NotAuthorizedException", False)],
)
def test_the_error_of_a_trigger_names_its_log(code: str, says_where: bool) -> None:
    error = ClientError({"Error": {"Code": code, "Message": "no"}}, "AdminCreateUser")
    with (
        pytest.raises(OpsError, match=rf"^AWS refused while creating: {code}: no") as caught,
        aws.explained("creating"),
    ):
        raise error
    assert ("logs`" in str(caught.value)) is says_where
