"""Sets up, lists and deletes a person's passkeys in the user pool. Each call needs an access token with the scope
`aws.cognito.signin.user.admin`.

Sources: Amazon Cognito user pools API reference, StartWebAuthnRegistration, CompleteWebAuthnRegistration,
ListWebAuthnCredentials, DeleteWebAuthnCredential; W3C Web Authentication Level 3, 5.1 (options and responses as JSON).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from ..errors import TemporarilyUnavailable
from .user_pool_calls import call_cognito

#: The maximum size of a page. A person has 20 passkeys at most (developer guide, "Quotas in Amazon Cognito").
_PAGE = 20
_PAGES = 5


@dataclass(frozen=True)
class Passkey:
    """One passkey. `created_at` is ISO 8601 UTC; `attachment` is `platform` (built into a device) or `cross-platform`
    (a security key)."""

    id: str
    name: str
    created_at: str
    attachment: str


class CognitoIdp(Protocol):
    """The methods of boto3's client that this module calls. The tests' fake client has the same methods."""

    def start_web_authn_registration(self, **arguments: Any) -> dict[str, Any]: ...
    def complete_web_authn_registration(self, **arguments: Any) -> dict[str, Any]: ...
    def list_web_authn_credentials(self, **arguments: Any) -> dict[str, Any]: ...
    def delete_web_authn_credential(self, **arguments: Any) -> dict[str, Any]: ...


class PasskeyApi:
    """Manages the passkeys of the person to whom an access token belongs. All methods raise Refused or
    TemporarilyUnavailable."""

    def __init__(self, client: CognitoIdp) -> None:
        self._client = client

    def begin(self, access_token: str) -> Mapping[str, Any]:
        """Begin to set up a passkey, and return the JSON form of PublicKeyCredentialCreationOptions."""
        proof = {"AccessToken": access_token}
        answer = call_cognito(self._client.start_web_authn_registration, proof)
        options = answer.get("CredentialCreationOptions")
        if not isinstance(options, Mapping) or not options:
            raise TemporarilyUnavailable("Cognito answered without CredentialCreationOptions")
        return options

    def complete(self, access_token: str, credential: Mapping[str, Any]) -> None:
        """Register a new passkey. `credential` is the browser's RegistrationResponseJSON. Cognito verifies
        `credential`."""
        call_cognito(
            self._client.complete_web_authn_registration,
            {"AccessToken": access_token, "Credential": dict(credential)},
        )

    def all(self, access_token: str) -> list[Passkey]:
        """Return the person's passkeys, newest first."""
        found: list[Passkey] = []
        more: dict[str, Any] = {"AccessToken": access_token, "MaxResults": _PAGE}
        for _ in range(_PAGES):
            answer = call_cognito(self._client.list_web_authn_credentials, more)
            found += [_passkey(each) for each in answer.get("Credentials") or ()]
            if not answer.get("NextToken"):
                return sorted(found, key=lambda passkey: passkey.created_at, reverse=True)
            more["NextToken"] = answer["NextToken"]
        raise TemporarilyUnavailable(f"ListWebAuthnCredentials: more than {_PAGES} pages")

    def delete(self, access_token: str, credential_id: str) -> None:
        """Delete a passkey. A deleted passkey cannot be used to sign in."""
        call_cognito(
            self._client.delete_web_authn_credential,
            {"AccessToken": access_token, "CredentialId": credential_id},
        )


def _passkey(described: Mapping[str, Any]) -> Passkey:
    created = described.get("CreatedAt")
    at = (
        created.astimezone(UTC).isoformat(timespec="seconds")
        if isinstance(created, datetime)
        else ""
    )
    return Passkey(
        id=str(described.get("CredentialId") or ""),
        name=str(described.get("FriendlyCredentialName") or ""),
        created_at=at.replace("+00:00", "Z"),
        attachment=str(described.get("AuthenticatorAttachment") or ""),
    )
