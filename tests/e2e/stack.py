"""The local stack for the end-to-end tests: its addresses, its AWS clients, and people who sign in without a browser."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import boto3
import requests

from ops.local.mends.inbound_federation import EMPTY_CLAIMS_TAG
from tests.e2e.sightings import note_answer, note_sent

HOSTED_SCOPES = "openid email profile api/read api/write"


@dataclass(frozen=True)
class Stack:
    """A running stack. `info` is the output of `ops info --json`."""

    info: Mapping[str, Any]

    @property
    def url(self) -> str:
        """The app's root, with a trailing slash."""
        return str(self.info["app_url"])

    @property
    def origin(self) -> str:
        return self.url.rstrip("/")

    @property
    def verify(self) -> str | bool:
        """Return the value for the argument `verify` of the library `requests`: the path of the certificate authority's
        file."""
        return self.info["ca_file"] or True

    def past_proxy(self, url: str) -> tuple[str, str]:
        """Return the URL at API Gateway, which bypasses the front proxy. Also return the Host header that identifies
        the API."""
        aws = str(self.info["aws_endpoint_url"])
        host = f"{self.info['rest_api_id']}.execute-api.{urlsplit(aws).netloc}"
        return f"{aws}/api/{url.removeprefix(self.url)}", host

    def aws(self, service: str) -> Any:
        """A client with all permissions in the local AWS."""
        return boto3.Session("test", "test", region_name=self.info["region"]).client(
            service, endpoint_url=self.info["aws_endpoint_url"]
        )

    def sub(self, email: str) -> str:
        """Return the subject of a person at Okta."""
        return next(str(p["sub"]) for p in self.info["okta_users"] if p["email"] == email)

    def user_name(self, email: str) -> str:
        """Return the pool's user name of a person from Okta. The name is in lower case, because the pool ignores case."""
        return f"Okta_{self.sub(email)}".lower()

    def user_item(self, user_name: str) -> dict[str, str] | None:
        """Return the row of the users table as a mapping from attribute to value, or None."""
        answer = self.aws("dynamodb").get_item(
            TableName=self.info["users_table"],
            Key={"userName": {"S": user_name}},
            ConsistentRead=True,
        )
        item = answer.get("Item")
        return {name: next(iter(value.values())) for name, value in item.items()} if item else None

    def delete_user_item(self, user_name: str) -> None:
        self.aws("dynamodb").delete_item(
            TableName=self.info["users_table"], Key={"userName": {"S": user_name}}
        )

    def prove(self, user_name: str) -> None:
        """Store the proof that the owner of the mailbox has chosen the password."""
        self.aws("dynamodb").update_item(
            TableName=self.info["users_table"],
            Key={"userName": {"S": user_name}},
            UpdateExpression="SET provedAt = :now",
            ExpressionAttributeValues={":now": {"S": "2026-01-01T00:00:00.000Z"}},
        )

    @contextmanager
    def keeping_empty_claims(self) -> Iterator[None]:
        """Make the local Cognito keep a stored value if a trigger returns an empty value. Cognito on AWS may do the
        same."""
        cognito, pool = self.aws("cognito-idp"), self.info["user_pool_id"]
        arn = cognito.describe_user_pool(UserPoolId=pool)["UserPool"]["Arn"]
        cognito.tag_resource(ResourceArn=arn, Tags={EMPTY_CLAIMS_TAG: "keep"})
        try:
            yield
        finally:
            cognito.untag_resource(ResourceArn=arn, TagKeys=[EMPTY_CLAIMS_TAG])

    def accounts(self, email: str) -> list[str]:
        """Return the user names of the pool's accounts with the address `email`."""
        found = self.aws("cognito-idp").list_users(
            UserPoolId=self.info["user_pool_id"], Filter=f'email = "{email}"'
        )
        return [user["Username"] for user in found["Users"]]

    def forget_person(self, email: str) -> None:
        """Delete one of Okta's people from the pool. Also delete the record, even if the person is missing from the pool."""
        cognito = self.aws("cognito-idp")
        name = self.user_name(email)
        with suppress(cognito.exceptions.UserNotFoundException):
            cognito.admin_delete_user(UserPoolId=self.info["user_pool_id"], Username=name)
        self.delete_user_item(name)

    def create_person(self, email: str, password: str) -> None:
        """Create a confirmed native person in the way that an administrator does."""
        cognito = self.aws("cognito-idp")
        pool = self.info["user_pool_id"]
        attributes = {
            "email": email,
            "email_verified": "true",
            "given_name": "Nadia",
            "family_name": "Berg",
        }
        cognito.admin_create_user(
            UserPoolId=pool,
            Username=email,
            UserAttributes=[{"Name": n, "Value": v} for n, v in attributes.items()],
            MessageAction="SUPPRESS",
        )
        cognito.admin_set_user_password(
            UserPoolId=pool, Username=email, Password=password, Permanent=True
        )

    def users(self) -> dict[str, dict[str, str]]:
        """All rows of the users table, by userName."""
        pages = (
            self.aws("dynamodb")
            .get_paginator("scan")
            .paginate(TableName=self.info["users_table"], ConsistentRead=True)
        )
        rows = [
            {name: next(iter(value.values())) for name, value in item.items()}
            for page in pages
            for item in page["Items"]
        ]
        return {row["userName"]: row for row in rows}

    def start_anew(self, *triggers: str) -> None:
        """Make the API and the triggers start new containers, as after a deployment. If arguments name triggers, only
        the named triggers start new containers."""
        functions = self.aws("lambda")
        app = f"gatehouse-{self.info['stage']}"
        every = tuple(
            f"{app}{name}"
            for name in ("", "-user_records", "-token_claims", "-account_mail", "-leaving")
        )
        for name in [f"{app}-{given}" for given in triggers] or every:
            found = functions.get_function_configuration(FunctionName=name)["Environment"]
            turn = str(int(found["Variables"].get("TURN", "0")) + 1)
            functions.update_function_configuration(
                FunctionName=name, Environment={"Variables": {**found["Variables"], "TURN": turn}}
            )

    @contextmanager
    def with_setting(self, name: str, value: str) -> Iterator[None]:
        """Run the API with another setting inside the `with` block, as after a deployment."""
        functions = self.aws("lambda")
        function = f"gatehouse-{self.info['stage']}"
        found = functions.get_function_configuration(FunctionName=function)
        before = found["Environment"]["Variables"]
        changed = {**before, name: value}
        functions.update_function_configuration(
            FunctionName=function, Environment={"Variables": changed}
        )
        try:
            yield
        finally:
            functions.update_function_configuration(
                FunctionName=function, Environment={"Variables": before}
            )

    @contextmanager
    def without_permission(self, role: str, action: str) -> Iterator[None]:
        """Remove one action from a role's policies inside the `with` block, and restore the policies afterwards."""
        iam = self.aws("iam")
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        before = {
            name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            for name in names
        }
        taken = 0
        for name, document in before.items():
            changed = json.loads(json.dumps(document))
            for statement in changed["Statement"]:
                actions = statement["Action"]
                actions = [actions] if isinstance(actions, str) else actions
                statement["Action"] = [a for a in actions if a != action] or ["none:None"]
                taken += action in actions
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(changed))
        assert taken, f"{role} does not hold {action}"
        try:
            yield
        finally:
            for name, document in before.items():
                iam.put_role_policy(
                    RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document)
                )


@dataclass
class Visitor:
    """A person with an HTTP client. The client runs the sign-in step by step and keeps cookies as a browser does."""

    stack: Stack
    http: requests.Session = field(default_factory=requests.Session)
    cookies: dict[str, str] = field(default_factory=dict)
    #: Whether to call API Gateway directly. Tests of the header Strict-Transport-Security need direct calls, because
    #: the front proxy removes this header.
    past_proxy: bool = False

    def request(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """Call the app with this visitor's cookies, without following redirects."""
        headers = dict(arguments.pop("headers", {}))
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{n}={v}" for n, v in self.cookies.items())
        note_sent(arguments.get("json"))
        url = urljoin(self.stack.url, path)
        if self.past_proxy:
            url, headers["Host"] = self.stack.past_proxy(url)
        answer = self.http.request(
            method,
            url,
            headers=headers,
            allow_redirects=False,
            timeout=30,
            verify=self.stack.verify,
            **arguments,
        )
        self._keep(answer)
        note_answer(answer)
        return answer

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> requests.Response:
        """Send a POST as the page does."""
        return self.request(
            "POST", path, json=body, headers={"X-Gatehouse": "1", "Origin": self.stack.origin}
        )

    def get(self, path: str, token: str | None = None) -> requests.Response:
        """Send a GET. If an access token is given, send the token."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.request("GET", path, headers=headers)

    def callback_url(self, sub: str, *, query: str = "provider=Okta") -> str:
        """Start a sign-in and choose a person at the Okta stand-in. Return the callback's URL, and do not call the
        callback."""
        start = self.get(f"/auth/login?{query}")
        assert start.status_code == 302, start.text
        okta = self.http.get(start.headers["Location"], allow_redirects=False, timeout=30)
        chosen = self.http.post(
            okta.headers["Location"], data={"sub": sub}, allow_redirects=False, timeout=30
        )
        back = self.http.get(chosen.headers["Location"], allow_redirects=False, timeout=60)
        return str(back.headers["Location"])

    def sign_in(self, email: str = "alice@example.com") -> dict[str, Any]:
        """Sign in through the Okta stand-in. Return the response of the first refresh."""
        answer = self.request("GET", self.callback_url(self.stack.sub(email)))
        assert answer.status_code == 303, answer.text
        assert parse_qs(urlsplit(answer.headers["Location"]).query) == {}, answer.headers
        return self.refresh()

    def managed_sign_in(self, email: str, password: str) -> dict[str, Any]:
        """Sign in by password on Cognito's page. Return the response of the first refresh."""
        start = self.get("/auth/login?provider=COGNITO")
        page = self.http.get(start.headers["Location"], timeout=30)
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
        action = re.search(r'<form[^>]*action="([^"]+)"', page.text)
        assert action, page.text
        back = self.http.post(
            urljoin(page.url, unescape(action[1])),
            data={
                **{n: unescape(v) for n, v in fields.items()},
                "username": email,
                "password": password,
            },
            allow_redirects=False,
            timeout=30,
        )
        answer = self.request("GET", back.headers["Location"])
        assert answer.status_code == 303, answer.text
        return self.refresh()

    def refresh(self) -> dict[str, Any]:
        answer = self.post("/auth/refresh")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def _keep(self, answer: requests.Response) -> None:
        # The visitor does not use the cookie jar of the library `requests`. The cookie jar handles __Host- cookies
        # wrongly, and would also send other cookies.
        for line in answer.raw.headers.getlist("Set-Cookie"):
            pair, _, attributes = line.partition(";")
            name, _, value = pair.partition("=")
            if re.search(r"max-age=0\b", attributes, re.IGNORECASE):
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value


def forget_attempts(stack: Stack) -> None:
    """Delete the counters of attempts. Otherwise, after hundreds of wrong passwords from one IP address, the throttle
    would block the other tests."""
    dynamodb, table = stack.aws("dynamodb"), "gatehouse-local-throttle"
    keys = [
        k["AttributeName"] for k in dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]
    ]
    for item in dynamodb.scan(TableName=table)["Items"]:
        dynamodb.delete_item(TableName=table, Key={key: item[key] for key in keys})
