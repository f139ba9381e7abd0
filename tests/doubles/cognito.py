"""A strict double of Cognito: the OAuth endpoints of one user pool, in process, as AWS documents them.

`OAuthClient` and `JwksCache` use the double as their transport. `authorize` simulates the browser's steps on the hosted
pages. The double enforces rules that the local AWS omits: PKCE, exact redirect URIs, single-use codes,
client_secret_basic, refresh token rotation with its grace period, revocation of all refresh tokens of one sign-in.
Sources: Amazon Cognito developer guide, "Authorize endpoint", "Token endpoint", "Revoke endpoint", "Refresh token
rotation", "Understanding user pool JSON web tokens".
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from chalicelib.gatehouse.cognito.http_client import HttpAnswer
from tests.doubles.clock import Clock
from tests.doubles.signing import at_hash, b64url, public_jwk, rsa_key, sign_jwt

CODE_SECONDS = 300
#: The value of RetryGracePeriodSeconds in the identity stack's client.
GRACE_SECONDS = 30
REFRESH_SECONDS = 30 * 86_400
ACCESS_SECONDS = 600
ID_KID, ACCESS_KID = "pool-id-key", "pool-access-key"


@dataclass(frozen=True)
class Person:
    """A user of the pool. For a native user, `provider` is COGNITO."""

    sub: str = "5d3c7b1e-0a6f-4c7e-9b1d-2f6a8c4e0d11"
    username: str = "Okta_00u1ada"
    email: str = "ada@example.org"
    given_name: str = "Ada"
    family_name: str = "Lovelace"
    groups: tuple[str, ...] = ()
    provider: str = "Okta"
    #: The subject at the provider, for a person of a provider.
    subject: str = "00u1ada"


@dataclass
class _Code:
    person: Person
    redirect_uri: str
    challenge: str
    scope: str
    nonce: str
    expires_at: float
    family: "_Family | None" = None


@dataclass
class _Family:
    """All refresh tokens of one sign-in. The tokens expire at the same time, and Cognito revokes all of them
    together."""

    person: Person
    scope: str
    expires_at: float
    revoked: bool = False
    by_api: bool = False
    #: Cognito's `auth_time`. A refresh does not change `auth_time` ("Authentication levels with ACR and AMR claims").
    began_at: int = 0


@dataclass
class _Refresh:
    family: _Family
    rotated_at: float | None = None


class AuthorizeRefused(Exception):
    """An error that the hosted pages show instead of a redirect."""


Fault = Callable[[], HttpAnswer]


@dataclass
class CognitoDouble:
    """One pool and one app client. `requests` lists (method, path, form) of every call."""

    clock: Clock
    client_id: str
    client_secret: str
    url: str
    issuer: str
    redirect_uris: frozenset[str]
    logout_uris: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset({"COGNITO", "Okta"})
    rotation: bool = True
    #: Whether the token endpoint renews tokens of the user-pool API. Reports about AWS's behaviour contradict each
    #: other.
    takes_api_tokens: bool = True
    #: Whether refreshes return ID tokens. Without the scope `openid`, a refresh returns no ID token.
    openid: bool = True
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    #: Changes to the claims of the next tokens, for tests of forgeries.
    id_claims: dict[str, Any] = field(default_factory=dict)
    access_claims: dict[str, Any] = field(default_factory=dict)
    id_header: dict[str, Any] = field(default_factory=dict)
    jwks: list[dict[str, Any]] | None = None
    #: Whether a refresh changes `auth_time`, as people have reported with rotation (authts/oidc-client-ts#2107).
    resets_auth_time: bool = False
    #: A function that returns the claims that the pre-token-generation trigger adds to an access token. The arguments
    #: are the person and the trigger source.
    added_claims: Callable[[Person, str], Mapping[str, Any]] = lambda person, source: {}
    #: The key sets of other issuers, by URL.
    other_jwks: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    #: A function that returns a person's current data in the pool. Changed groups therefore appear at the next refresh.
    look_up: Callable[[Person], Person] = lambda person: person
    refresh_token_length: int = 1900
    _codes: dict[str, _Code] = field(default_factory=dict)
    _refresh: dict[str, _Refresh] = field(default_factory=dict)
    _faults: dict[str, list[Fault]] = field(default_factory=dict)
    access_tokens: list[str] = field(default_factory=list)
    id_tokens: list[str] = field(default_factory=list)

    # The browser's steps ---------------------------------------------------------------------

    def authorize(self, url: str, person: Person) -> str:
        """Sign `person` in at the authorize URL, and return the callback URL. Raises AuthorizeRefused."""
        query = self.read_authorize_url(url)
        code = secrets.token_urlsafe(24)
        self._codes[code] = _Code(
            person,
            query["redirect_uri"],
            query["code_challenge"],
            query["scope"],
            query.get("nonce") or secrets.token_urlsafe(8),
            self.clock() + CODE_SECONDS,
        )
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def sign_in_directly(self, person: Person, scope: str) -> tuple[str, str, str]:
        """Issue access, ID and refresh tokens as the user-pool API does, without a code or a nonce."""
        now = int(self.clock())
        family = _Family(person, scope, now + REFRESH_SECONDS, by_api=True, began_at=now)
        added = self.added_claims(person, "TokenGeneration_Authentication")
        access = self.access_token(person, scope, added=added)
        return access, self.id_token(person, None, access), self._new_refresh(family)

    def read_authorize_url(self, url: str) -> dict[str, str]:
        """Check an authorize URL as Cognito does, and return its query."""
        parts = urlsplit(url)
        if f"{parts.scheme}://{parts.netloc}{parts.path}" != f"{self.url}/oauth2/authorize":
            raise AuthorizeRefused("not the authorize endpoint")
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True)
        query = dict(pairs)
        if len(query) != len(pairs):
            raise AuthorizeRefused("a parameter is given twice")
        expected = {
            "response_type": "code",
            "client_id": self.client_id,
            "code_challenge_method": "S256",
        }
        for name, value in expected.items():
            if query.get(name) != value:
                raise AuthorizeRefused(f"{name} is {query.get(name)!r}")
        if query.get("redirect_uri") not in self.redirect_uris:
            raise AuthorizeRefused("redirect_mismatch")
        if (
            not query.get("scope")
            or not query.get("state")
            or len(query.get("code_challenge", "")) != 43
        ):
            raise AuthorizeRefused("scope, state or code_challenge is missing")
        if query.get("identity_provider", "COGNITO") not in self.providers:
            raise AuthorizeRefused("unknown identity provider")
        return query

    # The transport of chalicelib ---------------------------------------------------------------

    def get(self, url: str) -> HttpAnswer:
        self.requests.append(("GET", urlsplit(url).path, {}))
        if fault := self._fault("jwks"):
            return fault()
        if url in self.other_jwks:
            return HttpAnswer(200, {"keys": self.other_jwks[url]})
        return HttpAnswer(200, {"keys": self.jwks if self.jwks is not None else default_jwks()})

    def post_form(
        self, url: str, form: Mapping[str, str], basic_auth: tuple[str, str]
    ) -> HttpAnswer:
        if not url.startswith(self.url) or "?" in url:
            raise AssertionError("only our own endpoints, and nothing in the URL")
        path = url.removeprefix(self.url)
        self.requests.append(("POST", path, dict(form)))
        endpoint = {"/oauth2/token": self._token, "/oauth2/revoke": self._revoke}[path]
        if fault := self._fault(path.rsplit("/", 1)[1]):
            return fault()
        if basic_auth != (self.client_id, self.client_secret):
            return _error("invalid_client")
        if form.get("client_id", self.client_id) != self.client_id or "client_secret" in form:
            return _error("invalid_request")
        return endpoint(form)

    def fail(self, endpoint: str, *faults: Fault) -> None:
        """Let the next calls of `endpoint` (token, revoke, jwks) end with `faults`. Each call uses one fault."""
        self._faults.setdefault(endpoint, []).extend(faults)

    def calls(self, path: str) -> int:
        """Return the number of calls to a path."""
        return sum(1 for _, asked, _ in self.requests if asked == path)

    def is_revoked(self, refresh_token: str) -> bool:
        """Return whether Cognito has revoked the family of a refresh token."""
        return self._refresh[refresh_token].family.revoked

    def refresh_tokens(self) -> list[str]:
        """Return every issued refresh token. The oldest token comes first."""
        return list(self._refresh)

    def delete_person(self) -> None:
        """Revoke all families, as Cognito does when an administrator deletes or disables the user."""
        for entry in self._refresh.values():
            entry.family.revoked = True

    # The endpoints -----------------------------------------------------------------------------

    def _token(self, form: Mapping[str, str]) -> HttpAnswer:
        if form.get("grant_type") == "authorization_code":
            return self._redeem_code(form)
        if form.get("grant_type") == "refresh_token":
            return self._redeem_refresh(form)
        return _error("unsupported_grant_type")

    def _redeem_code(self, form: Mapping[str, str]) -> HttpAnswer:
        if set(form) - {"client_id"} != {"grant_type", "code", "code_verifier", "redirect_uri"}:
            return _error("invalid_request")
        code = self._codes.get(form["code"])
        if code is None or self.clock() >= code.expires_at:
            return _error("invalid_grant")
        if code.family is not None:
            code.family.revoked = True  # a second use means theft of the code (RFC 6749 4.1.2)
            return _error("invalid_grant")
        if form["redirect_uri"] != code.redirect_uri:
            return _error("unauthorized_client")
        verifier = form["code_verifier"]
        challenge = b64url(hashlib.sha256(verifier.encode()).digest())
        if not 43 <= len(verifier) <= 128 or challenge != code.challenge:
            return _error("invalid_grant")
        now = int(self.clock())
        code.family = _Family(code.person, code.scope, now + REFRESH_SECONDS, began_at=now)
        return self._issue(
            code.family,
            nonce=code.nonce,
            refresh_token=self._new_refresh(code.family),
            source="TokenGeneration_HostedAuth",
        )

    def _redeem_refresh(self, form: Mapping[str, str]) -> HttpAnswer:
        if set(form) - {"client_id"} != {"grant_type", "refresh_token"}:
            return _error("invalid_request")
        entry = self._refresh.get(form["refresh_token"])
        if entry is None or (entry.family.by_api and not self.takes_api_tokens):
            return _error("invalid_grant")
        answer = self._renew(entry)
        return _error("invalid_grant") if answer is None else answer

    def refresh_by_api(self, token: str) -> dict[str, Any] | None:
        """Renew tokens of the user-pool API. Return None for any other token, and for a revoked token."""
        entry = self._refresh.get(token)
        answer = self._renew(entry) if entry is not None and entry.family.by_api else None
        return None if answer is None else dict(answer.body or {})

    def _renew(self, entry: _Refresh) -> HttpAnswer | None:
        if entry.family.revoked or self.clock() >= entry.family.expires_at:
            return None
        if entry.rotated_at is not None and self.clock() - entry.rotated_at > GRACE_SECONDS:
            return None
        if self.resets_auth_time:
            entry.family.began_at = int(self.clock())
        if not self.rotation:
            return self._issue(entry.family, nonce=None, refresh_token=None)
        if entry.rotated_at is None:
            entry.rotated_at = self.clock()
        return self._issue(entry.family, nonce=None, refresh_token=self._new_refresh(entry.family))

    def _revoke(self, form: Mapping[str, str]) -> HttpAnswer:
        entry = self._refresh.get(form.get("token", ""))
        if entry is not None:
            entry.family.revoked = True
        return HttpAnswer(200, None)

    def _new_refresh(self, family: _Family) -> str:
        token = f"refresh-{secrets.token_urlsafe(16)}-".ljust(self.refresh_token_length, "r")
        self._refresh[token] = _Refresh(family)
        return token

    def _issue(
        self,
        family: _Family,
        *,
        nonce: str | None,
        refresh_token: str | None,
        source: str = "TokenGeneration_RefreshTokens",
    ) -> HttpAnswer:
        person = self.look_up(family.person)
        added = self.added_claims(person, source)
        access = self.access_token(person, family.scope, family.began_at, added)
        body = {
            "access_token": access,
            "id_token": self.id_token(person, nonce, access, family.began_at),
            "token_type": "Bearer",
            "expires_in": ACCESS_SECONDS,
        }
        if refresh_token is not None:
            body["refresh_token"] = refresh_token
        if not self.openid:
            del body["id_token"]
        return HttpAnswer(200, body)

    def access_token(
        self,
        person: Person,
        scope: str,
        auth_time: int | None = None,
        added: Mapping[str, Any] | None = None,
    ) -> str:
        """Issue an access token. The token has `client_id` instead of `aud`."""
        now = int(self.clock())
        claims: dict[str, Any] = {
            "sub": person.sub,
            "iss": self.issuer,
            "version": 2,
            "client_id": self.client_id,
            "token_use": "access",
            "scope": scope,
            "auth_time": now if auth_time is None else auth_time,
            "exp": now + ACCESS_SECONDS,
            "iat": now,
            "jti": secrets.token_hex(8),
            "username": person.username,
            **(added or {}),
        }
        if person.groups:
            claims["cognito:groups"] = list(person.groups)
        header = {"kid": ACCESS_KID, "alg": "RS256"}
        token = sign_jwt(header, _changed(claims, self.access_claims), rsa_key(ACCESS_KID))
        self.access_tokens.append(token)
        return token

    def id_token(
        self, person: Person, nonce: str | None, access_token: str, auth_time: int | None = None
    ) -> str:
        """Issue an ID token."""
        now = int(self.clock())
        claims: dict[str, Any] = {
            "at_hash": at_hash(access_token),
            "sub": person.sub,
            "iss": self.issuer,
            "aud": self.client_id,
            "token_use": "id",
            "auth_time": now if auth_time is None else auth_time,
            "exp": now + ACCESS_SECONDS,
            "iat": now,
            "jti": secrets.token_hex(8),
            "cognito:username": person.username,
            "email": person.email,
            "email_verified": True,
            "given_name": person.given_name,
            "family_name": person.family_name,
        }
        if nonce is not None:
            claims["nonce"] = nonce
        if person.groups:
            claims["cognito:groups"] = list(person.groups)
        if person.provider != "COGNITO":
            claims["identities"] = [
                {
                    "userId": person.subject,
                    "providerName": person.provider,
                    "providerType": "OIDC",
                    "primary": "true",
                    "dateCreated": "1767323045678",
                }
            ]
        header = _changed({"kid": ID_KID, "alg": "RS256"}, self.id_header)
        token = sign_jwt(header, _changed(claims, self.id_claims), rsa_key(ID_KID))
        self.id_tokens.append(token)
        return token

    def _fault(self, endpoint: str) -> Fault | None:
        waiting = self._faults.get(endpoint)
        return waiting.pop(0) if waiting else None


def default_jwks() -> list[dict[str, Any]]:
    """Return the pool's two keys. Cognito signs ID tokens and access tokens with different keys."""
    return [public_jwk(rsa_key(ID_KID), ID_KID), public_jwk(rsa_key(ACCESS_KID), ACCESS_KID)]


def answers(status: int, body: Mapping[str, Any] | None = None) -> Fault:
    """Return a fault that replaces the response by this status and body."""
    return lambda: HttpAnswer(status, body)


def times_out() -> HttpAnswer:
    """Fail as HttpClient does after an incomplete response or no response."""
    from chalicelib.gatehouse.errors import TemporarilyUnavailable

    raise TemporarilyUnavailable("POST failed: ReadTimeout")


def _error(code: str) -> HttpAnswer:
    return HttpAnswer(400, {"error": code})


def _changed(claims: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims with `changes`. A changed value of None removes a claim."""
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}
