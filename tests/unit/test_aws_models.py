"""Tests of botocore's data, which is reduced to the calls in our code. botocore finds the reduced data before its own
data. Requests and responses stay the same."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.loaders import JSONFileLoader, Loader

from chalicelib.gatehouse import aws_models
from chalicelib.gatehouse.aws_session import new_session
from ops import service_models
from ops.service_models import OPERATIONS

CODE = Path(aws_models.__file__).parent
REGIONS = ("eu-west-1", "us-gov-west-1", "cn-north-1")
#: botocore's own small data files. Old versions of botocore also read `sdk-default-configuration`.
SMALL = {"endpoint-rule-set-1", "partitions", "sdk-default-configuration", "_retry"}
ARGUMENTS: dict[str, dict[str, dict[str, Any]]] = {
    "dynamodb": {
        "update_item": {
            "TableName": "users",
            "Key": {"userName": {"S": "a"}},
            "UpdateExpression": "SET #a = :a",
            "ConditionExpression": "attribute_exists(userName)",
            "ExpressionAttributeNames": {"#a": "a"},
            "ExpressionAttributeValues": {":a": {"SS": ["x"]}},
            "ReturnValues": "ALL_NEW",
        },
        "get_item": {"TableName": "users", "Key": {"userName": {"S": "a"}}, "ConsistentRead": True},
    },
    "secretsmanager": {"get_secret_value": {"SecretId": "arn:x"}},
    "cognito-idp": {
        "admin_initiate_auth": {
            "UserPoolId": "eu-west-1_x",
            "ClientId": "c",
            "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": "a", "PASSWORD": "b"},
            "ContextData": {
                "IpAddress": "192.0.2.1",
                "ServerName": "",
                "ServerPath": "",
                "HttpHeaders": [],
            },
        },
    },
    "lambda": {"invoke": {"FunctionName": "f", "InvocationType": "Event", "Payload": b"{}"}},
    "sqs": {
        "send_message_batch": {
            "QueueUrl": "https://sqs.eu-west-1.amazonaws.com/1/q",
            "Entries": [{"Id": "1", "MessageBody": "{}"}],
        }
    },
}


def called() -> Iterator[str]:
    """Yield every client method that the runtime's code uses."""
    for file in CODE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value).endswith("client"):
                yield node.attr


def test_the_operations_are_exactly_those_that_the_code_calls() -> None:
    """An unused operation would slow down each cold start. The call of a missing operation would fail, but only on
    Lambda."""
    names, loader = set(called()), Loader()
    for service, operations in OPERATIONS.items():
        known = loader.load_service_model(service, "service-2")["operations"]
        assert sorted(name for name in known if xform_name(name) in names) == sorted(operations)


@pytest.fixture
def cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder with the zip's files."""
    for name, contents in service_models.files().items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents)
    monkeypatch.setattr(aws_models, "FOLDER", tmp_path / service_models.FOLDER)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    return tmp_path


def sent(service: str, region: str) -> list[Any]:
    """Return the request that a client sends for each call in ARGUMENTS: method, URL, our headers, body."""
    client = new_session().create_client(service, region_name=region, config=Config())
    found: list[Any] = []

    def note(request: Any, **_: Any) -> Any:
        from botocore.awsrequest import AWSResponse

        kept = ("X-Amz-Target", "Content-Type", "X-Amz-Invocation-Type")
        headers = {name: str(request.headers.get(name)) for name in kept}
        found.append((request.method, request.url, headers, request.body))
        answer = AWSResponse(request.url, 400, {}, None)
        answer._content = json.dumps(
            {"__type": "x#ConditionalCheckFailedException", "message": "no"}
        ).encode()
        return answer

    client.meta.events.register("before-send", note)
    for name, arguments in ARGUMENTS[service].items():
        with pytest.raises(client.exceptions.ClientError) as caught:
            getattr(client, name)(**arguments)
        found.append((caught.value.response["Error"], caught.value.operation_name))
    return found


@pytest.mark.parametrize("service", OPERATIONS)
def test_the_same_is_sent_and_understood_as_with_all_of_botocores_data(
    cut: Path, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test compares address, body, headers and error codes, in every partition of AWS."""
    ours = [sent(service, region) for region in REGIONS]
    monkeypatch.setattr(aws_models, "FOLDER", cut / "nothing")
    assert ours == [sent(service, region) for region in REGIONS]


def test_botocores_folders_are_not_listed_and_its_large_files_not_read(
    cut: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The large files are the services' models and the list of all endpoints."""
    read: list[str] = []
    load = JSONFileLoader.load_file

    def noted(self: Any, path: str) -> Any:
        read.append(Path(path).name)
        return load(self, path)

    monkeypatch.setattr(Loader, "list_available_services", lambda *_: pytest.fail("listed"))
    monkeypatch.setattr(JSONFileLoader, "load_file", noted)
    for service in OPERATIONS:
        new_session().create_client(service, region_name="eu-west-1")
    assert set(read) <= SMALL


def test_what_was_not_cut_is_botocores(cut: Path) -> None:
    """For another service, another version or another kind of data, botocore uses its own files."""
    loader = aws_models.CutModels()
    assert loader.load_service_model("sqs", "service-2")["metadata"]["serviceId"] == "SQS"
    whole = loader.load_service_model("dynamodb", "service-2", "2012-08-10")
    assert len(whole["operations"]) > len(OPERATIONS["dynamodb"])
    assert loader.load_service_model("dynamodb", "paginators-1")["pagination"]


def test_no_text_of_awss_is_in_the_models() -> None:
    """The models contain names, types and limits, but no documentation."""
    for name, contents in service_models.files().items():
        assert name.endswith("NOTICE") or b'"documentation"' not in contents, name


BESIDE = """
import sys
from chalicelib.gatehouse.aws_session import new_session
client = new_session().create_client("dynamodb", region_name="eu-west-1")
assert "botocore.docs.service" not in sys.modules, "the module that renders documentation"
assert not client.get_item.__doc__
import boto3
boto3.resource("dynamodb", region_name="eu-west-1").Table("users").get_item.__doc__
assert boto3.client("sqs", region_name="eu-west-1").meta.service_model.service_name == "sqs"
"""


def test_documentation_is_not_loaded_and_a_teams_own_boto3_works_beside_it() -> None:
    """The test runs in a separate process, because pytest has already loaded all of botocore."""
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    subprocess.run([sys.executable, "-c", BESIDE], cwd=CODE.parents[1], env=environment, check=True)
