"""Home-realm discovery: finds the identity provider of an e-mail address by the address's domain alone.

The list of domains shows who the customers are, so a stranger must not be able to collect the domains by guessing. Each
request for a domain without a provider counts against the source IP address. A request for a domain with a provider
does not count, because the people of one office share an IP address. Accounts are not read, so existing and unknown
addresses get the same answer (S-40).
"""

from collections.abc import Callable

from ..cognito.identities import NATIVE
from ..errors import ConfigurationError
from ..store.providers import Provider, ProviderStore
from .attempts import DISCOVERY, LOGIN, Attempts


class Discovery:
    """Finds providers for the sign-in page. `attempts` is None if the stage has no throttle table."""

    def __init__(self, *, providers: ProviderStore, attempts: Attempts | None) -> None:
        self._providers = providers
        self._attempts = attempts

    def find(self, email: str, source: str) -> Provider | None:
        """Return the provider of the domain of `email`, or None. Raises TooManyAttempts and TemporarilyUnavailable."""
        return self._counted(DISCOVERY, source, lambda: self._providers.find_by_email(email))

    def is_open(self, provider: str | None, email: str | None) -> bool:
        """Whether a sign-in may start without being counted. This is the case if the answer reveals nothing about private
        providers. Private providers are the providers with domains."""
        if provider is None:
            return email is None
        found = None if provider == NATIVE else self._providers.find(provider)
        return provider == NATIVE or (found is not None and not found.domains)

    def count_login(self, provider: str | None, email: str | None, source: str) -> None:
        """Count a sign-in that names an address or a private provider. `find` counts a look-up in the same way.

        The sign-in's redirect reveals the same information as an answer of `find`, so the sign-in must count, too. If
        the stage has no throttle table, `find` refuses to answer. This method then still accepts the sign-in, because
        people must still be able to sign in. Raises TooManyAttempts.
        """
        if self._attempts is None:
            return
        if provider is not None:
            self._counted(LOGIN, source, lambda: self._providers.find(provider))
        elif email is not None:
            self._counted(LOGIN, source, lambda: self._providers.find_by_email(email))

    def _counted(
        self, kind: str, source: str, look_up: Callable[[], Provider | None]
    ) -> Provider | None:
        if self._attempts is None:
            raise ConfigurationError("THROTTLE_TABLE is missing: `ops provision` writes it")
        with self._attempts.guarded(kind, None, source):
            found = look_up()
        if found is not None:
            self._attempts.succeeded(kind, None, source)
        return found
