"""Cognito's OAuth endpoints: authorize, token, revoke, logout.

Separate functions build a request and read the request's answer. Sources: AWS "Authorize endpoint", "Token endpoint",
"Revoke endpoint", "Logout endpoint" (Amazon Cognito developer guide); RFC 6749 4.1 and 5.2; RFC 7636; RFC 7009.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

from ..errors import InvalidGrant, InvalidToken, TemporarilyUnavailable
from .http_client import HttpAnswer
from .scopes import SCOPES

#: An address that HTML's e-mail field accepts, with 254 characters at most. A longer address cannot receive mail (RFC
#: 5321 4.5.3.1).
_HINT = re.compile(r"(?=.{1,254}\Z)[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")


@dataclass(frozen=True)
class TokenSet:
    """The tokens in an answer of Cognito.

    `refresh_token` is None if rotation is off, because the old refresh token is then still valid. `id_token` is None
    without the scope `openid`.
    """

    access_token: str = field(repr=False)
    id_token: str | None = field(repr=False)
    refresh_token: str | None = field(repr=False)


class Transport(Protocol):
    """The methods that OAuthClient needs from an HTTP client."""

    def post_form(
        self, url: str, form: Mapping[str, str], basic_auth: tuple[str, str]
    ) -> HttpAnswer: ...


class OAuthClient:
    """Makes the calls of one app client. `load_client_secret(renew)` returns the app client's secret. `renew=True`
    bypasses the cache."""

    def __init__(
        self,
        *,
        cognito_url: str,
        client_id: str,
        load_client_secret: Callable[[bool], str],
        transport: Transport,
    ) -> None:
        self._cognito_url = cognito_url
        self._client_id = client_id
        self._load_client_secret = load_client_secret
        self._transport = transport

    def build_authorize_url(
        self,
        *,
        redirect_uri: str,
        state: str,
        nonce: str,
        code_challenge: str,
        provider: str | None,
        login_hint: str | None = None,
        confirm: bool = False,
    ) -> str:
        """Return the URL that starts a sign-in. If `provider` is None, the person chooses the provider on managed login.

        Cognito fills its own form with `login_hint`, or passes the hint on to the provider. A hint that is not an address
        is left out, because a link from another site could contain any text.

        If `confirm` is true, the person must sign in again, even if the person still has a session at Cognito or at the
        provider. Cognito passes `prompt` on to the provider, and applies `max_age` itself. A person can change this URL
        in the browser, so only `auth_time` proves that the person signed in again.
        """
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(SCOPES),
            "state": state,
            "nonce": nonce,
            "code_challenge": code_challenge,
            "code_challenge_method": "S256",
        }
        if provider is not None:
            query["identity_provider"] = provider
        if login_hint and _HINT.fullmatch(login_hint):
            query["login_hint"] = login_hint
        if confirm:
            query |= {"prompt": "login", "max_age": "0"}
        return f"{self._cognito_url}/oauth2/authorize?{urlencode(query)}"

    def build_logout_url(self, logout_uri: str) -> str:
        """Return the URL at which Cognito ends its own browser session and redirects to `logout_uri`."""
        query = {"client_id": self._client_id, "logout_uri": logout_uri}
        return f"{self._cognito_url}/logout?{urlencode(query)}"

    def exchange_code(self, *, code: str, code_verifier: str, redirect_uri: str) -> TokenSet:
        """Redeem an authorization code. Raises InvalidGrant or TemporarilyUnavailable."""
        tokens = self._request_tokens(
            {
                "grant_type": "authorization_code",
                "code": code,
                "code_verifier": code_verifier,
                "redirect_uri": redirect_uri,
            }
        )
        if tokens.refresh_token is None:
            raise InvalidToken("the token endpoint returned no refresh token for the code")
        return tokens

    def refresh(self, refresh_token: str) -> TokenSet:
        """Return new tokens.

        Raises InvalidGrant if the refresh token was revoked, has expired, or was replaced by rotation. Raises
        GrantRefused for the wrong kind of token, and TemporarilyUnavailable for any other failure.
        """
        return self._request_tokens({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def revoke(self, refresh_token: str) -> None:
        """Revoke a refresh token and the access tokens that were issued with that refresh token. Raises
        TemporarilyUnavailable."""
        answer = self._post("/oauth2/revoke", {"token": refresh_token})
        if answer.status != 200:
            raise TemporarilyUnavailable(f"the revocation endpoint answered {answer.status}")

    def _request_tokens(self, grant: Mapping[str, str]) -> TokenSet:
        return parse_token_answer(self._post("/oauth2/token", grant))

    def _post(self, path: str, form: Mapping[str, str]) -> HttpAnswer:
        url = self._cognito_url + path
        answer = HttpAnswer(0, None)
        for renew in (False, True):
            # After a rotation of the secret, this container may still have the old secret. The second attempt therefore
            # loads the secret again (S-59).
            credentials = (self._client_id, self._load_client_secret(renew))
            answer = self._transport.post_form(
                url, {"client_id": self._client_id, **form}, credentials
            )
            if _error_code(answer) != "invalid_client":
                return answer
        raise TemporarilyUnavailable("Cognito refuses the client secret (invalid_client)")


def parse_token_answer(answer: HttpAnswer) -> TokenSet:
    """Return the tokens in a token endpoint's answer (RFC 6749 5.1, 5.2).

    An outage must not end a session, so InvalidGrant is raised only if Cognito's answer is `invalid_grant` (S-35).
    Raises GrantRefused if Cognito refuses the request for another reason. The token may then still be valid.
    """
    body: Mapping[str, Any] = answer.body or {}
    if answer.status == 400 and _error_code(answer) == "invalid_grant":
        raise InvalidGrant("invalid_grant")
    if answer.status == 400 and _error_code(answer) in _DEFINITE:
        raise GrantRefused(f"token endpoint: {_error_code(answer)}")
    if answer.status != 200:
        raise TemporarilyUnavailable(f"token endpoint: {answer.status} {_error_code(answer)}")
    access_token, id_token = body.get("access_token"), body.get("id_token")
    refresh_token = body.get("refresh_token")
    if not isinstance(access_token, str) or not isinstance(id_token, str | None):
        raise TemporarilyUnavailable("the token endpoint answered 200, but without tokens")
    if not isinstance(refresh_token, str) or not refresh_token:
        refresh_token = None
    return TokenSet(access_token, id_token, refresh_token)


class GrantRefused(TemporarilyUnavailable):
    """The token endpoint does not accept this kind of token from this client. The session's token is still valid."""


_DEFINITE = frozenset({"unauthorized_client", "unsupported_grant_type", "invalid_request"})
_KNOWN_ERRORS = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    }
)


def _error_code(answer: HttpAnswer) -> str | None:
    """Return the error code if RFC 6749 defines the code, otherwise None. A stranger could choose any other text, and
    such a text must not get into the log."""
    code = (answer.body or {}).get("error")
    return code if isinstance(code, str) and code in _KNOWN_ERRORS else None
