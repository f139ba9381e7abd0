"""This module reads a deployed stage for doctor. Each part is read once, when a check first needs the part."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from functools import cached_property
from typing import Any

import boto3
import requests
from botocore.exceptions import ClientError

from chalicelib.gatehouse.edge.urls import AppUrl

from .. import aws
from ..cloudformation import describe
from ..connect import Deployed, load_deployed, root_url
from ..errors import OpsError
from ..mount import Mount, load_mount
from ..program import PROGRAM
from ..stages import Stage

TIMEOUT_SECONDS = 15
TABLES = ("USERS_TABLE", "PROVIDERS_TABLE", "SESSIONS_TABLE", "THROTTLE_TABLE", "SUBJECTS_TABLE")
#: Tables that have no deletion protection and no backups, because no account depends on their data.
PASSING = ("SESSIONS_TABLE", "THROTTLE_TABLE")
FUNCTIONS = {
    "api_handler": "",
    "user_records": "user_records",
    "token_claims": "token_claims",
    "account_mail": "account_mail",
    "leaving": "leaving",
}
_ABSENT = (
    "ResourceNotFoundException",
    "NotFoundException",
    "NoSuchEntity",
    "UserPoolNotFoundException",
)


class Missing(Exception):
    """The error for a missing part that several checks need. One of these checks reports that the part is missing. The
    other checks cannot run, and doctor lists them as not checked.
    """


@dataclass(frozen=True)
class Answer:
    """An HTTP response. Without a response, `status` is 0 and `error` gives the reason."""

    status: int
    headers: Mapping[str, str]
    text: str = ""
    error: str = ""


Fetch = Callable[[str], Answer]


def fetch(url: str) -> Answer:
    """Send a GET request to an address, without following redirects."""
    try:
        found = requests.get(url, timeout=TIMEOUT_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        return Answer(0, {}, error=type(error).__name__)
    return Answer(found.status_code, found.headers, found.text)


class Deployment:
    """The deployed parts of one stage. `http` fetches web pages, and `session` reads all other parts."""

    def __init__(self, session: boto3.Session, stage: Stage, http: Fetch = fetch) -> None:
        self.session = session
        self.stage = stage
        self.http = http
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """Return boto3's client for a service. Each client is made only once."""
        if service not in self._clients:
            self._clients[service] = aws.client(self.session, service)
        return self._clients[service]

    def variable(self, name: str) -> str:
        """Return a setting of the stage. Raises Missing if the setting is empty."""
        value = self.stage.environment.get(name, "")
        if not value:
            raise Missing(f"{name} is not set (see stack-outputs)")
        return value

    @property
    def today(self) -> date:
        """Today's date."""
        return self.now.date()

    @property
    def now(self) -> datetime:
        """The current time, in UTC."""
        return datetime.now(timezone.utc)

    @property
    def again(self) -> str:
        """The remedy for most faults: the command that deploys the stage again."""
        return f"run `{PROGRAM} deploy --stage {self.stage.name}`."

    @cached_property
    def stack(self) -> dict[str, Any]:
        """The identity stack."""
        found = describe(self.client("cloudformation"), self.stage.identity_stack)
        if found is None:
            raise Missing("the identity stack is missing (see stack-status)")
        return found

    @cached_property
    def parameters(self) -> dict[str, str]:
        """Parameters of the identity stack."""
        return {
            item["ParameterKey"]: item.get("ParameterValue", "")
            for item in self.stack.get("Parameters", [])
        }

    @cached_property
    def outputs(self) -> dict[str, str]:
        """Outputs of the identity stack."""
        return {item["OutputKey"]: item["OutputValue"] for item in self.stack.get("Outputs", [])}

    @cached_property
    def pool(self) -> dict[str, Any]:
        """The user pool."""
        found = self.absent_as_none(
            self.client("cognito-idp").describe_user_pool, UserPoolId=self.variable("USER_POOL_ID")
        )
        if found is None:
            raise Missing("the user pool is missing (see user-pool)")
        return dict(found["UserPool"])

    @cached_property
    def app_client(self) -> dict[str, Any]:
        """The app client."""
        found = self.absent_as_none(
            self.client("cognito-idp").describe_user_pool_client,
            UserPoolId=self.pool["Id"],
            ClientId=self.variable("CLIENT_ID"),
        )
        if found is None:
            raise Missing("the app client is missing (see app-client)")
        return dict(found["UserPoolClient"])

    @cached_property
    def providers(self) -> dict[str, dict[str, Any]]:
        """The pool's identity providers by name."""
        cognito, pool_id = self.client("cognito-idp"), self.pool["Id"]
        pages = cognito.get_paginator("list_identity_providers").paginate(UserPoolId=pool_id)
        names = [item["ProviderName"] for page in pages for item in page["Providers"]]
        return {
            name: cognito.describe_identity_provider(UserPoolId=pool_id, ProviderName=name)[
                "IdentityProvider"
            ]
            for name in names
        }

    @cached_property
    def provider_items(self) -> dict[str, dict[str, Any]]:
        """The rows of the providers table, by provider name, in DynamoDB's format."""
        pages = (
            self.client("dynamodb")
            .get_paginator("scan")
            .paginate(TableName=self.variable("PROVIDERS_TABLE"))
        )
        return {item["name"]["S"]: item for page in pages for item in page["Items"]}

    @cached_property
    def provider_rows(self) -> dict[str, list[str]]:
        """The domains in the providers table, by provider name."""
        return {
            name: [domain["S"] for domain in item.get("domains", {}).get("L", [])]
            for name, item in self.provider_items.items()
        }

    @cached_property
    def deployed(self) -> Deployed:
        """Chalice's record of the deployment."""
        try:
            return load_deployed(self.stage)
        except OpsError:
            raise Missing(
                "the stage has no record of a deployment by Chalice (see deployed)"
            ) from None

    @cached_property
    def root(self) -> str:
        """The app's public root, with a trailing slash."""
        return root_url(self.stage, self.deployed)

    @cached_property
    def mount(self) -> Mount:
        """The way in which the project's app mounts Gatehouse."""
        return load_mount(self.stage.project_dir, self.stage.environment)

    @property
    def url(self) -> AppUrl:
        """The addresses of the sign-in."""
        return self.mount.url(self.root)

    @cached_property
    def functions(self) -> dict[str, dict[str, Any]]:
        """The functions, by their names in Chalice. Raises Missing if a function is missing."""
        found = {}
        for name, suffix in FUNCTIONS.items():
            full = self.stage.function(suffix) if suffix else self.stage.api_function
            described = self.absent_as_none(
                self.client("lambda").get_function_configuration, FunctionName=full
            )
            if described is None:
                raise Missing(f"the function {full} is missing (see functions)")
            found[name] = dict(described)
        return found

    @cached_property
    def api_stage(self) -> dict[str, Any]:
        """The API's stage."""
        found = self.absent_as_none(
            self.client("apigateway").get_stage,
            restApiId=self.deployed.rest_api_id,
            stageName=self.stage.api_gateway_stage,
        )
        if found is None:
            raise Missing("the API or its stage is missing (see api)")
        return dict(found)

    @cached_property
    def methods(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Every deployed method: path, verb, settings."""
        pages = (
            self.client("apigateway")
            .get_paginator("get_resources")
            .paginate(restApiId=self.deployed.rest_api_id, embed=["methods"])
        )
        return [
            (resource["path"], verb, method)
            for page in pages
            for resource in page["items"]
            for verb, method in resource.get("resourceMethods", {}).items()
        ]

    @cached_property
    def tables(self) -> dict[str, dict[str, Any]]:
        """The tables, by the variable that contains the table's name. Raises Missing if a table is missing."""
        found = {}
        for variable in TABLES:
            described = self.absent_as_none(
                self.client("dynamodb").describe_table, TableName=self.variable(variable)
            )
            if described is None:
                raise Missing(f"the table {self.variable(variable)} is missing (see tables)")
            found[variable] = dict(described["Table"])
        return found

    def policies(self, role_arn: str, *, besides: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        """Return every statement of a role's inline policies. Policies whose names are in `besides` are left out."""
        iam, role = self.client("iam"), role_arn.rsplit("/", 1)[-1]
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        documents = [
            iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            for name in names
            if name not in besides
        ]
        return [
            statement
            for document in documents
            for statement in (json.loads(document) if isinstance(document, str) else document)[
                "Statement"
            ]
        ]

    @staticmethod
    def absent_as_none(call: Any, **request: Any) -> Any:
        """Call AWS and return the response. Return None if AWS says that the resource does not exist."""
        try:
            return call(**request)
        except ClientError as error:
            if aws.error_code(error) in _ABSENT:
                return None
            raise
