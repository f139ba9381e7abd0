"""A double of Cognito's sign-in through an OIDC provider, from /oauth2/authorize to the app's callback.

The double follows AWS's documentation. The double maps the claims to text, and calls the trigger that gets the claims.
The double calls PreSignUp and PostConfirmation for a new profile, and PostAuthentication for an existing profile. The
double supports linked accounts, and refusals at the callback. Sources: Amazon Cognito developer guide, "Authorize
endpoint", "Specifying identity provider attribute mappings", "Inbound federation Lambda trigger", "Linking federated
users", "User pool case sensitivity".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from chalicelib.gatehouse.triggers.entry import TriggerFailed
from tests.doubles.cognito import AuthorizeRefused
from tests.doubles.pool_users import PoolUser
from tests.doubles.user_pool_api import UserPoolDouble


@dataclass
class FederationDouble:
    """A federation that signs people of one provider in to `pool`."""

    pool: UserPoolDouble
    provider: str = "Okta"
    #: A function that receives the provider's claims as text, before Cognito maps the claims to attributes.
    inbound: Callable[[PoolUser, Mapping[str, str]], None] = lambda user, claims: None
    profiles: dict[str, PoolUser] = field(default_factory=dict)

    def visit(self, url: str, claims: Mapping[str, Any] | None) -> dict[str, str]:
        """Sign a person in at the authorize URL. Return the callback's query. Raises AuthorizeRefused."""
        cognito = self.pool.cognito
        query = dict(parse_qsl(urlsplit(url).query))
        known = query.get("client_id") == cognito.client_id
        if not known or query.get("redirect_uri") not in cognito.redirect_uris:
            raise AuthorizeRefused("redirect_mismatch")
        try:
            cognito.read_authorize_url(url)
        except AuthorizeRefused as refused:
            return _refusal("invalid_request", str(refused), query)
        assert claims is not None, "the provider's page needs somebody"
        try:
            user = self._enter({name: as_text(value) for name, value in claims.items()})
        except TriggerFailed as failed:
            return _refusal("invalid_request", f"The trigger failed with error {failed}.", query)
        if not user.enabled:
            return _refusal("invalid_request", "User is not enabled", query)
        person = replace(user.person(), provider=self.provider, subject=str(claims["sub"]))
        if user.status == "EXTERNAL_PROVIDER":
            group = f"{self.pool.pool_id}_{self.provider}"
            person = replace(person, groups=(group, *person.groups))
        back = cognito.authorize(url, person)
        return dict(parse_qsl(urlsplit(back).query))

    def _enter(self, claims: Mapping[str, str]) -> PoolUser:
        subject = claims["sub"]
        username = f"{self.provider}_{subject}"
        if not self.pool.case_sensitive:
            username = username.lower()
        user = self._linked(subject) or self.pool.find(username)
        mapped = PoolUser(
            claims["email"],
            "",
            status="EXTERNAL_PROVIDER",
            username=username,
            provider=self.provider,
            given_name=claims.get("given_name", ""),
            family_name=claims.get("family_name", ""),
            email_verified=claims.get("email_verified") == "true",
            told_groups=claims.get("groups", ""),
            idp_subject=subject,
        )
        self.inbound(replace(mapped, username=subject), claims)
        if user is None:
            self.pool.trigger("PreSignUp_ExternalProvider", mapped, {})
            user = self._linked(subject)
        if user is None:
            mapped.identities.append((self.provider, subject))
            self.pool.add(mapped)
            self.pool.trigger("PostConfirmation_ConfirmSignUp", mapped, {})
            return mapped
        if user.enabled:
            # At each sign-in, Cognito overwrites the mapped attributes.
            for name in ("given_name", "family_name", "told_groups", "idp_subject"):
                setattr(user, name, getattr(mapped, name))
            self.pool.trigger("PostAuthentication_Authentication", user, {})
        return user

    def _linked(self, subject: str) -> PoolUser | None:
        pair = (self.provider, subject)
        return next((user for user in self.pool.users if pair in user.identities), None)


def as_text(value: Any) -> str:
    """Return the text that Cognito stores for a claim: "true" for the JSON value true, and a text in brackets for a
    list."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(map(as_text, value))}]"
    return str(value)


def _refusal(error: str, description: str, query: Mapping[str, str]) -> dict[str, str]:
    told = {"error": error, "error_description": description, "state": query.get("state", "")}
    return dict(parse_qsl(urlencode(told)))
