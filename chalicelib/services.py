"""Composition root: makes every client and service of a container, each on first use, and keeps it while it is warm.

Nothing else in chalicelib makes a client. Modules are imported where they are needed: a route that touches no table
pays for none of them. Tests build their own `Services` with fakes and `install` it.
"""

import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chalicelib.errors import ConfigurationError
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from chalicelib.cognito.http_client import HttpClient
    from chalicelib.cognito.oauth import OAuthClient
    from chalicelib.cognito.tokens import TokenVerifier
    from chalicelib.flows.hosted_sign_in import HostedSignIn
    from chalicelib.flows.session_flow import SessionFlow
    from chalicelib.session.sealing import Sealer
    from chalicelib.session.sessions import Sessions
    from chalicelib.session.transactions import LoginTransactions
    from chalicelib.store.providers import ProviderStore
    from chalicelib.store.secrets import SecretStore
    from chalicelib.store.users import UserStore

#: Seconds. A Cognito trigger has 5 s in all and AWS tries it three times; a page's request has 29 s.
_CONNECT_TIMEOUT = 1.0
_READ_TIMEOUT = 2.0
_TOTAL_ATTEMPTS = 2


class Services:
    """What the routes and triggers call. `clock` gives Unix seconds; `aws` makes a client by service name."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        aws: Callable[[str], Any] | None = None,
        http: "HttpClient | None" = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self._aws = aws or self._make_aws_client
        self._given_http = http

    @cached_property
    def users(self) -> "UserStore":
        from chalicelib.store.users import UserStore

        return UserStore(self._dynamodb, self.settings.users_table, self.clock)

    @cached_property
    def providers(self) -> "ProviderStore":
        from chalicelib.store.providers import ProviderStore

        return ProviderStore(self._dynamodb, self.settings.providers_table, self.clock)

    @cached_property
    def sessions(self) -> "Sessions":
        from chalicelib.session.sessions import Sessions

        return Sessions(self._sealer, self.clock, self.settings.session, self.settings.remembered)

    @cached_property
    def transactions(self) -> "LoginTransactions":
        from chalicelib.session.transactions import LoginTransactions

        return LoginTransactions(self._sealer, self.clock)

    @cached_property
    def oauth(self) -> "OAuthClient":
        from chalicelib.cognito.oauth import OAuthClient

        return OAuthClient(
            cognito_url=self.settings.cognito_url,
            client_id=self.settings.client_id,
            load_client_secret=self._load_client_secret,
            transport=self._http,
        )

    @cached_property
    def tokens(self) -> "TokenVerifier":
        from chalicelib.cognito.tokens import JwksCache, TokenVerifier

        return TokenVerifier(
            issuer=self.settings.issuer,
            client_id=self.settings.client_id,
            keys=JwksCache(lambda: self._http.get(self.settings.jwks_url), self.clock),
            clock=self.clock,
        )

    @cached_property
    def hosted_sign_in(self) -> "HostedSignIn":
        from chalicelib.flows.hosted_sign_in import HostedSignIn

        return HostedSignIn(
            settings=self.settings,
            oauth=self.oauth,
            tokens=self.tokens,
            transactions=self.transactions,
            sessions=self.sessions,
            users=self.users,
            providers=self.providers,
        )

    @cached_property
    def session_flow(self) -> "SessionFlow":
        from chalicelib.flows.session_flow import SessionFlow

        return SessionFlow(oauth=self.oauth, tokens=self.tokens, sessions=self.sessions)

    @cached_property
    def _http(self) -> "HttpClient":
        from chalicelib.cognito.http_client import HttpClient

        return self._given_http or HttpClient()

    @cached_property
    def _dynamodb(self) -> Any:
        return self._aws("dynamodb")

    @cached_property
    def _secrets(self) -> "SecretStore":
        from chalicelib.store.secrets import SecretStore

        return SecretStore(self._aws("secretsmanager"), self.clock)

    @cached_property
    def _sealer(self) -> "Sealer":
        from chalicelib.session.sealing import KeyRing, Sealer

        arn = self.settings.sealing_keys_secret_arn
        return Sealer(lambda renew: KeyRing.parse(self._secrets.read(arn, renew=renew)))

    def _load_client_secret(self, renew: bool) -> str:
        secret = self._secrets.read(self.settings.client_secret_arn, renew=renew)
        value = secret.get("client_secret")
        if not isinstance(value, str) or not value:
            raise ConfigurationError("the client secret has no `client_secret`")
        return value

    def _make_aws_client(self, service: str) -> Any:
        import boto3
        from botocore.config import Config

        config = Config(
            connect_timeout=_CONNECT_TIMEOUT,
            read_timeout=_READ_TIMEOUT,
            retries={"mode": "standard", "total_max_attempts": _TOTAL_ATTEMPTS},
        )
        make: Any = boto3.client
        return make(service, region_name=self.settings.region, config=config)


_current: Services | None = None


def current() -> Services:
    """Return this container's services. The first call reads the settings and raises ConfigurationError."""
    global _current
    if _current is None:
        _current = Services(Settings.from_env())
    return _current


def install(services: Services | None) -> None:
    """Replace the container's services, as tests do; None makes the next `current()` start anew."""
    global _current
    _current = services
