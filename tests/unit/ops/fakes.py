"""Handwritten stand-ins for the AWS clients, with only the operations that `ops` calls."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from ops.errors import OpsError
from ops.report import Reporter
from ops.stages import Stage

POOL = "eu-west-1_Pool"
POOL_ARN = f"arn:aws:cognito-idp:eu-west-1:111122223333:userpool/{POOL}"


def client_error(code: str, message: str = "") -> ClientError:
    """Build the error that boto3 raises."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


def reporter() -> tuple[Reporter, io.StringIO]:
    """Return a reporter with a fixed clock, and the stream of its lines."""
    stream = io.StringIO()
    return Reporter(stream, clock=lambda: 0.0), stream


def project(tmp_path: Path, **stages: Mapping[str, Any]) -> Path:
    """Write a minimal project with the given stages. Return the project's folder."""
    folder = tmp_path / ".chalice"
    folder.mkdir()
    config = {
        "version": "2.0",
        "app_name": "gatehouse",
        "api_gateway_stage": "api",
        "manage_iam_role": False,
        "minimum_compression_size": 1024,
        "stages": stages,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return tmp_path


def dev_block(name: str = "dev", **changes: Any) -> dict[str, Any]:
    """Return a valid stage block."""
    return {
        "environment_variables": {"STAGE": name, "DIRECT_SIGN_IN": "managed"},
        "gatehouse": {"region": "eu-west-1", "domain_prefix": "acme-dev"},
        **changes,
    }


def stage(project_dir: Path, name: str = "dev", **environment: str) -> Stage:
    """Return a stage like the one that `load_stage` returns after the first pass."""
    return Stage(
        name=name,
        app_name="gatehouse",
        project_dir=project_dir,
        region="eu-west-1",
        environment={
            "DIRECT_SIGN_IN": "managed",
            "USER_POOL_ID": POOL,
            "USER_POOL_ARN": POOL_ARN,
            "PROVIDERS_TABLE": "providers",
            "SESSIONS_TABLE": "sessions",
            "USERS_TABLE": "users",
            **environment,
        },
        options={"domain_prefix": "acme-dev", "throttle_rate": 7, "throttle_burst": 9},
    )


class FakeSession:
    """A boto3 session whose clients are the given fakes. The key of each fake is the name of its service."""

    def __init__(self, **clients: Any) -> None:
        self._clients = {name.replace("_", "-"): client for name, client in clients.items()}

    def client(self, service: str, config: object = None) -> Any:
        """Return the client of a service. Raise an error for a service without a fake."""
        return self._clients[service]


class FakeCloudFormation:
    """A CloudFormation with one stack. If `fails` has a resource and a reason, the next operation fails for this reason
    and is rolled back."""

    def __init__(self, status: str | None = None, parameters: Mapping[str, str] = {}) -> None:
        self.status = status
        self.parameters = dict(parameters)
        self.outputs: dict[str, str] = {"UserPoolId": POOL, "ApiRoleArn": "arn:role"}
        self.events: list[dict[str, str]] = []
        self.calls: list[str] = []
        self.given: list[dict[str, str]] = []
        self.fails: tuple[str, str] | None = None
        self.pending: list[str] = []
        self.protected = False
        self.template = ""
        self.tags: list[dict[str, str]] = []
        #: The error with which the pool refuses a template that contains the pool's schema.
        self.refuses_schema = ""

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        """Describe the stack. The first call returns a pending status."""
        if self.pending:
            self.status = self.pending.pop(0)
        if self.status is None:
            raise client_error("ValidationError", f"Stack with id {StackName} does not exist")
        return {
            "Stacks": [
                {
                    "StackName": StackName,
                    "StackStatus": self.status,
                    "EnableTerminationProtection": self.protected,
                    "LastUpdatedTime": len(self.given),
                    "Parameters": [
                        {"ParameterKey": key, "ParameterValue": value}
                        for key, value in self.parameters.items()
                    ],
                    "Outputs": [
                        {"OutputKey": key, "OutputValue": value}
                        for key, value in self.outputs.items()
                    ],
                }
            ]
        }

    def get_template(self, StackName: str) -> dict[str, Any]:
        """Return the template of the last successful creation or update."""
        return {"TemplateBody": self.template}

    def update_termination_protection(
        self, StackName: str, EnableTerminationProtection: bool
    ) -> None:
        """Record the call."""
        self.calls.append("protect" if EnableTerminationProtection else "unprotect")
        self.protected = EnableTerminationProtection

    def describe_stack_events(self, StackName: str) -> dict[str, Any]:
        """Return the events, the newest first, as AWS does."""
        return {"StackEvents": list(reversed(self.events))}

    def create_stack(
        self, Parameters: list[dict[str, Any]], TemplateBody: str, Tags: Any, **_: Any
    ) -> None:
        """Record the parameters."""
        self.calls.append("create")
        self.template, self.tags = TemplateBody, Tags
        self._apply(Parameters, "CREATE_COMPLETE", "ROLLBACK_COMPLETE")

    def update_stack(
        self, Parameters: list[dict[str, Any]], TemplateBody: str, Tags: Any, **_: Any
    ) -> None:
        """Record the changed parameters. If no parameter has changed, raise the error that AWS raises."""
        self.calls.append("update")
        before = dict(self.parameters), self.template
        fails = self.fails
        if self.refuses_schema and '"Schema":' in TemplateBody:
            self.fails = ("UserPool", self.refuses_schema)
        failed = bool(self.fails)
        self._apply(Parameters, "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
        self.fails = fails
        if failed:
            return
        self.template, self.tags = TemplateBody, Tags
        if (self.parameters, self.template) == before:
            raise client_error("ValidationError", "No updates are to be performed.")

    def delete_stack(self, StackName: str) -> None:
        """Empty the stack."""
        self.calls.append("delete")
        self.status = None
        self.parameters = {}

    def _apply(self, parameters: list[dict[str, Any]], good: str, bad: str) -> None:
        given = {
            item["ParameterKey"]: item["ParameterValue"]
            if "ParameterValue" in item
            else self.parameters[item["ParameterKey"]]
            for item in parameters
        }
        self.given.append(given)
        if self.fails:
            resource, reason = self.fails
            self._event(resource, "CREATE_FAILED", reason)
            self._event("Other", "CREATE_FAILED", "Resource creation cancelled")
            self.status = bad
            return
        self._event("UserPool", "CREATE_COMPLETE", "")
        self.parameters = given
        self.status = good

    def _event(self, resource: str, status: str, reason: str) -> None:
        self.events.append(
            {
                "EventId": str(len(self.events)),
                "LogicalResourceId": resource,
                "ResourceStatus": status,
                "ResourceStatusReason": reason,
            }
        )


class FakeSts:
    """An STS with one account."""

    def get_caller_identity(self) -> dict[str, str]:
        """Return the account of the credentials."""
        return {"Account": "111122223333"}


class FakePaginator:
    """A paginator that returns one page."""

    def __init__(self, page: Mapping[str, Any]) -> None:
        self._page = page

    def paginate(self, **_: str) -> list[Mapping[str, Any]]:
        """Yield all pages."""
        return [self._page]


def no_discovery(url: str) -> Mapping[str, Any]:
    """Raise an error, because unit tests use no network."""
    raise OpsError(f"This test does not expect a request for {url}")


class FakeCognito:
    """A Cognito with the identity providers of one pool."""

    def __init__(self) -> None:
        self.providers: dict[str, dict[str, Any]] = {}
        self.log: list[str] = []
        self.protection = "INACTIVE"
        self.pool: dict[str, Any] = {}
        self.meta = SimpleNamespace(endpoint_url="http://127.0.0.1:4566")

    def describe_identity_provider(self, UserPoolId: str, ProviderName: str) -> dict[str, Any]:
        """Return one provider, or raise AWS's error."""
        if ProviderName not in self.providers:
            raise client_error("ResourceNotFoundException")
        return {"IdentityProvider": self.providers[ProviderName]}

    def create_identity_provider(self, **request: Any) -> None:
        """Store the provider."""
        self.log.append("create")
        self.providers[request["ProviderName"]] = request

    def update_identity_provider(self, **request: Any) -> None:
        """Replace the provider."""
        self.log.append("update")
        self.providers[request["ProviderName"]].update(request)

    def delete_identity_provider(self, UserPoolId: str, ProviderName: str) -> None:
        """Remove the provider, or raise AWS's error."""
        self.log.append("delete")
        if self.providers.pop(ProviderName, None) is None:
            raise client_error("ResourceNotFoundException")

    def get_paginator(self, operation: str) -> FakePaginator:
        """Return a paginator of the providers' names."""
        return FakePaginator({"Providers": [{"ProviderName": name} for name in self.providers]})

    def describe_user_pool(self, UserPoolId: str) -> dict[str, Any]:
        """Return the pool's protection, its domain, and the test's own values."""
        pool = {"DeletionProtection": self.protection, "Domain": "acme-dev", **self.pool}
        return {"UserPool": pool}

    def delete_user_pool(self, UserPoolId: str) -> None:
        """Record the call."""
        self.log.append("delete pool")


class FakeDynamoDB:
    """A DynamoDB with the rows of the providers table, and the protection of all tables."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.protected = False
        self.deleted: list[str] = []

    def update_item(
        self, Key: dict[str, Any], ExpressionAttributeValues: dict[str, Any], **_: Any
    ) -> None:
        """Set the attributes as put_row does."""
        row = self.rows.setdefault(Key["name"]["S"], {"name": Key["name"]})
        row.update({name[1:]: value for name, value in ExpressionAttributeValues.items()})

    def delete_item(self, Key: dict[str, Any], **_: Any) -> None:
        """Remove a row."""
        self.rows.pop(Key["name"]["S"], None)

    def get_paginator(self, operation: str) -> FakePaginator:
        """Return a paginator of the rows."""
        return FakePaginator({"Items": list(self.rows.values())})

    def describe_table(self, TableName: str) -> dict[str, Any]:
        """Return the table's protection."""
        return {"Table": {"DeletionProtectionEnabled": self.protected}}

    def delete_table(self, TableName: str) -> None:
        """Record the call."""
        self.deleted.append(TableName)
