"""The interface between a case and a Cognito. It consists of the port that each Cognito offers, and of functions that
the cases share."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from botocore.exceptions import ClientError

from tests.doubles.pool_users import STEP_SECONDS, totp

PASSWORD = "correct-horse-battery-7"
OTHER_PASSWORD = "another-horse-battery-8"
CALLBACK = "https://app.example.org/auth/callback"
VERIFIER = "a-verifier-of-the-app-that-is-longer-than-forty-three-characters"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())[:-1].decode()
ACCEPTED = "accepted"


@dataclass(frozen=True)
class AppClient:
    """An app client of the pool."""

    id: str
    secret: str = field(repr=False)


class Port(Protocol):
    """One Cognito. `lacks` lists the features of `case.LACKS` that tests cannot use with this Cognito."""

    lacks: frozenset[str]
    pool_id: str
    #: The app's client, for hosted pages and passwords. `server_client` is the client that only the server uses.
    client: AppClient
    server_client: AppClient

    def call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Call an operation of the user-pool API by boto3's name. Raises ClientError."""

    def post(
        self, path: str, form: Mapping[str, str], client: AppClient
    ) -> tuple[int, dict[str, Any]]:
        """POST to an OAuth endpoint with client_secret_basic. Return the status and the body."""

    def address(self) -> str:
        """Return a new address."""

    def mailed(self, address: str) -> str:
        """Return the last code or temporary password that was sent to `address`."""

    def now(self) -> float:
        """Return the current time on this Cognito's clock."""

    def wait(self, seconds: float) -> None:
        """Let `seconds` pass."""

    def script(self, steps: dict[str, Any]) -> None:
        """Set how the triggers behave. `steps` maps a triggerSource to {"raise": text}. The call also deletes the
        events that were recorded so far."""

    def events(self) -> list[dict[str, Any]]:
        """Return the events that the triggers received since the last call of `script`."""

    def visit(self, query: Mapping[str, str], person: Mapping[str, Any] | None) -> dict[str, str]:
        """Open /oauth2/authorize and sign in as `person` at the provider. Return the query of the callback.

        If Cognito shows an error page, return `{"shown": <status>}`.
        """

    def require_factor(self, required: bool) -> None:
        """Set whether the pool requires a second factor."""

    def add_factor(self, username: str, factor: str) -> None:
        """Give a person a second factor that sends codes by mail or SMS."""


class World:
    """The functions that a case calls. Every request goes through `call` or `post`, so that a transcript can record
    it."""

    def __init__(self, port: Port) -> None:
        self.port = port

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        answer = self.port.call(operation, arguments)
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}

    def refused(self, action: Callable[..., Any], *arguments: Any, **named: Any) -> str:
        """Run `action`. Return the name of the error, or ACCEPTED if there is no error."""
        try:
            action(*arguments, **named)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return ACCEPTED

    def secret_hash(self, name: str, client: AppClient | None = None) -> str:
        client = client or self.port.client
        digest = hmac.new(client.secret.encode(), (name + client.id).encode(), hashlib.sha256)
        return base64.b64encode(digest.digest()).decode()

    def named(self, name: str) -> dict[str, str]:
        """Return the user name, the client id and the secret hash, as the parameters of the self-service operations."""
        hashed = self.secret_hash(name)
        return {"ClientId": self.port.client.id, "Username": name, "SecretHash": hashed}

    def sign_up(self, address: str, **changed: Any) -> dict[str, Any]:
        arguments = {
            **self.named(address),
            "Password": PASSWORD,
            "UserAttributes": attributes(email=address),
            **changed,
        }
        return self.call("sign_up", **{k: v for k, v in arguments.items() if v is not None})

    def confirm(self, address: str, code: str) -> dict[str, Any]:
        return self.call("confirm_sign_up", **self.named(address), ConfirmationCode=code)

    def resend(self, address: str) -> dict[str, Any]:
        return self.call("resend_confirmation_code", **self.named(address))

    def forgot(self, address: str) -> dict[str, Any]:
        return self.call("forgot_password", **self.named(address))

    def reset(self, address: str, code: str, password: str = OTHER_PASSWORD) -> dict[str, Any]:
        return self.call(
            "confirm_forgot_password",
            **self.named(address),
            ConfirmationCode=code,
            Password=password,
        )

    # People ------------------------------------------------------------------------------------------

    def person(self, address: str = "", **told: str) -> str:
        """Make a confirmed person with the password PASSWORD. Return the address."""
        address = address or self.port.address()
        self.invite(address, **{"email_verified": "true", **told})
        self.admin("admin_set_user_password", Username=address, Password=PASSWORD, Permanent=True)
        return address

    def invite(self, address: str, **told: str) -> dict[str, Any]:
        """Call AdminCreateUser without a mail."""
        return self.admin(
            "admin_create_user",
            Username=address,
            MessageAction="SUPPRESS",
            TemporaryPassword=PASSWORD,
            UserAttributes=attributes(email=address, **told),
        )

    def admin(self, operation: str, **arguments: Any) -> dict[str, Any]:
        return self.call(operation, UserPoolId=self.port.pool_id, **arguments)

    def user(self, name: str) -> dict[str, str]:
        """Return a user's attributes, together with `Username`, `UserStatus` and `Enabled`."""
        found = self.admin("admin_get_user", Username=name)
        told = {pair["Name"]: pair["Value"] for pair in found["UserAttributes"]}
        plain = ("Username", "UserStatus", "Enabled")
        return {**told, **{name: str(found[name]) for name in plain}}

    # Sign-in -----------------------------------------------------------------------------------------

    def sign_in(
        self,
        name: str,
        password: str = PASSWORD,
        client: AppClient | None = None,
        **changed: str | None,
    ) -> dict[str, Any]:
        """Call AdminInitiateAuth with a password. If an argument is None, the call omits the parameter."""
        client = client or self.port.client
        parameters = {
            "USERNAME": name,
            "PASSWORD": password,
            "SECRET_HASH": self.secret_hash(name, client),
            **changed,
        }
        return self.admin(
            "admin_initiate_auth",
            ClientId=client.id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={k: v for k, v in parameters.items() if v is not None},
        )

    def answer(
        self, challenge: Mapping[str, Any], username: str, session: str = "", **responses: str
    ) -> dict[str, Any]:
        """Answer a challenge. USERNAME is the user name that the pool created."""
        name = challenge["ChallengeName"]
        return self.admin(
            "admin_respond_to_auth_challenge",
            ClientId=self.port.client.id,
            ChallengeName=name,
            Session=session or challenge["Session"],
            ChallengeResponses={
                "USERNAME": username,
                "SECRET_HASH": self.secret_hash(username),
                **responses,
            },
        )

    def tokens(self, name: str, client: AppClient | None = None) -> dict[str, Any]:
        """Sign in with a password and no second factor. Return the tokens."""
        return dict(self.sign_in(name, client=client)["AuthenticationResult"])

    def tokens_with(self, name: str, password: str) -> dict[str, Any]:
        return dict(self.sign_in(name, password)["AuthenticationResult"])

    def enrol(self, name: str) -> str:
        """Set up an authenticator app through the server's own client, as our server does. Return the app's secret."""
        access = self.tokens(name, self.port.server_client)["AccessToken"]
        secret = str(self.call("associate_software_token", AccessToken=access)["SecretCode"])
        self.call("verify_software_token", AccessToken=access, UserCode=self.totp(secret))
        self.call(
            "set_user_mfa_preference",
            AccessToken=access,
            SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True},
        )
        return secret

    def totp(self, secret: str, ahead: int = 0) -> str:
        """Return a code of an authenticator app. `ahead` selects the code of a later half minute. A case needs a later
        code because each code works once."""
        return totp(secret, int(self.port.now()) // STEP_SECONDS + ahead)

    @contextmanager
    def factor_required(self) -> Iterator[None]:
        self.port.require_factor(True)
        try:
            yield
        finally:
            self.port.require_factor(False)

    # OAuth -------------------------------------------------------------------------------------------

    def post(
        self, path: str, client: AppClient | None = None, **form: str
    ) -> tuple[int, dict[str, Any]]:
        return self.port.post(path, form, client or self.port.client)

    def refresh(self, token: str, client: AppClient | None = None) -> tuple[int, dict[str, Any]]:
        return self.post("/oauth2/token", client, grant_type="refresh_token", refresh_token=token)

    def visit(self, person: str = "", **changed: str) -> dict[str, str]:
        """Sign in as a person of the provider. If a value is empty, the URL omits the parameter."""
        query = {
            "response_type": "code",
            "client_id": self.port.client.id,
            "redirect_uri": CALLBACK,
            "scope": "openid email profile api/read",
            "state": "state-1",
            "nonce": "nonce-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "identity_provider": "Okta",
            **changed,
        }
        return self.port.visit(
            {name: value for name, value in query.items() if value},
            PEOPLE[person] if person else None,
        )

    def exchange(self, code: str, **changed: str) -> tuple[int, dict[str, Any]]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            **changed,
        }
        return self.post("/oauth2/token", None, **{k: v for k, v in form.items() if v})

    def arrive(self, person: str) -> dict[str, Any]:
        """Sign in through the provider, exchange the code, and return the tokens."""
        status, body = self.exchange(self.visit(person)["code"])
        assert status == 200, body
        return body


def _people() -> dict[str, dict[str, Any]]:
    from ops.local.okta import load_people

    return {str(person["email"]).partition("@")[0]: dict(person) for person in load_people()}


PEOPLE = _people()


def attributes(**told: str) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in told.items()]


def claims(token: str) -> dict[str, Any]:
    """Return the claims of a token without verifying the token."""
    payload = token.split(".")[1]
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return read


def made_up_code(right: str = "") -> str:
    """Return six digits that differ from `right`."""
    while (code := f"{secrets.randbelow(10**6):06d}") == right:
        pass
    return code
